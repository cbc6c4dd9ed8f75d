using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>OpenSession.</summary>
internal static class ApplySession
{
    public static CommandResult Open(StateEdit edit, OpenSession body)
    {
        if (edit.Command.Supersedes is { } superseded)
        {
            edit.Sessions = edit.Sessions.Close(superseded.ClientId);
        }

        edit.Sessions = edit.Sessions.Open(edit.Index, edit.LogTime, body.Nonce, edit.Command.Actor, edit.Settings);
        return edit.Applied();
    }
}
