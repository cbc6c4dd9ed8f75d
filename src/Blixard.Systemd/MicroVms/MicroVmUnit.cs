namespace Blixard.Systemd.MicroVms;

/// <summary>Which manager a unit belongs to: it decides the unit's name.</summary>
public enum UnitScope
{
    /// <summary><c>microvm@NAME.service</c> of the system manager.</summary>
    System = 0,

    /// <summary><c>microvm-NAME.service</c> of a user's manager.</summary>
    User,
}

/// <summary>What a unit's name says. A closed hierarchy: all cases are in this file.</summary>
public abstract record MicroVmUnit
{
    private protected MicroVmUnit(string unit) => Unit = unit;

    public string Unit { get; }
}

/// <summary>The unit runs the VM <paramref name="VmName"/>.</summary>
public sealed record VmUnit(string Unit, string VmName, UnitScope Scope) : MicroVmUnit(Unit);

/// <summary>The unit is none of a VM: another service, or a helper of microvm.nix.</summary>
/// <param name="Reason">A sentence that says why.</param>
public sealed record NotAVmUnit(string Unit, string Reason) : MicroVmUnit(Unit);

/// <summary>
/// The unit would be a VM's, but its name is refused, so that no path or command is ever built of it.
/// </summary>
/// <param name="Reason">A sentence that says what is wrong and what would be right.</param>
public sealed record RefusedVmUnit(string Unit, string Reason) : MicroVmUnit(Unit);
