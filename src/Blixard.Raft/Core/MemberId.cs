using System.Globalization;

namespace Blixard.Raft.Core;

/// <summary>
/// A member of the cluster. Never reused: a host whose disk was wiped joins with a new one, because a voter that
/// forgot its vote must not come back as itself. Zero is nobody.
/// </summary>
public readonly record struct MemberId(ulong Value) : IComparable<MemberId>
{
    public static MemberId None => default;

    public bool IsNone => Value == 0;

    public int CompareTo(MemberId other) => Value.CompareTo(other.Value);

    public static bool operator <(MemberId left, MemberId right) => left.Value < right.Value;

    public static bool operator >(MemberId left, MemberId right) => left.Value > right.Value;

    public static bool operator <=(MemberId left, MemberId right) => left.Value <= right.Value;

    public static bool operator >=(MemberId left, MemberId right) => left.Value >= right.Value;

    /// <summary>Sixteen hexadecimal digits, as in logs, identity files and the API.</summary>
    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}
