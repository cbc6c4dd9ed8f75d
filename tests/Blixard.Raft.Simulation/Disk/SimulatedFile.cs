namespace Blixard.Raft.Simulation.Disk;

/// <summary>
/// The bytes of one file, as a reader sees them (page cache over disk) and as they are on stable storage.
/// </summary>
internal sealed class SimulatedFile
{
    /// <summary>The smallest unit that a disk writes whole.</summary>
    public const int Sector = 512;

    private readonly List<int> _dirty = [];
    private bool[] _isDirty = [];
    private byte[] _durable = [];

    public SimulatedFile()
        : this([])
    {
    }

    private SimulatedFile(byte[] content)
    {
        Current = content;
        _durable = [.. content];
    }

    /// <summary>What a reader sees.</summary>
    public byte[] Current { get; private set; }

    public bool IsUnsynced => _dirty.Count > 0 || Current.Length != _durable.Length;

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        var end = (int)offset + bytes.Length;
        if (end > Current.Length)
        {
            Resize(end);
        }

        bytes.CopyTo(Current.AsSpan((int)offset));
        if (_isDirty.Length * Sector < end)
        {
            Array.Resize(ref _isDirty, (end + Sector - 1) / Sector);
        }

        for (var sector = (int)offset / Sector; sector * Sector < end; sector++)
        {
            if (!_isDirty[sector])
            {
                _isDirty[sector] = true;
                _dirty.Add(sector);
            }
        }
    }

    public void Resize(long length)
    {
        if (length == Current.Length)
        {
            return;
        }

        var resized = new byte[length];
        Current.AsSpan(0, (int)Math.Min(length, Current.Length)).CopyTo(resized);
        Current = resized;
    }

    public void Sync()
    {
        if (_durable.Length != Current.Length)
        {
            Array.Resize(ref _durable, Current.Length);
        }

        foreach (var sector in _dirty)
        {
            Copy(sector, _durable);
        }

        Clean();
    }

    /// <summary>The pages count as written, and are not.</summary>
    public void FailSync() => Clean();

    /// <summary>Changes bytes on the disk and in the cache alike: what a medium does by itself.</summary>
    public void Damage(int offset, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Current.AsSpan(offset));
        if (offset + bytes.Length <= _durable.Length)
        {
            bytes.CopyTo(_durable.AsSpan(offset));
        }
    }

    public SimulatedFile AfterPowerLoss(Func<bool> keep)
    {
        var length = Current.Length == _durable.Length || keep() ? Current.Length : _durable.Length;
        var left = new byte[length];
        _durable.AsSpan(0, Math.Min(length, _durable.Length)).CopyTo(left);

        // The cache is written out in any order; it is asked about in one.
        _dirty.Sort();
        foreach (var sector in _dirty)
        {
            if (sector * Sector < Math.Min(length, Current.Length) && keep())
            {
                Copy(sector, left);
            }
        }

        return new(left);
    }

    public SimulatedFile Clone() => new([.. Current]);

    private void Copy(int sector, byte[] target)
    {
        var start = sector * Sector;
        var end = Math.Min(Math.Min(start + Sector, Current.Length), target.Length);
        if (start < end)
        {
            Current.AsSpan(start, end - start).CopyTo(target.AsSpan(start));
        }
    }

    private void Clean()
    {
        foreach (var sector in _dirty)
        {
            _isDirty[sector] = false;
        }

        _dirty.Clear();
    }
}
