using System.Text.Unicode;
using Blixard.StateMachine.Commands;
using Google.Protobuf;

namespace Blixard.StateMachine.State;

/// <summary>
/// What clients noted with a VM, by key: bytes that mean nothing to the cluster. Immutable; knows its own size, so that
/// setting one need not look at the others.
/// </summary>
public sealed class Annotations
{
    /// <summary>Keys a VM may have.</summary>
    public const int MaxKeys = 64;

    /// <summary>Of all keys and values of a VM together, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private Annotations(SmallDictionary<Annotation> all, int bytes) => (All, Bytes) = (all, bytes);

    public static Annotations None { get; } = new(SmallDictionary<Annotation>.Empty, 0);

    public SmallDictionary<Annotation> All { get; }

    /// <summary>Of all keys and values together.</summary>
    public int Bytes { get; }

    internal static Annotations Of(IEnumerable<KeyValuePair<string, ByteString>> values)
    {
        var annotations = None;
        foreach (var (key, value) in values)
        {
            annotations = annotations.With(key, value);
        }

        return annotations;
    }

    /// <summary>
    /// With this value in place of the one the key had; an empty one removes it. The same object where nothing differs.
    /// </summary>
    internal Annotations With(string key, ByteString value)
    {
        var old = All.Find(key);
        if (value.IsEmpty)
        {
            return old is null ? this : new(All.Without(key), Bytes - Size(key, old.Value));
        }

        if (old is not null && old.Value.Equals(value))
        {
            return this;
        }

        var before = old is null ? 0 : Size(key, old.Value);
        return new(All.With(key, new Annotation(value)), Bytes - before + Size(key, value));
    }

    /// <summary>
    /// What is too much of these, in a few words; null if they fit. What became less than in <paramref name="before"/>
    /// fits, for a limit may be lower than it was.
    /// </summary>
    internal string? Excess(Annotations before) =>
        All.Count > Math.Max(MaxKeys, before.All.Count) ? $"{All.Count} annotations, the most is {MaxKeys}"
        : Bytes > Math.Max(MaxBytes, before.Bytes) ? $"{Bytes} bytes of annotations, the most is {MaxBytes}"
        : null;

    // A key has only ASCII characters.
    private static int Size(string key, ByteString value) => key.Length + value.Length;
}

/// <summary>The value of one annotation.</summary>
public sealed class Annotation(ByteString value)
{
    /// <summary>A longer value, in bytes, is told of in events by its length and digest only.</summary>
    public const int MaxShownBytes = 128;

    public ByteString Value { get; } = value;

    /// <summary>Of the whole value, for the state's hash.</summary>
    internal ulong Digest { get; } = StateHash.Mix(StateHash.Seed, value.Span);

    /// <summary>
    /// The value where it is a short text; else what tells it from another one: length and digest.
    /// </summary>
    internal string Shown => new AnnotationMark(this).Shown;

    /// <summary>
    /// The value as text; null if it is longer than <paramref name="maxBytes"/>, not UTF-8, or has control characters
    /// other than tabs and line ends.
    /// </summary>
    public string? Text(int maxBytes) => Value.Length > maxBytes ? null : TextOf(Value);

    /// <inheritdoc cref="Text"/>
    internal static string? TextOf(ByteString value)
    {
        if (!Utf8.IsValid(value.Span))
        {
            return null;
        }

        var text = value.ToStringUtf8();
        foreach (var c in text)
        {
            if (char.IsControl(c) && c is not ('\t' or '\n' or '\r'))
            {
                return null;
            }
        }

        return text;
    }
}
