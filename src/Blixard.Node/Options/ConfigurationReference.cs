using System.Text;

namespace Blixard.Node.Options;

/// <summary>docs/configuration.md, written from the options themselves.</summary>
internal static class ConfigurationReference
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append(
            """
            # Configuration

            `blixard-node` needs no configuration: without any it runs as a single node. What it is told comes from, each
            overriding the one before:

            1. the file `/etc/blixard/blixard.json`, or the one that `--config FILE` names;
            2. environment variables `BLIXARD__SECTION__KEY`;
            3. flags `--section:key=value`, and the short forms `--bootstrap` and `--data-dir`.

            Case does not matter. A key that is not in this table is refused, and so is a value of the wrong kind. A list is
            `KEY:0`, `KEY:1` and so on (an array in the file), or one text separated by commas; the last source that has it
            gives the whole list. A map is `KEY:NAME` (an object in the file).

            `systemctl reload blixard-node` (SIGHUP) has it read anew. Keys of which the table says *Reloads* then take effect
            at once; every other waits for a restart, and the log names those that have changed. A configuration with a mistake
            is refused as a whole, with the reasons in the log, and the old one stays. Environment and flags stay those of the
            start.

            This page is printed by `blixard-node --configuration-reference`.

            """);
        var section = "";
        foreach (var key in ConfigurationKeys.All)
        {
            if (!key.Name.StartsWith(section + ":", StringComparison.Ordinal))
            {
                section = key.Name[..key.Name.IndexOf(':', StringComparison.Ordinal)];
                text.Append($"\n## {section}\n\n| Key | Kind | Default | Meaning |\n|---|---|---|---|\n");
            }

            var value = key.Default.Length == 0 ? "" : $"`{key.Default}`";
            var meaning = key.Meaning.Replace("|", "\\|", StringComparison.Ordinal);
            var reload = key.Reloads ? " *Reloads.*" : "";
            text.Append($"| `{key.Name}` | {KindOf(key)} | {value} | {meaning}{reload} |\n");
        }

        return text.ToString();
    }

    private static string KindOf(ConfigurationKey key) => (key.Shape, key.Range) switch
    {
        (KeyShape.List, _) => "list of texts",
        (KeyShape.Map, _) => "map of texts",
        (_, { } range) => FormattableString.Invariant($"{range.Minimum} to {range.Maximum}"),
        _ => ConfigurationCheck.NameOf(key.Type),
    };
}
