using System.Reflection.Metadata;
using Blixard.StateMachine.State;

namespace Blixard.StateMachine.Tests;

/// <summary>
/// What BannedSymbols.txt can't say or the analyzer does not see, read from the compiled assembly: each of these has
/// forked somebody's cluster. Generated messages are looked at too; they are part of Apply.
/// </summary>
public sealed class PurityTests
{
    private static readonly IReadOnlyList<MethodUse> Uses = AssemblyScan.Read(typeof(ClusterState).Assembly.Location);

    [Fact]
    public void The_scan_sees_calls_fields_and_constants()
    {
        Assert.Contains(
            Uses,
            use => use is { Method: "ClusterState.Skip", Member: "System.ArgumentOutOfRangeException..ctor" });
        Assert.Contains(Uses, use => use.Member == "Ordinal.Map");
        Assert.True(Uses.Count > 5000, $"{Uses.Count} uses");
    }

    /// <summary>Whatever their use: enumerated, they differ from process to process.</summary>
    [Fact]
    public void No_collection_without_an_order_is_used() => Forbid(use => Mentions(
        use,
        "System.Collections.Generic.Dictionary`2",
        "System.Collections.Generic.HashSet`1",
        "System.Collections.Hashtable",
        "System.Collections.Concurrent.",
        "System.Collections.Frozen.",
        "System.Collections.Immutable.ImmutableDictionary`2",
        "System.Collections.Immutable.ImmutableDictionary.Create",
        "System.Collections.Immutable.ImmutableDictionary.ToImmutable",
        "System.Collections.Immutable.ImmutableHashSet",
        "System.Linq.Enumerable.ToDictionary",
        "System.Linq.Enumerable.ToHashSet",
        "System.Linq.Enumerable.ToLookup",
        "System.Linq.Enumerable.GroupBy"));

    /// <summary>
    /// String hashes are seeded per process. Records and messages have them for others' dictionaries only.
    /// </summary>
    [Fact]
    public void Hash_codes_are_computed_in_GetHashCode_alone() => Forbid(use =>
        (use.Member.EndsWith(".GetHashCode", StringComparison.Ordinal) || Mentions(use, "System.HashCode"))
        && !use.Method.EndsWith(".GetHashCode", StringComparison.Ordinal));

    [Fact]
    public void Strings_are_never_sorted_by_culture() => Forbid(use =>
        use.Member is "System.String.CompareTo" or "System.String.Compare" or "System.Linq.Enumerable.Order"
            or "System.StringComparer.get_CurrentCulture" or "System.StringComparer.get_InvariantCulture"
            or "System.Globalization.CultureInfo.get_CurrentCulture");

    /// <summary>
    /// A sorted collection of strings comes from <c>Ordinal</c>: the default comparer is the culture's.
    /// </summary>
    [Fact]
    public void Sorted_collections_of_strings_are_ordinal() => Forbid(use =>
        !use.Method.StartsWith("Ordinal.", StringComparison.Ordinal)
        && Mentions(use, "ImmutableSortedDictionary`2<System.String,", "ImmutableSortedSet`1<System.String>")
        && use.Member.EndsWith(".Empty", StringComparison.Ordinal));

    /// <summary>
    /// A clock, a thread or a file could come in as a mere parameter, which the analyzer does not see.
    /// </summary>
    [Fact]
    public void No_clock_no_chance_no_waiting_and_no_environment_anywhere() => Forbid(use => Mentions(
        use,
        "System.DateTime",
        "System.TimeProvider",
        "System.Random",
        "System.Guid",
        "System.Environment",
        "System.Diagnostics.Stopwatch",
        "System.Threading.",
        "System.Net.",
        "System.Reflection.Assembly",
        "System.AppContext"));

    [Fact]
    public void Only_the_codec_and_the_snapshots_know_streams() => Forbid(use =>
        Mentions(use, "System.IO.")
        && use.Method.Split('.')[0] is not ("CommandCodec" or "Snapshots"));

    [Fact]
    public void No_floating_point_is_computed() => Forbid(use =>
        use.OpCode is ILOpCode.Ldc_r4 or ILOpCode.Ldc_r8 or ILOpCode.Conv_r4 or ILOpCode.Conv_r8 or ILOpCode.Conv_r_un
        || Mentions(use, "System.Double", "System.Single", "System.Decimal", "TimeSpan.get_Total"));

    private static bool Mentions(MethodUse use, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (use.Member.Contains(name, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static void Forbid(Func<MethodUse, bool> forbidden)
    {
        var found = Uses.Where(forbidden).Select(use => $"{use.Method} uses {use.Member} ({use.OpCode})").Distinct();
        Assert.Equal("", string.Join('\n', found));
    }
}
