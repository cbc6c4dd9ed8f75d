using System.Collections.Immutable;
using System.Globalization;
using Blixard.StateMachine.State;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>How many lines of priority err or worse the journal has about the unit, of the last hour.</summary>
/// <param name="before">What holds until the journal has been read; null: nothing is said until then.</param>
internal sealed class JournalErrorsCheck(HealthSettings settings, NodeObservation? before)
{
    public const string Name = "journal_errors";

    private readonly HostCheck? _before = before?.Checks.GetValueOrDefault(Name) is { } check ? HostCheck.Of(check) : null;
    private HostCheck? _last;
    private (int Count, bool AtLeast, string? Trouble, uint Limit) _of;

    /// <summary>Adds the check to what was found; the same as before where the count is.</summary>
    /// <returns>The newest lines.</returns>
    public ImmutableArray<ErrorLine> Take(List<HostCheck> found, in ErrorCount errors, VmHealthPolicy policy)
    {
        if (errors.Unread)
        {
            if (_before is not null)
            {
                found.Add(_before);
            }

            return before?.Errors ?? [];
        }

        var of = (errors.Count, errors.AtLeast, errors.Trouble, LimitOf(policy, settings));
        if (_last is null || of != _of)
        {
            (_last, _of) = (Run(errors, policy, settings), of);
        }

        found.Add(_last);
        return errors.Newest;
    }

    public static HostCheck Run(in ErrorCount errors, VmHealthPolicy policy, HealthSettings settings)
    {
        if (errors is { Trouble: { } trouble, Count: 0 })
        {
            // Not to know is no failure of the VM.
            return Check(passed: true, "not known: " + trouble);
        }

        var count = (errors.AtLeast ? "at least " : "") + errors.Count.ToString(CultureInfo.InvariantCulture);
        return Check(
            errors.Count <= LimitOf(policy, settings),
            settings.JournalErrorsMessage.Replace("{count}", count, StringComparison.Ordinal));

        HostCheck Check(bool passed, string message) =>
            new(Name, passed, HostHealth.Short(message), settings.Weights.GetValueOrDefault(Name));
    }

    private static uint LimitOf(VmHealthPolicy policy, HealthSettings settings) =>
        policy.MaxJournalErrors ?? (uint)settings.MaxJournalErrors;
}
