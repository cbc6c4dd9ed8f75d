using System.CommandLine;

namespace Blixard.Cli.Commands;

/// <summary>
/// Prints the shell's side of completion; the other side is the parser's <c>[suggest]</c> directive, so that the
/// scripts never have to be made again.
/// </summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # bash completion for blixard; put it into ~/.bashrc:  source <(blixard completion bash)
        _blixard() {
            local IFS=$'\n'
            local found=$(blixard "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
            COMPREPLY=($(compgen -W "$found" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -F _blixard blixard
        """;

    private const string Zsh = """
        #compdef blixard
        # zsh completion for blixard; put it into ~/.zshrc after compinit:  source <(blixard completion zsh)
        _blixard() {
            local -a words_found
            words_found=("${(@f)$(blixard "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            compadd -- "${words_found[@]}"
        }
        compdef _blixard blixard
        """;

    private const string Fish = """
        # fish completion for blixard; put it into ~/.config/fish/completions/blixard.fish
        function __blixard_complete
            set -l line (commandline -cp)
            blixard "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c blixard -f -a '(__blixard_complete)'
        """;

    public static Command Create(CommandBuilder builder) => CommandBuilder.Group(
        "completion",
        "Completion for a shell",
        Script(builder, "bash", Bash),
        Script(builder, "zsh", Zsh),
        Script(builder, "fish", Fish));

    private static Command Script(CommandBuilder builder, string shell, string script)
    {
        var command = new Command(shell, $"Prints the completion script for {shell}");
        command.SetAction(_ => builder.Surroundings.Output.WriteLine(script));
        return command;
    }
}
