using System.Collections.Immutable;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>What a request under a client's key came to.</summary>
/// <param name="RequestHash">Of the request: another one under the same key is refused.</param>
/// <param name="Index">The log index at which it was applied or refused.</param>
/// <param name="At">The log time then, in milliseconds.</param>
/// <param name="Result">Given again to whoever asks again.</param>
public sealed record KeyedResult(ulong RequestHash, ulong Index, long At, CommandResult Result);

/// <summary>
/// What makes a request apply once that a client sends again under the same key, through whichever node: the sessions do
/// so for one node's own repetitions (<see cref="SessionTable"/>), a client has no session. Part of the replicated state
/// and of its snapshots. Bounded by number and, in the log's time, by age. Immutable.
/// </summary>
public sealed record IdempotencyTable
{
    /// <summary>One more forgets the oldest.</summary>
    public const int MaxKeys = 16384;

    /// <summary>In milliseconds of log time.</summary>
    public const long KeyLife = ApplyCluster.SessionLife;

    public static IdempotencyTable Empty { get; } = new();

    public ImmutableSortedDictionary<string, KeyedResult> All { get; private init; } = Ordinal.Map<KeyedResult>();

    /// <summary>This table's share of <see cref="ClusterState.Hash"/>.</summary>
    internal ulong Hash { get; private init; }

    // The same, oldest first: a log index is given to one command, so to one key.
    private ImmutableSortedDictionary<ulong, string> ByAge { get; init; } =
        ImmutableSortedDictionary<ulong, string>.Empty;

    /// <summary>Null: the key is new, apply the command and <see cref="With"/> what it comes to.</summary>
    internal CommandResult? Answer(Command command)
    {
        if (!All.TryGetValue(command.IdempotencyKey, out var known))
        {
            return null;
        }

        return known.RequestHash == command.RequestHash
            ? known.Result
            : new Rejected(
                RejectionReason.IdempotencyKeyReused,
                $"the idempotency key was used at index {known.Index}, for another request");
    }

    /// <summary>With one more key, which is not in it yet.</summary>
    internal IdempotencyTable With(string key, KeyedResult result)
    {
        var table = this;
        while (table.All.Count >= MaxKeys)
        {
            table = table.WithoutOldest();
        }

        return table with
        {
            All = table.All.Add(key, result),
            ByAge = table.ByAge.Add(result.Index, key),
            Hash = table.Hash + StateHash.Of(key, result),
        };
    }

    /// <summary>Without the keys of before that log time.</summary>
    internal IdempotencyTable Forget(long before)
    {
        var table = this;
        foreach (var key in ByAge.Values)
        {
            // Log time never goes back, so the first that is young enough ends it.
            if (All[key].At >= before)
            {
                break;
            }

            table = table.WithoutOldest();
        }

        return table;
    }

    private IdempotencyTable WithoutOldest()
    {
        foreach (var (index, key) in ByAge)
        {
            return this with
            {
                All = All.Remove(key),
                ByAge = ByAge.Remove(index),
                Hash = Hash - StateHash.Of(key, All[key]),
            };
        }

        return this;
    }
}
