using Blixard.Systemd.Cgroups;

namespace Blixard.Systemd.Network;

/// <summary>
/// Counters of a VM's tap interface, turned round: what the host received on the tap is what the guest sent. One
/// thread at a time.
/// </summary>
public sealed class TapReader : IDisposable
{
    private const int BufferBytes = 64;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly ReadErrors _errors;
    private readonly string[] _order =
        ["tx_bytes", "tx_packets", "tx_errors", "tx_dropped", "rx_bytes", "rx_packets", "rx_errors", "rx_dropped"];

    private readonly KernelFile[] _files;
    private readonly ulong[] _values = new ulong[8];

    /// <param name="tap">The interface's name on the host.</param>
    /// <param name="netClassRoot">Where interfaces are listed: <c>/sys/class/net</c>.</param>
    /// <exception cref="ArgumentException">The text cannot be an interface's name.</exception>
    public TapReader(string tap, ReadErrors errors, string netClassRoot = "/sys/class/net")
    {
        ArgumentNullException.ThrowIfNull(tap);
        if (!InterfaceNames.IsValid(tap))
        {
            throw new ArgumentException($"'{tap}' cannot be an interface's name.", nameof(tap));
        }

        _errors = errors;
        Interface = tap;
        _files = [.. _order.Select(name => new KernelFile(Path.Combine(netClassRoot, tap, "statistics", name)))];
    }

    public string Interface { get; }

    /// <summary>The counters, as the guest sees them; null if there is no such interface.</summary>
    public NetworkCounters? Read()
    {
        for (var i = 0; i < _files.Length; i++)
        {
            var length = _files[i].Read(_buffer);
            if (length < 0)
            {
                return null;
            }

            if (!StatParser.TryNumber(_buffer.AsSpan(0, length), out _values[i]))
            {
                _errors.Add(_files[i].Path);
                return null;
            }
        }

        return new(_values[0], _values[1], _values[2], _values[3], _values[4], _values[5], _values[6], _values[7]);
    }

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }
}
