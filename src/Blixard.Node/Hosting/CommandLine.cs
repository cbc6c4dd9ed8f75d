using System.CommandLine;
using Blixard.Node.Identity;
using Blixard.Node.Options;

namespace Blixard.Node.Hosting;

/// <summary>What the daemon was asked on its command line.</summary>
/// <param name="ConfigFile">Null: the default file, if it is there.</param>
/// <param name="Entries">Keys set by flags.</param>
internal sealed record NodeArguments(string? ConfigFile, IReadOnlyList<ConfigurationEntry> Entries)
{
    /// <summary>Not to run, but to join a cluster with this token.</summary>
    public string? JoinToken { get; init; }

    /// <summary>Not to run, but to go on alone with what this node has.</summary>
    public RecoverArguments? Recover { get; init; }
}

/// <summary>
/// The flags of <c>blixard-node</c>. Every configuration key is one, <c>--section:key=value</c>; those are taken out
/// first, because the parser would split them at the colon.
/// </summary>
internal static class CommandLine
{
    public const int Failed = 1;
    public const int UsageError = 2;

    /// <returns>The exit code: <paramref name="run"/>'s, or 2 for a wrong usage.</returns>
    public static async Task<int> RunAsync(string[] args, Func<NodeArguments, Task<int>> run, TextWriter output, TextWriter error)
    {
        var entries = new List<ConfigurationEntry>();
        if (!TryTakeKeys(args, entries, out var rest, out var problem))
        {
            error.WriteLine(problem);
            return UsageError;
        }

        var config = new Option<string?>("--config")
        {
            Description = $"The configuration file. Default: {ConfigurationSources.DefaultFile}, if it is there.",
            HelpName = "FILE",
            Recursive = true,
        };
        var data = new Option<string?>("--data-dir")
        {
            Description = "Storage:DataDirectory: where this node keeps what it must not forget.",
            HelpName = "DIRECTORY",
            Recursive = true,
        };
        var bootstrap = new Option<bool>("--bootstrap")
        {
            Description = "Cluster:Bootstrap: with an empty data directory, become a member of the new cluster that "
                + "Cluster:Peers describes.",
        };
        var reference = new Option<bool>("--configuration-reference")
        {
            Description = "Print every configuration key as Markdown, and exit.",
        };
        var root = new RootCommand(
            "The Blixard daemon of one host. Every configuration key is a flag too: --section:key=value.")
        {
            config, data, bootstrap, reference,
        };
        var token = new Argument<string>("TOKEN") { Description = "As `blixard cluster add` printed it." };
        var join = new Command(
            "join", "Make an empty data directory that of a node which was added to a cluster, and exit.") { token };
        join.SetAction((result, _) =>
            run(new NodeArguments(result.GetValue(config), [.. entries, .. Directory(result)])
            {
                JoinToken = result.GetValue(token),
            }));
        root.Add(join);
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done, and change nothing." };
        var acceptDamage = new Option<bool>("--accept-damage")
        {
            Description = "Go on with what is intact of a damaged log; what follows it is lost.",
        };
        var recover = new Command(
            "recover",
            "When the majority of a cluster is lost for good: make this node, stopped, the only voter of a new cluster with "
            + "everything that is in its log, and exit.") { dryRun, acceptDamage };
        recover.SetAction((result, _) =>
            run(new NodeArguments(result.GetValue(config), [.. entries, .. Directory(result)])
            {
                Recover = new(result.GetValue(dryRun), result.GetValue(acceptDamage)),
            }));
        root.Add(recover);
        root.SetAction(async (result, _) =>
        {
            if (result.GetValue(reference))
            {
                output.Write(ConfigurationReference.Write());
                return 0;
            }

            entries.AddRange(Directory(result));
            if (result.GetValue(bootstrap))
            {
                entries.Add(new("Cluster:Bootstrap", "true", "flag --bootstrap"));
            }

            return await run(new NodeArguments(result.GetValue(config), entries));
        });

        IEnumerable<ConfigurationEntry> Directory(ParseResult result) => result.GetValue(data) is { } directory
            ? [new("Storage:DataDirectory", Path.GetFullPath(directory), "flag --data-dir")]
            : [];

        var parsed = root.Parse(rest);
        if (parsed.Errors.Count > 0)
        {
            foreach (var mistake in parsed.Errors)
            {
                error.WriteLine(mistake.Message);
            }

            error.WriteLine("See blixard-node --help.");
            return UsageError;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = error,

            // Signals are the host's, which stops in order; an exception that comes this far is a bug and must be seen.
            ProcessTerminationTimeout = null,
            EnableDefaultExceptionHandler = false,
        });
    }

    private static bool TryTakeKeys(
        string[] args, List<ConfigurationEntry> entries, out string[] rest, out string? problem)
    {
        var others = new List<string>();
        problem = null;
        for (var i = 0; i < args.Length && problem is null; i++)
        {
            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? args[i] : args[i][..equals];
            if (!name.StartsWith("--", StringComparison.Ordinal) || !name.Contains(':', StringComparison.Ordinal))
            {
                others.Add(args[i]);
            }
            else if (equals >= 0)
            {
                entries.Add(new(name[2..], args[i][(equals + 1)..], $"flag {name}"));
            }
            else if (i + 1 < args.Length)
            {
                entries.Add(new(name[2..], args[++i], $"flag {name}"));
            }
            else
            {
                problem = $"The flag {name} has no value.";
            }
        }

        rest = [.. others];
        return problem is null;
    }
}
