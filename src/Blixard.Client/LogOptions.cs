using System.Globalization;
using Blixard.Client.Contracts;

namespace Blixard.Client;

/// <summary>Which lines of a VM's journal.</summary>
public sealed record LogOptions
{
    /// <summary>How many, 0 to 10,000: the newest, or with <see cref="After"/> the first.</summary>
    public int? Lines { get; init; }

    /// <summary>As <see cref="PointInTime"/> understands it; "ago" is by the node's clock.</summary>
    public string? Since { get; init; }

    /// <summary>At least this severe: a name of syslog(3), or 0 to 7.</summary>
    public string? Priority { get; init; }

    /// <summary>Only lines after this cursor.</summary>
    public string? After { get; init; }

    /// <summary>Goes on with what is written from now on.</summary>
    public bool Follow { get; init; }

    /// <summary>The node whose journal is meant; null: where the VM runs or ran.</summary>
    public string? Node { get; init; }

    internal QueryText Query => new QueryText()
        .Add(ApiRoutes.Lines, Lines?.ToString(CultureInfo.InvariantCulture))
        .Add(ApiRoutes.Since, Since)
        .Add(ApiRoutes.Priority, Priority)
        .Add(ApiRoutes.After, After)
        .Add(ApiRoutes.Follow, Follow ? "true" : null)
        .Add(ApiRoutes.OfNode, Node);
}

/// <summary>One record of a VM's log.</summary>
/// <param name="Record">What it says.</param>
/// <param name="Text">The line as the node sent it.</param>
public sealed record LogLine(LogRecord Record, string Text);
