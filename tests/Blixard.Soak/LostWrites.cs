using Blixard.Linearizability;

namespace Blixard.Soak;

/// <summary>
/// The plain question beside that for an order: what was acknowledged and is not there, although nothing that came
/// later explains why. Weaker than the check for an order, and independent of it.
/// </summary>
internal static class LostWrites
{
    /// <summary>
    /// Acknowledged changes that began after the change that the last read shows had ended, and are not shown by it.
    /// </summary>
    public static int Of(IReadOnlyList<Operation<RegisterInput, string?>> history)
    {
        if (history.Where(o => o.Input.Act == RegisterAct.Read).MaxBy(o => o.Invoked) is not { } last)
        {
            return 0;
        }

        // What may have led to what was read: a change that overlaps the read, or whose outcome is unknown, may have
        // come last whatever else there is.
        var shown = history
            .Where(o => last.Output is { } value
                ? o.Input == RegisterInput.Write(value)
                : o.Input.Act == RegisterAct.Delete)
            .Select(o => o.Completed ?? long.MaxValue)
            .DefaultIfEmpty(long.MinValue)
            .Max();
        return history.Count(o => o.Input.Act != RegisterAct.Read
            && o.Completed < last.Invoked
            && o.Invoked > shown
            && !(last.Output is null && o.Input.Act == RegisterAct.Delete));
    }
}
