using System.Diagnostics;
using System.Globalization;
using Blixard.Bench.Load;

namespace Blixard.Bench.Versus;

/// <summary>One server, started by us and ended by its process id, whatever happens.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    /// <summary>Its output goes to <paramref name="log"/>; it dies with this program's main thread.</summary>
    public ServerProcess(string program, IReadOnlyList<string> arguments, string log)
    {
        // exec, so that the process id is the server's own.
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList =
            {
                "-c", "log=$1; shift; exec setpriv --pdeathsig KILL -- \"$@\" >>\"$log\" 2>&1", "sh", log, program,
            },
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_gcServer"] = "0";
        _process = Process.Start(start)!;
        Log = log;
    }

    public string Log { get; }

    public bool HasEnded => _process.HasExited;

    /// <summary>User and system time of all its threads, in seconds (proc(5), stat).</summary>
    public double Cpu
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture)
                + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
        }
    }

    /// <summary>Resident memory in MB (proc(5), status, VmRSS).</summary>
    public double Rss
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1000.0;
        }
    }

    public void Kill()
    {
        if (!_process.HasExited)
        {
            _ = LibC.Kill(_process.Id, LibC.SigKill);
            _process.WaitForExit();
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
