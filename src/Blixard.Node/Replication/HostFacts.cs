using System.Globalization;
using System.Reflection;

namespace Blixard.Node.Replication;

/// <summary>What the kernel says of this host. Fixed for the life of the process.</summary>
internal sealed record HostFacts(string BootId, uint Cpus, ulong MemoryBytes)
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";
    private const string MemoryFile = "/proc/meminfo";

    /// <summary>Of this program.</summary>
    public static string Version { get; } = typeof(HostFacts).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static HostFacts Read() => new(
        File.ReadAllText(BootIdFile).Trim(), (uint)Environment.ProcessorCount, MemoryOf(File.ReadLines(MemoryFile)));

    /// <summary><c>MemTotal: 16384 kB</c>; 0 if the kernel does not say.</summary>
    internal static ulong MemoryOf(IEnumerable<string> meminfo)
    {
        var words = meminfo.FirstOrDefault(line => line.StartsWith("MemTotal:", StringComparison.Ordinal))
            ?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is [_, var kibibytes, "kB"]
            && ulong.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value << 10
            : 0;
    }
}
