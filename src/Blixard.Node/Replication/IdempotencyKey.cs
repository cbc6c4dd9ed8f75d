using System.Globalization;
using Blixard.StateMachine.Commands;

namespace Blixard.Node.Replication;

/// <summary>
/// By which a client knows a request of its own, so that it can send it again through any node and have it applied once.
/// One that a node makes up, for a request that had none and whose outcome it does not know, says under which number of
/// which session it was proposed: Apply looks there first (<c>ApplyKeyed</c>). It costs nothing until it is needed.
/// </summary>
/// <param name="Text">1 to 128 visible ASCII characters.</param>
/// <param name="RequestHash">Of the request; never 0.</param>
/// <param name="Number">Of a key that a node made up.</param>
internal sealed record IdempotencyKey(string Text, ulong RequestHash, ProposalNumber? Number)
{
    private const string MadeUp = "blixard.";

    /// <summary>For a request that was proposed under that number, and had no key.</summary>
    public static IdempotencyKey Of(ProposalNumber number, ulong requestHash) => new(
        string.Create(
            CultureInfo.InvariantCulture, $"{MadeUp}{number.Session:x}.{number.Sequence:x}.{requestHash:x}"),
        requestHash,
        number);

    /// <summary>
    /// Null: no request can have such a key. One that a node made up keeps the hash of the request for which it did.
    /// </summary>
    public static IdempotencyKey? Parse(string text, ulong requestHash)
    {
        if (!CommandValidator.IsKey(text))
        {
            return null;
        }

        if (!text.StartsWith(MadeUp, StringComparison.Ordinal))
        {
            return new IdempotencyKey(text, requestHash, null);
        }

        return text[MadeUp.Length..].Split('.') is [var session, var sequence, var hash]
            && Hex(session) is { } client && Hex(sequence) is { } number && Hex(hash) is { } of
            ? new IdempotencyKey(text, of, new ProposalNumber(client, number))
            : null;
    }

    /// <summary>Before it is proposed.</summary>
    public void Stamp(Command command)
    {
        command.IdempotencyKey = Text;
        command.RequestHash = RequestHash;
        if (Number is { } number)
        {
            command.Supersedes = new Superseded { ClientId = number.Session, Sequence = number.Sequence };
        }
    }

    private static ulong? Hex(string text) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : null;
}

/// <summary>Under which a command of this node was proposed.</summary>
internal readonly record struct ProposalNumber(ulong Session, ulong Sequence);
