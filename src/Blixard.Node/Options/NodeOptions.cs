using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Blixard.StateMachine.Commands;
using Microsoft.Extensions.Options;

namespace Blixard.Node.Options;

/// <summary>Section <c>Node</c>: who this node is.</summary>
internal sealed class NodeOptions : IValidatableObject
{
    public const string Section = "Node";

    [Description("The node's name, unique in the cluster and the same for the life of its data directory. "
        + "Default: the host name up to its first dot.")]
    [DefaultValue("the host name")]
    public string Name { get; init; } = Environment.MachineName.Split('.')[0];

    [Description("Labels of the node, for instance `zone` and `rack`.")]
    public Dictionary<string, string> Labels { get; init; } = [];

    [Description("`HOST:PORT` at which other nodes and clients reach this node's API. Default: what `Api:Listen` is.")]
    public string AdvertiseAddress { get; init; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Rules.IsName(Name))
        {
            yield return new ValidationResult(
                $"Node:Name \"{Name}\" is not a node name: 1 to {Rules.MaxNameLength} letters, digits, '_', '-' or '.', "
                + "the first a letter or digit, no '..'.");
        }

        if (AdvertiseAddress.Length > 0 && !HostPort.TryParse(AdvertiseAddress, out _))
        {
            yield return new ValidationResult($"Node:AdvertiseAddress \"{AdvertiseAddress}\" is not HOST:PORT.");
        }

        foreach (var (key, value) in Labels)
        {
            if (!Rules.IsName(key) || value.Length is 0 or > 255)
            {
                yield return new ValidationResult(
                    $"Node:Labels:{key} is not a label: its key must be like a node name, its value have 1 to 255 characters.");
            }
        }
    }
}

[OptionsValidator]
internal sealed partial class NodeOptionsValidator : IValidateOptions<NodeOptions>;
