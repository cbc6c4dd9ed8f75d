namespace Blixard.Node.Options;

/// <summary>
/// A key whose new value takes effect when the configuration is read anew (SIGHUP); that of any other does with the next
/// start.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ReloadsAttribute : Attribute;
