using Blixard.StateMachine.Commands;

namespace Blixard.Node.Fencing;

/// <summary>How a managed VM fails over, as the gate must know it.</summary>
internal enum GatePolicy
{
    /// <summary>Never moved: its grant outlives a boot.</summary>
    None,

    /// <summary>Moved by a person: granted anew in each boot.</summary>
    Manual,

    /// <summary>Fails over by itself: runs under the host's lease.</summary>
    Strict,
}

/// <summary>This VM may run on this host in this generation.</summary>
/// <param name="Epoch">Of the lease under which it was granted; the gate compares it for strict VMs.</param>
internal sealed record Grant(string Vm, GatePolicy Policy, ulong Generation, ulong Epoch);

/// <summary>
/// The grants of this host, and the tombstones of generations that were given up: such a generation is never granted
/// here again. What is on disk is there when a method returns. Called by one loop at a time.
/// </summary>
internal sealed class GrantStore(GatePaths paths, string bootId)
{
    private const string GrantKind = "grant";
    private const string TombstoneKind = "tombstone";

    public static string Word(GatePolicy policy) => policy switch
    {
        GatePolicy.None => "none",
        GatePolicy.Manual => "manual",
        _ => "strict",
    };

    /// <summary>Lets the VM through the gate; the grant of an earlier generation is replaced.</summary>
    /// <exception cref="InvalidOperationException">That generation, or a later one, was given up here.</exception>
    public void Issue(Grant grant)
    {
        ThrowIfNoName(grant.Vm);
        if (Tombstone(grant.Vm) is { } given && given >= grant.Generation)
        {
            throw new InvalidOperationException(
                $"generation {grant.Generation} of VM {grant.Vm} was given up on this host and never runs here again");
        }

        // Never two: the one that its policy is no longer for goes first.
        GateFiles.Remove(OtherPathOf(grant));
        GateFiles.Replace(PathOf(grant), GateFiles.Format(
            GrantKind,
            ("vm", grant.Vm),
            ("generation", GateFiles.Number(grant.Generation)),
            ("policy", Word(grant.Policy)),
            ("epoch", GateFiles.Number(grant.Epoch)),
            ("boot", bootId)));
    }

    /// <summary>
    /// Ends the VM's right to start here, of all policies, and remembers the generation for good. The first step of a
    /// stop that is to be told to the cluster: a start that was about to pass the gate is found by the stop that
    /// follows.
    /// </summary>
    public void GiveUp(string vm, ulong generation)
    {
        ThrowIfNoName(vm);
        Withdraw(vm);
        if (Tombstone(vm) is { } given && given >= generation)
        {
            return;
        }

        GateFiles.Replace(
            Path.Combine(paths.Tombstones, vm),
            GateFiles.Format(TombstoneKind, ("vm", vm), ("generation", GateFiles.Number(generation))));
    }

    /// <summary>Ends the VM's right to start here without giving the generation up.</summary>
    public void Withdraw(string vm)
    {
        ThrowIfNoName(vm);
        GateFiles.Remove(Path.Combine(paths.BootGrants, vm));
        GateFiles.Remove(Path.Combine(paths.KeptGrants, vm));
    }

    /// <summary>The last generation of the VM that was given up here; null if none was.</summary>
    /// <exception cref="IOException">There is a tombstone that can't be read: it may be of any generation.</exception>
    public ulong? Tombstone(string vm)
    {
        ThrowIfNoName(vm);
        var path = Path.Combine(paths.Tombstones, vm);
        if (!File.Exists(path))
        {
            return null;
        }

        var fields = GateFiles.Read(path, TombstoneKind);
        return fields?.GetValueOrDefault("vm") == vm && fields!.TryNumber("generation", out var given)
            ? given
            : throw new IOException($"{path} is damaged");
    }

    /// <summary>
    /// The grant by which the gate would let the VM pass; null if there is none, or one of another boot.
    /// </summary>
    public Grant? Find(string vm)
    {
        ThrowIfNoName(vm);
        return Read(Path.Combine(paths.BootGrants, vm), vm) ?? Read(Path.Combine(paths.KeptGrants, vm), vm);
    }

    /// <summary>All names that have a grant, whole or not.</summary>
    public IReadOnlyList<string> Granted() =>
    [
        .. Names(paths.BootGrants).Concat(Names(paths.KeptGrants))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>All names with a generation that was given up here.</summary>
    public IReadOnlyList<string> GivenUp() => [.. Names(paths.Tombstones).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Names(string directory) => Directory.Exists(directory)
        ? Directory.EnumerateFiles(directory).Select(path => Path.GetFileName(path)).Where(Rules.IsName)
        : [];

    // The name becomes a path.
    private static void ThrowIfNoName(string vm)
    {
        if (!Rules.IsName(vm))
        {
            throw new ArgumentException($"'{vm}' is no name of a VM.", nameof(vm));
        }
    }

    private string PathOf(Grant grant) =>
        Path.Combine(grant.Policy == GatePolicy.None ? paths.KeptGrants : paths.BootGrants, grant.Vm);

    private string OtherPathOf(Grant grant) =>
        Path.Combine(grant.Policy == GatePolicy.None ? paths.BootGrants : paths.KeptGrants, grant.Vm);

    private Grant? Read(string path, string vm)
    {
        var fields = GateFiles.Read(path, GrantKind);
        if (fields is null
            || fields.GetValueOrDefault("vm") != vm
            || !fields.TryNumber("generation", out var generation)
            || !fields.TryNumber("epoch", out var epoch))
        {
            return null;
        }

        GatePolicy? policy = fields.GetValueOrDefault("policy") switch
        {
            "none" => GatePolicy.None,
            "manual" => GatePolicy.Manual,
            "strict" => GatePolicy.Strict,
            _ => null,
        };
        return policy switch
        {
            null => null,
            GatePolicy.None => new(vm, GatePolicy.None, generation, epoch),
            { } known => fields.GetValueOrDefault("boot") == bootId ? new(vm, known, generation, epoch) : null,
        };
    }
}
