using System.Collections.Immutable;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// What is known of a VM from sample to sample, and what of it is worth telling: a check that turns at once, a message
/// that only moved seldom, for every telling is an entry of the log.
/// </summary>
/// <param name="before">What the cluster has of it from an earlier life of this daemon; null: nothing.</param>
internal sealed class JudgedVm(HealthSettings settings, NodeObservation? before, TimeProvider time)
{
    private long _toldAt = time.GetTimestamp();

    public JournalErrorsCheck Journal { get; } = new(settings, before);

    public ResourceUsageCheck Usage { get; } = new(settings, before);

    public AnomalyCheck Anomaly { get; } = new(settings, time);

    /// <summary>What was found worth telling last.</summary>
    public HostFindings Told { get; private set; } = HostFindings.None;

    /// <param name="found">
    /// Copied, if it is told. A check is the same object as long as there is nothing new to say.
    /// </param>
    /// <param name="errors">The newest lines of the journal.</param>
    /// <param name="recovery">What is to be made known; null: nothing new.</param>
    public HostFindings Tell(List<HostCheck> found, ImmutableArray<ErrorLine> errors, RecoveryRecord? recovery)
    {
        if (!Turned(found, recovery) && !Moved(found, errors))
        {
            return Told;
        }

        (Told, _toldAt) = (new([.. found], errors, recovery), time.GetTimestamp());
        return Told;
    }

    private bool Turned(List<HostCheck> found, RecoveryRecord? recovery)
    {
        if ((recovery is not null && recovery != Told.Recovery) || found.Count != Told.Checks.Length)
        {
            return true;
        }

        for (var i = 0; i < found.Count; i++)
        {
            var (now, told) = (found[i], Told.Checks[i]);
            if (!ReferenceEquals(now, told)
                && (now.Name, now.Passed, now.Weight, now.Critical) != (told.Name, told.Passed, told.Weight, told.Critical))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Is another message, or another line, worth an entry of the log by now? What is said of figures has left their
    /// dead band: they are told anyway.
    /// </summary>
    private bool Moved(List<HostCheck> found, ImmutableArray<ErrorLine> errors)
    {
        var moved = errors != Told.Errors && !errors.SequenceEqual(Told.Errors);
        for (var i = 0; i < found.Count; i++)
        {
            if (!ReferenceEquals(found[i], Told.Checks[i]) && found[i].Message != Told.Checks[i].Message)
            {
                if (found[i].Name == ResourceUsageCheck.Name)
                {
                    return true;
                }

                moved = true;
            }
        }

        return moved && time.GetElapsedTime(_toldAt) >= settings.RetellInterval;
    }
}
