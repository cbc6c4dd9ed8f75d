using System.Diagnostics.CodeAnalysis;

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
}
