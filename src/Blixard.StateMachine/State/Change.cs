using System.Collections.Immutable;
using System.Globalization;

namespace Blixard.StateMachine.State;

public enum ChangeKind
{
    Create,
    Modify,
    Delete,
}

public enum EntityKind
{
    Node,
    Vm,
}

/// <summary>
/// What one command did to one entity. Within a command's changes an entity appears once.
/// <paramref name="Reason"/> says who did it and why; <paramref name="TimeUnixMs"/> is the proposer's time.
/// </summary>
public sealed record Change(
    ulong Index,
    long TimeUnixMs,
    ChangeKind Kind,
    EntityKind Entity,
    string Name,
    string Reason,
    ImmutableArray<FieldChange> Fields)
{
    // Either of them. Annotations are written by the thousand and mostly nobody listens: they are told when asked for.
    private readonly ImmutableArray<FieldChange> _fields = Fields;
    private readonly AnnotationDiff? _annotation;

    internal Change(ulong index, long timeUnixMs, string vm, string reason, AnnotationDiff annotation)
        : this(index, timeUnixMs, ChangeKind.Modify, EntityKind.Vm, vm, reason, [])
        => _annotation = annotation;

    /// <summary>What differs, sorted by path. Not kept for an annotation: made anew each time it is asked for.</summary>
    public ImmutableArray<FieldChange> Fields => _annotation is null ? _fields : [_annotation.Field];

    /// <summary>A client set or removed an annotation, and nothing else happened.</summary>
    public bool OfAnnotation => _annotation is not null;

    /// <summary>Memory of this object and all that it alone refers to, estimated, in bytes.</summary>
    public long EstimatedBytes
    {
        get
        {
            // Names, reasons and the keys of annotations are shared by many changes.
            const int Self = 80;
            if (_annotation is not null)
            {
                return Self + _annotation.EstimatedBytes;
            }

            long bytes = Self + (2 * (Name.Length + Reason.Length));
            foreach (var (path, _, old, now) in _fields)
            {
                // Slot, path and texts, with the headers of their objects.
                bytes += 152 + (2 * (path.Length + (old?.Text?.Length ?? 0) + (now?.Text?.Length ?? 0)));
            }

            return bytes;
        }
    }

    public bool Equals(Change? other) =>
        other is not null && Index == other.Index && TimeUnixMs == other.TimeUnixMs && Kind == other.Kind
        && Entity == other.Entity && Name == other.Name && Reason == other.Reason
        && Fields.AsSpan().SequenceEqual(other.Fields.AsSpan());

    public override int GetHashCode() => Index.GetHashCode();
}

public enum FieldAction
{
    Added,
    Changed,
    Removed,
}

/// <summary>
/// <paramref name="Path"/> names the field from the entity down, items of a list by their key:
/// <c>observations[n1].checks[service_state].passed</c>. <paramref name="Old"/> is null when added,
/// <paramref name="New"/> when removed.
/// </summary>
public readonly record struct FieldChange(string Path, FieldAction Action, FieldValue? Old, FieldValue? New);

/// <summary>A value that JSON can hold exactly: a text, a whole number or a truth.</summary>
public readonly record struct FieldValue
{
    private FieldValue(FieldValueKind kind, string? text, long number)
    {
        Kind = kind;
        Text = text;
        Number = number;
    }

    public FieldValueKind Kind { get; }

    /// <summary>Set for <see cref="FieldValueKind.Text"/> only.</summary>
    public string? Text { get; }

    /// <summary>The number; 1 or 0 for a <see cref="FieldValueKind.Flag"/>.</summary>
    public long Number { get; }

    public bool Flag => Number != 0;

    public static FieldValue Of(string text) => new(FieldValueKind.Text, text, 0);

    public static FieldValue Of(long number) => new(FieldValueKind.Number, null, number);

    public static FieldValue Of(bool flag) => new(FieldValueKind.Flag, null, flag ? 1 : 0);

    public override string ToString() => Kind switch
    {
        FieldValueKind.Text => Text!,
        FieldValueKind.Flag => Flag ? "true" : "false",
        _ => Number.ToString(NumberFormatInfo.InvariantInfo),
    };
}

public enum FieldValueKind
{
    Text,
    Number,
    Flag,
}
