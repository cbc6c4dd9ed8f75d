using System.Globalization;
using Google.Protobuf;

namespace Blixard.StateMachine.State;

/// <summary>
/// What setting or removing one annotation did, kept small: changes are held for watchers by the hundred thousand, and
/// the values, which may be long, are not to be held with them.
/// </summary>
internal sealed class AnnotationDiff(string key, Annotation? old, Annotation? now)
{
    public const string PathBegins = "annotations[";
    public const string PathEnds = "]";

    private readonly AnnotationMark? _old = old is null ? null : new(old);
    private readonly AnnotationMark? _new = now is null ? null : new(now);

    public FieldChange Field => new(
        PathOf(key),
        _old is null ? FieldAction.Added : _new is null ? FieldAction.Removed : FieldAction.Changed,
        _old is { } before ? FieldValue.Of(before.Shown) : null,
        _new is { } after ? FieldValue.Of(after.Shown) : null);

    /// <summary>Memory of this object and all that it alone refers to, in bytes.</summary>
    public long EstimatedBytes => 88 + (_old?.Bytes ?? 0) + (_new?.Bytes ?? 0);

    public static string PathOf(string key) => PathBegins + key + PathEnds;

    /// <summary>
    /// Is there nothing to tell? Different values are told alike if their digests meet, or if one of them is a text that
    /// reads like what is told of the other.
    /// </summary>
    public static bool ToldAlike(Annotation? one, Annotation? other) => one is null || other is null
        ? one == other
        : (one.Digest == other.Digest || MayReadLikeMark(one) || MayReadLikeMark(other)) && one.Shown == other.Shown;

    private static bool MayReadLikeMark(Annotation annotation) =>
        annotation.Value.Length <= Annotation.MaxShownBytes && annotation.Value.Span is [.., (byte)')'];
}

/// <summary>What is left to tell of an annotation's value once the value itself is gone.</summary>
internal readonly struct AnnotationMark(Annotation annotation)
{
    private readonly ByteString? _short =
        annotation.Value.Length <= Annotation.MaxShownBytes ? annotation.Value : null;

    private readonly int _length = annotation.Value.Length;
    private readonly ulong _digest = annotation.Digest;

    /// <summary>The value where it is a short text; else what tells it from another one: length and digest.</summary>
    public string Shown => _short is not null && Annotation.TextOf(_short) is { } text
        ? text
        : string.Create(NumberFormatInfo.InvariantInfo, $"{_length} bytes ({_digest:x16})");

    /// <summary>Memory that it holds beside itself, in bytes.</summary>
    public long Bytes => _short is null ? 0 : 48 + _short.Length;
}
