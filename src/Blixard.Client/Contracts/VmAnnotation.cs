namespace Blixard.Client.Contracts;

/// <summary>An annotation of a VM in the list of all; its own path has the whole value.</summary>
public sealed record VmAnnotation
{
    /// <summary>A value longer than this, in bytes, is not in the list.</summary>
    public const int MaxListedBytes = 256;

    public required string Key { get; init; }

    /// <summary>Length of the value.</summary>
    public required int Bytes { get; init; }

    /// <summary>The value; null where it is long, or not a text.</summary>
    public string? Text { get; init; }
}
