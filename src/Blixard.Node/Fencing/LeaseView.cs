namespace Blixard.Node.Fencing;

/// <summary>What this host's lease is, as of now, for those beside the loop that keeps it.</summary>
/// <param name="Current">The lease that is armed; null: none of this process.</param>
/// <param name="Ability">What the fence of this host can do; null: it was not tried yet, or is broken.</param>
/// <param name="Problem">Why there is no new lease at the moment; empty: there is nothing to tell.</param>
/// <param name="KnownFrom">
/// The index that a state must have before this process grants anything by it: of its first acknowledgement. 0: there
/// was none yet.
/// </param>
internal sealed record LeaseView(Lease? Current, FenceAbility? Ability, string Problem, ulong KnownFrom)
{
    public static LeaseView Nothing { get; } = new(null, null, "", 0);
}

/// <summary>The newest one: written by <see cref="LeaseKeeper"/> alone, read by anyone.</summary>
internal sealed class LeaseViewStore
{
    private LeaseView _current = LeaseView.Nothing;

    public LeaseView Current => Volatile.Read(ref _current);

    /// <summary>Raised after each change, on the keeper's loop.</summary>
    public event Action? Changed;

    public void Replace(LeaseView view)
    {
        if (view != Current)
        {
            Volatile.Write(ref _current, view);
            Changed?.Invoke();
        }
    }
}
