using System.Text.Json;
using System.Text.Json.Serialization;

namespace Blixard.Client.Contracts;

/// <summary>
/// Enums travel as camelCase names ("running", "follower"), never as numbers: a number would tie every script to the
/// order of our declarations.
/// </summary>
public sealed class CamelCaseEnumConverter<TEnum>()
    : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where TEnum : struct, Enum;
