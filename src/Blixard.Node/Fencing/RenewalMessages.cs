using System.Text.Json;
using System.Text.Json.Serialization;
using Blixard.StateMachine.Fencing;

namespace Blixard.Node.Fencing;

/// <summary>A renewal on its way to the leader.</summary>
internal sealed record RenewalQuestion
{
    public required string Node { get; init; }

    public required ulong Epoch { get; init; }

    public required string BootId { get; init; }

    /// <summary>
    /// New with each start of the process: two processes that say they are one node expose themselves.
    /// </summary>
    public required string Incarnation { get; init; }

    /// <summary>t_s: the node's CLOCK_BOOTTIME in microseconds, noted before this was sent.</summary>
    public required long SentAt { get; init; }

    public required uint KillBudgetMs { get; init; }

    public required uint WatchdogMs { get; init; }

    /// <summary>The log index of the SetTerm under which the node's deadline is armed; 0: the first.</summary>
    public ulong TermsAt { get; init; }
}

/// <summary>The leader's answer to it.</summary>
internal sealed record RenewalAnswer
{
    /// <summary>Of the question.</summary>
    public required long SentAt { get; init; }

    /// <summary>Of the question.</summary>
    public required ulong Epoch { get; init; }

    public required RenewalVerdict Verdict { get; init; }

    /// <summary>T: for how long the lease holds from <see cref="SentAt"/>, in milliseconds; 0 unless granted.</summary>
    public long TermMs { get; init; }

    /// <summary>The log index of the SetTerm that says so; 0: the first.</summary>
    public ulong TermsAt { get; init; }

    /// <summary>What had to be applied where it was judged: what the node decides by must not be older.</summary>
    public required ulong Index { get; init; }

    /// <summary>For people.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>
/// Both as JSON: fields that a newer program adds are passed over by an older one, and what is missing is refused.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RenewalQuestion))]
[JsonSerializable(typeof(RenewalAnswer))]
internal sealed partial class RenewalJson : JsonSerializerContext
{
    public static ReadOnlyMemory<byte> Bytes(RenewalQuestion question) =>
        JsonSerializer.SerializeToUtf8Bytes(question, Default.RenewalQuestion);

    public static ReadOnlyMemory<byte> Bytes(RenewalAnswer answer) =>
        JsonSerializer.SerializeToUtf8Bytes(answer, Default.RenewalAnswer);

    /// <summary>Null: it is no renewal.</summary>
    public static RenewalQuestion? Question(ReadOnlyMemory<byte> bytes) => Read(bytes, Default.RenewalQuestion);

    /// <summary>Null: it is no answer.</summary>
    public static RenewalAnswer? Answer(ReadOnlyMemory<byte> bytes) => Read(bytes, Default.RenewalAnswer);

    private static T? Read<T>(
        ReadOnlyMemory<byte> bytes, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes.Span, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
