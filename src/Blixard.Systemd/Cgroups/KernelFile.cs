using Microsoft.Win32.SafeHandles;

namespace Blixard.Systemd.Cgroups;

/// <summary>
/// A file of cgroupfs or sysfs that is read again and again: the handle is kept, and reading from offset 0 makes the
/// kernel write it anew. A cgroup that was removed and made again is another file behind the same path; the old handle
/// then fails, and the file is opened anew.
/// </summary>
internal sealed class KernelFile(string path) : IDisposable
{
    private SafeFileHandle? _file;

    public string Path => path;

    /// <summary>
    /// Reads all of it into the buffer; -1 if the kernel does not offer it: the file is missing, its cgroup is gone,
    /// or the feature is off (PSI).
    /// </summary>
    public int Read(byte[] buffer)
    {
        if (_file is not null)
        {
            try
            {
                return ReadAll(_file, buffer);
            }
            catch (IOException)
            {
                // ENODEV: the cgroup is gone. Another one may have its place.
                Close();
            }
        }

        // Asked first, since a missing controller is no exception but every day's case.
        if (!File.Exists(path))
        {
            return -1;
        }

        try
        {
            _file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            return ReadAll(_file, buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone between the question and the reading, or EOPNOTSUPP, or not ours to read.
            Close();
            return -1;
        }
    }

    public void Dispose() => Close();

    private static int ReadAll(SafeFileHandle file, byte[] buffer)
    {
        var length = 0;
        while (length < buffer.Length)
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
