using System.Globalization;
using System.Runtime.CompilerServices;

namespace Blixard.Raft.Simulation.Checks;

/// <summary>Formats an invariant's message only if it failed: the checks run after each of millions of steps.</summary>
[InterpolatedStringHandler]
internal ref struct FailureText
{
    private DefaultInterpolatedStringHandler _text;

    public FailureText(int literalLength, int formattedCount, bool holds, out bool isEnabled)
    {
        isEnabled = !holds;
        _text = holds ? default : new(literalLength, formattedCount, CultureInfo.InvariantCulture);
    }

    private FailureText(string text)
    {
        _text = new(text.Length, 0, CultureInfo.InvariantCulture);
        _text.AppendLiteral(text);
    }

    public static implicit operator FailureText(string text) => new(text);

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public override string ToString() => _text.ToStringAndClear();
}
