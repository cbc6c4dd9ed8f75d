using Microsoft.Win32.SafeHandles;

namespace Blixard.Systemd.Cgroups;

/// <summary>
/// A file of cgroupfs, sysfs or procfs that is read again and again: the handle is kept, and reading from offset 0 makes
/// the kernel write it anew. A cgroup that was removed and made again is another file behind the same path; the old
/// handle then fails, and the file is opened anew.
/// </summary>
/// <param name="rest">
/// For so many readings a file that was not there, or could not be read, is not looked for again: a controller that the
/// kernel lacks is missing in every cgroup, and asking for its files each time costs more than reading the others.
/// </param>
internal sealed class KernelFile(string path, int rest = 0) : IDisposable
{
    private SafeFileHandle? _file;
    private int _resting;

    public string Path => path;

    /// <summary>
    /// Reads it into the buffer; -1 if the kernel does not offer it: the file is missing, its cgroup is gone, or the
    /// feature is off (PSI). A full buffer may not be all of it.
    /// </summary>
    /// <param name="inPieces">
    /// The kernel gives it record by record, in more than one piece. Most files are one record, which comes whole.
    /// </param>
    public int Read(byte[] buffer, bool inPieces = false)
    {
        if (_file is not null)
        {
            try
            {
                return ReadAll(_file, buffer, inPieces);
            }
            catch (IOException)
            {
                // ENODEV: the cgroup is gone. Another one may have its place.
                Close();
            }
        }
        else if (_resting > 0)
        {
            _resting--;
            return -1;
        }

        // Asked first, since a missing controller is no exception but every day's case.
        if (File.Exists(path))
        {
            try
            {
                _file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
                return ReadAll(_file, buffer, inPieces);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Gone between the question and the reading, or EOPNOTSUPP, or not ours to read.
                Close();
            }
        }

        _resting = rest;
        return -1;
    }

    /// <summary>The next reading looks for it, however short ago it was missing.</summary>
    public void LookAgain() => _resting = 0;

    public void Dispose() => Close();

    private static int ReadAll(SafeFileHandle file, byte[] buffer, bool inPieces)
    {
        var length = RandomAccess.Read(file, buffer, 0);
        while (inPieces && length > 0 && length < buffer.Length)
        {
            var read = RandomAccess.Read(file, buffer.AsSpan(length), length);
            if (read == 0)
            {
                break;
            }

            length += read;
        }

        return length;
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
