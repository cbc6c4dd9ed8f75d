using System.Collections.Immutable;
using System.Globalization;
using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.Scenarios;

/// <summary><c>name member... key=value...</c></summary>
internal sealed record ScenarioCommand(string Name, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Named)
{
    public static ScenarioCommand Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new(
            words[0],
            [.. words.Skip(1).Where(word => !word.Contains('=', StringComparison.Ordinal))],
            words.Skip(1)
                .Where(word => word.Contains('=', StringComparison.Ordinal))
                .Select(word => word.Split('=', 2))
                .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal));
    }

    public MemberId Member(int position = 0) => new(Number(Arguments[position]));

    /// <summary>The members named, or all of 1 to <paramref name="otherwise"/>.</summary>
    public IReadOnlyList<MemberId> Members(int otherwise) =>
        Arguments.Count > 0
            ? [.. Arguments.Select(argument => new MemberId(Number(argument)))]
            : [.. Enumerable.Range(1, otherwise).Select(id => new MemberId((ulong)id))];

    /// <summary><c>1,2,3</c>; empty if it is not named.</summary>
    public ImmutableSortedSet<MemberId> Set(string name) =>
        Named.TryGetValue(name, out var text)
            ? [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(id => new MemberId(Number(id)))]
            : [];

    public ulong Number(string name, ulong otherwise) => Named.TryGetValue(name, out var text) ? Number(text) : otherwise;

    /// <summary><c>index/term</c></summary>
    public (ulong Index, ulong Term) Position(string name) =>
        Named.TryGetValue(name, out var text) ? Position(text.AsSpan()) : (0, 0);

    /// <summary><c>index/term,index/term</c></summary>
    public IReadOnlyList<LogEntry> Entries(string name) =>
        Named.TryGetValue(name, out var text)
            ? [.. text.Split(',').Select(entry => Position(entry.AsSpan()))
                .Select(at => new LogEntry(at.Index, at.Term, EntryKind.Command, new byte[] { (byte)at.Index }))]
            : [];

    private static (ulong Index, ulong Term) Position(ReadOnlySpan<char> text)
    {
        var slash = text.IndexOf('/');
        return (Number(text[..slash]), Number(text[(slash + 1)..]));
    }

    private static ulong Number(ReadOnlySpan<char> text) => ulong.Parse(text, CultureInfo.InvariantCulture);
}
