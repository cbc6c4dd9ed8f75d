using System.Buffers.Binary;
using Blixard.StateMachine.Commands;

namespace Blixard.StateMachine.State;

/// <summary>
/// The 64-bit hash by which replicas are compared at equal index: a sum over the fields of all entities and the parts
/// of all sessions, so that Apply adds and subtracts only what it touched. It finds replicas that went apart, it does
/// not resist an attacker: FNV-1a over the characters, a multiply-xorshift over numbers, splitmix64's finalizer so that
/// the sum of similar fields does not cancel out.
/// </summary>
internal static class StateHash
{
    public const ulong Seed = 0xcbf29ce484222325;
    private const ulong FnvPrime = 0x100000001b3;

    public static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0x9e3779b97f4a7c15;
        return hash ^ (hash >> 32);
    }

    public static ulong Mix(ulong hash, string text) => Mix(Fnv(hash, text), (ulong)text.Length);

    public static ulong Mix(ulong hash, ReadOnlySpan<byte> bytes)
    {
        var length = (ulong)bytes.Length;
        while (bytes.Length >= sizeof(ulong))
        {
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        var rest = 0UL;
        foreach (var b in bytes)
        {
            rest = (rest << 8) | b;
        }

        return Mix(Mix(hash, rest), length);
    }

    public static ulong Finish(ulong hash)
    {
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
        return hash ^ (hash >> 31);
    }

    /// <summary>What <see cref="ClusterState.Hash"/> must be, from nothing.</summary>
    public static ulong Recompute(ClusterState state)
    {
        var sum = OfSettings(state.Settings, state.ClusterVersion) + OfLogTime(state.LogTime) + Of(state.Membership)
            + Of(state.Terms) + Of(state.PlacementSettings) + OfClusterId(state.ClusterId);
        foreach (var node in state.Nodes.Values)
        {
            sum += Of(node);
        }

        foreach (var vm in state.Vms.Values)
        {
            sum += Of(vm);
        }

        foreach (var session in state.Sessions.All.Values)
        {
            sum += Of(session);
            foreach (var (sequence, result) in session.Results)
            {
                sum += Of(session.Id, sequence, result);
            }
        }

        foreach (var (key, result) in state.IdempotencyKeys.All)
        {
            sum += Of(key, result);
        }

        return sum;
    }

    public static ulong Of(ClusterNode node) => NodeFields.Of(node).Hash(EntityKind.Node, node.Name);

    public static ulong Of(Vm vm) => VmFields.Of(vm, other: null).Hash(EntityKind.Vm, vm.Name);

    /// <summary>
    /// What one annotation adds, as <see cref="FieldList.Hash"/> has it, without taking the VM apart; 0 for none.
    /// </summary>
    /// <param name="prefix">From <see cref="OfAnnotationKey"/>.</param>
    /// <param name="annotation">Null: the VM has no such key.</param>
    public static ulong OfAnnotation(ulong prefix, Annotation? annotation) =>
        annotation is null ? 0 : Finish(Mix(prefix, annotation.Digest));

    /// <summary>The part that the old and the new value of a key have in common.</summary>
    public static ulong OfAnnotationKey(string vm, string key)
    {
        var seed = Mix(Mix(Seed, (ulong)EntityKind.Vm), vm);
        var path = Fnv(Fnv(Fnv(seed, AnnotationDiff.PathBegins), key), AnnotationDiff.PathEnds);
        var length = AnnotationDiff.PathBegins.Length + key.Length + AnnotationDiff.PathEnds.Length;
        return Mix(Mix(path, (ulong)length), (ulong)FieldValueKind.Text);
    }

    public static ulong OfSettings(ClusterSettings settings, uint clusterVersion) => Finish(Mix(Mix(Mix(Mix(
        Seed, "settings"), clusterVersion), (ulong)settings.MaxSessions), (ulong)settings.MaxSessionResults));

    /// <summary>0 for none: states of versions that knew none keep their hash.</summary>
    public static ulong OfLogTime(long logTime) =>
        logTime == 0 ? 0 : Finish(Mix(Mix(Seed, "log time"), (ulong)logTime));

    /// <summary>0 for an empty one: states of versions that knew none keep their hash.</summary>
    public static ulong Of(Membership membership)
    {
        var sum = 0UL;
        if (membership.Pending is { } pending)
        {
            var hash = Mix(Mix(Mix(Mix(Seed, "pending"), pending.Request), (ulong)pending.Kind), pending.Node);
            hash = Mix(Mix(Mix(hash, pending.MemberId), pending.Term), pending.Actor);
            hash = Mix(hash, unchecked((ulong)pending.Since));
            sum += Finish(pending.CancelledBy.Length == 0 ? hash : Mix(hash, pending.CancelledBy));
        }

        // Which of them comes first follows from their indexes.
        foreach (var settled in membership.Settled)
        {
            sum += Finish(Mix(Mix(Mix(Seed, "settled"), settled.Request), settled.Refused));
        }

        foreach (var (member, removed) in membership.Removed)
        {
            var hash = Mix(Mix(Mix(Seed, "removed"), member), removed.Node);
            sum += Finish(Mix(hash, unchecked((ulong)removed.At)));
        }

        return sum;
    }

    /// <summary>0 for what holds where nothing was set: states of versions that knew none keep their hash.</summary>
    public static ulong Of(LeaseTerms terms)
    {
        if (terms == LeaseTerms.Default)
        {
            return 0;
        }

        var hash = Mix(Mix(Seed, "lease terms"), (ulong)terms.Profile.RenewMs);
        hash = Mix(Mix(Mix(hash, (ulong)terms.Profile.TermMs), (ulong)terms.Profile.SoftMs), (ulong)terms.Profile.SlackMs);
        hash = Mix(Mix(Mix(hash, terms.SetAt), (ulong)terms.MaxTermMs), (ulong)terms.MaxSlackMs);
        hash = Mix(Mix(hash, (ulong)terms.TargetMs), (ulong)terms.DisarmedUntil);
        return Finish(Mix(Mix(hash, terms.Reason), terms.Actor));
    }

    /// <inheritdoc cref="Of(LeaseTerms)"/>
    public static ulong Of(PlacementSettings settings)
    {
        if (settings == PlacementSettings.Default)
        {
            return 0;
        }

        var hash = Mix(Mix(Seed, "placement"), settings.MemoryOvercommitPercent);
        return Finish(Mix(Mix(Mix(hash, settings.CpuOvercommitPercent), (ulong)settings.Strategy), settings.MaxMoving));
    }

    /// <inheritdoc cref="Of(LeaseTerms)"/>
    public static ulong OfClusterId(ulong id) => id == 0 ? 0 : Finish(Mix(Mix(Seed, "cluster id"), id));

    /// <summary>Without its results, which come and go one by one.</summary>
    public static ulong Of(Session session)
    {
        var hash = Mix(Mix(Mix(Seed, "session"), session.Id), session.Nonce);
        hash = Mix(Mix(Mix(hash, session.Actor), session.LastUsed), session.AcknowledgedBelow);
        hash = session.LastUsedAt == 0 ? hash : Mix(hash, (ulong)session.LastUsedAt);
        return Finish(session.Closed ? Mix(hash, "closed") : hash);
    }

    public static ulong Of(ulong session, ulong sequence, CommandResult result) =>
        Of(Mix(Mix(Mix(Seed, "result"), session), sequence), result);

    public static ulong Of(string key, KeyedResult result)
    {
        var hash = Mix(Mix(Mix(Seed, "idempotency key"), key), result.RequestHash);
        return Of(Mix(Mix(hash, result.Index), (ulong)result.At), result.Result);
    }

    private static ulong Of(ulong hash, CommandResult result)
    {
        if (result is Rejected rejected)
        {
            return Finish(Mix(Mix(hash, (ulong)rejected.Reason), rejected.Detail));
        }

        var applied = (Applied)result;
        hash = Mix(hash, applied.Index);
        foreach (var refusal in applied.Refused)
        {
            hash = Mix(Mix(Mix(hash, refusal.Vm), (ulong)refusal.Reason), refusal.Detail);
        }

        return Finish(hash);
    }

    private static ulong Fnv(ulong hash, string text)
    {
        foreach (var c in text)
        {
            hash = (hash ^ c) * FnvPrime;
        }

        return hash;
    }
}
