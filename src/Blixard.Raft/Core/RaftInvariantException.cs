using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Blixard.Raft.Core;

/// <summary>
/// Something that Raft proves impossible has been seen: a bug or a disk that lied. The member must stop, because
/// going on could lose what was acknowledged. Checked in Release builds too.
/// </summary>
public sealed class RaftInvariantException(string message) : Exception(message)
{
    internal static void Require([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition)
        {
            throw new RaftInvariantException(message);
        }
    }

    /// <summary>
    /// As above; the message is put together only if it is needed, for checks are made all the time.
    /// </summary>
    internal static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [InterpolatedStringHandlerArgument(nameof(condition))] ref Explanation message)
    {
        if (!condition)
        {
            throw new RaftInvariantException(message.ToString());
        }
    }

    /// <summary>The text of a condition that does not hold.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Explanation
    {
        private readonly StringBuilder? _text;

        public Explanation(int literalLength, int formattedCount, bool condition, out bool needed)
        {
            needed = !condition;
            _text = needed ? new(literalLength + (16 * formattedCount)) : null;
        }

        public void AppendLiteral(string text) => _text!.Append(text);

        public void AppendFormatted<T>(T value) => _text!.Append(CultureInfo.InvariantCulture, $"{value}");

        public override string ToString() => _text?.ToString() ?? "";
    }
}
