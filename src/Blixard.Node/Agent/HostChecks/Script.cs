using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Blixard.Node.Agent.HostChecks;

/// <summary>
/// Runs a script of the host's script directory: by its name alone, without a shell, with an environment of its own,
/// its output bounded, and killed with its children when its time is over. Exit code 0 passes.
/// </summary>
internal sealed class Script(string directory, TimeProvider time)
{
    public const int MaxOutputBytes = 4096;

    private const int MaxSaid = 200;

    // A process that it left behind may hold its output open for ever.
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(1);

    /// <param name="name">A name by <see cref="StateMachine.Commands.Rules.IsName"/>: no path.</param>
    /// <param name="vm">Given to it as <c>BLIXARD_VM</c>.</param>
    /// <param name="timeout">Then it is killed, and has failed.</param>
    /// <param name="cancellationToken">Kills it, too.</param>
    /// <returns>A sentence for people comes with it.</returns>
    public async Task<ScriptOutcome> RunAsync(
        string name, string vm, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (WhyRefused(name, out var path) is { } refused)
        {
            return new(false, refused);
        }

        using var process = new Process
        {
            StartInfo = new(path)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = "/",
            },
        };
        var environment = process.StartInfo.Environment;
        var searched = Environment.GetEnvironmentVariable("PATH");
        environment.Clear();
        environment["PATH"] = string.IsNullOrEmpty(searched) ? "/usr/local/bin:/usr/bin:/bin" : searched;
        environment["LANG"] = "C";
        environment["BLIXARD_VM"] = vm;
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return new(false, $"{name} can't be run: {e.Message}");
        }

        process.StandardInput.Close();
        using var over = new CancellationTokenSource(timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        using var enough = new CancellationTokenSource();
        var output = ReadAsync(process.StandardOutput.BaseStream, enough.Token);
        var error = ReadAsync(process.StandardError.BaseStream, enough.Token);
        try
        {
            await process.WaitForExitAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            await enough.CancelAsync();
            await Task.WhenAll(output, error);
            cancellationToken.ThrowIfCancellationRequested();
            return new(
                false,
                string.Create(CultureInfo.InvariantCulture, $"{name} did not end in {timeout.TotalSeconds:0.###} s"));
        }

        enough.CancelAfter(OutputGrace);
        var said = await output;
        said = said.Length > 0 ? said : await error;
        var what = said.Length > 0 ? $": {said}" : "";
        return process.ExitCode == 0
            ? new(true, said.Length > 0 ? said : $"{name} passed")
            : new(false, string.Create(CultureInfo.InvariantCulture, $"{name} ended with {process.ExitCode}{what}"));
    }

    /// <summary>With its descendants, as far as they are there and are ours to kill.</summary>
    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself just now, or has become another user's.
        }
    }

    private string? WhyRefused(string name, out string path)
    {
        path = Path.Combine(directory, name);
        if (!StateMachine.Commands.Rules.IsName(name))
        {
            return "that is not the name of a script";
        }

        try
        {
            return !File.Exists(path) ? $"{name} is not in {directory} of this host"
                : (File.GetUnixFileMode(path) & UnixFileMode.OtherWrite) != 0
                    ? $"{name} may be written by everybody: it is not run"
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{name} can't be read: {e.Message}";
        }
    }

    /// <summary>
    /// The first line; what comes after the first bytes is read and forgotten, so that nobody blocks on it.
    /// </summary>
    private static async Task<string> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var kept = new byte[MaxOutputBytes];
        var rest = new byte[MaxOutputBytes];
        var length = 0;
        try
        {
            while (true)
            {
                var into = length < kept.Length ? kept.AsMemory(length) : rest;
                var read = await stream.ReadAsync(into, cancellationToken);
                if (read == 0)
                {
                    break;
                }

                length = Math.Min(length + read, kept.Length);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // What it said until then has to do.
        }

        var text = Encoding.UTF8.GetString(kept, 0, length).Trim();
        var line = text.IndexOf('\n', StringComparison.Ordinal) is var end && end >= 0 ? text[..end] : text;
        return HostHealth.Short(string.Concat(line.Where(c => !char.IsControl(c))), MaxSaid);
    }
}

internal readonly record struct ScriptOutcome(bool Passed, string Message);
