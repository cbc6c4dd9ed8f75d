using Operation = Blixard.Linearizability.Operation<Blixard.Linearizability.RegisterInput, string?>;

namespace Blixard.Linearizability.Tests;

/// <summary>Histories written by hand, short to write.</summary>
internal static class Histories
{
    public static Operation Write(string value, long invoked, long? completed) =>
        new() { Client = "w", Input = RegisterInput.Write(value), Invoked = invoked, Completed = completed };

    public static Operation Delete(long invoked, long? completed) =>
        new() { Client = "d", Input = RegisterInput.Delete, Invoked = invoked, Completed = completed };

    public static Operation Read(string? value, long invoked, long? completed) =>
        new()
        {
            Client = "r",
            Input = RegisterInput.Read,
            Invoked = invoked,
            Completed = completed,
            Output = value,
        };

    public static Verdict Check(params IReadOnlyList<Operation> history) => Checker.Check(new Register(), history);
}
