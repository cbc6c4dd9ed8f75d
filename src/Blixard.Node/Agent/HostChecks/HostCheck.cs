using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>A check that this host made of a VM of its own.</summary>
/// <param name="Weight">How much its failure counts; null: as is usual.</param>
internal sealed record HostCheck(string Name, bool Passed, string Message, uint? Weight = null, bool Critical = false)
{
    /// <summary>One that the cluster has of this host.</summary>
    public static HostCheck Of(Check check) =>
        new(check.Name, check.Passed, check.Message, check.Weight, check.Critical);

    /// <param name="full">Nodes of the cluster know what an earlier version did not.</param>
    public CheckResult Result(bool full)
    {
        var result = new CheckResult { Name = Name, Passed = Passed, Message = Message };
        if (full)
        {
            result.Critical = Critical;
            if (Weight is { } weight)
            {
                result.Weight = weight;
            }
        }

        return result;
    }
}

/// <summary>
/// What this host found out about the health of a VM, beside the state of its unit. Another object is another finding
/// that is worth telling: <see cref="JudgedVm"/> makes a new one only then.
/// </summary>
internal sealed class HostFindings(
    ImmutableArray<HostCheck> checks, ImmutableArray<ErrorLine> errors, RecoveryRecord? recovery)
{
    public static HostFindings None { get; } = new([], [], null);

    public ImmutableArray<HostCheck> Checks { get; } = checks;

    /// <summary>The newest lines of the journal, oldest first.</summary>
    public ImmutableArray<ErrorLine> Errors { get; } = errors;

    /// <summary>Null: the cluster knows it already.</summary>
    public RecoveryRecord? Recovery { get; } = recovery;
}
