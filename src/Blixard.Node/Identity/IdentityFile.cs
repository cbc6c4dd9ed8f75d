using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Blixard.Raft.Core;

namespace Blixard.Node.Identity;

/// <summary>
/// The file <c>identity</c>: JSON for people to read, with a CRC-32C because a flipped digit would make this member
/// another one.
/// </summary>
internal static class IdentityFile
{
    /// <summary>Of a node that was there when its cluster was made.</summary>
    private const int Format = 1;

    /// <summary>Of a node that joined: the API address is in it too.</summary>
    private const int JoinedFormat = 2;

    /// <summary>Null if there is no such file.</summary>
    /// <exception cref="IdentityException">It is damaged, or of another version.</exception>
    public static NodeIdentity? Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IdentityException($"{path} can't be read: {e.Message}", e);
        }

        try
        {
            var json = JsonNode.Parse(text)!.AsObject();
            var format = json["format"]!.GetValue<int>();
            if (format is not (Format or JoinedFormat))
            {
                throw new IdentityException(
                    $"{path} has format {format}, this version reads {Format} and {JoinedFormat}.");
            }

            var identity = new NodeIdentity(
                Id(json, "clusterId"),
                new MemberId(Id(json, "memberId")),
                json["name"]!.GetValue<string>(),
                [.. json["members"]!.AsArray().Select(member => Member(member!.AsObject()))],
                json["inUse"]!.GetValue<bool>())
            {
                Joined = format == JoinedFormat,
                New = json["new"]?.GetValue<bool>() ?? false,
                ApiAddress = format == JoinedFormat ? json["apiAddress"]!.GetValue<string>() : "",
            };
            if (json["crc32c"]!.GetValue<string>() != Checksum(identity))
            {
                throw new FormatException("its checksum does not fit what it says");
            }

            return identity;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException
            or NullReferenceException or OverflowException)
        {
            throw new IdentityException(
                $"{path} is damaged ({What(e)}). Restore it from a copy; a member must not guess who it is.", e);
        }
    }

    /// <summary>Replaces the file; afterwards it is on stable storage, whole, whatever happens.</summary>
    public static void Write(string path, NodeIdentity identity)
    {
        var members = new JsonArray();
        foreach (var member in identity.Members)
        {
            members.Add(new JsonObject
            {
                ["name"] = member.Name,
                ["memberId"] = member.Member.ToString(),
                ["address"] = member.Address,
            });
        }

        var json = new JsonObject
        {
            ["format"] = identity.Joined ? JoinedFormat : Format,
            ["clusterId"] = identity.ClusterId.ToString("x16", CultureInfo.InvariantCulture),
            ["memberId"] = identity.Member.ToString(),
            ["name"] = identity.Name,
            ["members"] = members,
            ["inUse"] = identity.InUse,
            ["crc32c"] = Checksum(identity),
        };
        if (identity.Joined)
        {
            json["apiAddress"] = identity.ApiAddress;
        }

        if (identity.New)
        {
            json["new"] = true;
        }

        DurableFile.Replace(path, Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n"));
    }

    private static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true };

    private static IdentityMember Member(JsonObject json) => new(
        json["name"]!.GetValue<string>(), new MemberId(Id(json, "memberId")), json["address"]!.GetValue<string>());

    private static ulong Id(JsonObject json, string name) => ulong.Parse(
        json[name]!.GetValue<string>(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static string What(Exception e) =>
        e is NullReferenceException ? "a field is missing" : e.Message.TrimEnd('.');

    private static string Checksum(NodeIdentity identity)
    {
        var crc = uint.MaxValue;
        var text = string.Join('\n', [
            identity.Joined
                ? $"{JoinedFormat} {identity.ClusterId:x16} {identity.Member} {identity.Name} {identity.InUse} {identity.ApiAddress}"
                : $"{Format} {identity.ClusterId:x16} {identity.Member} {identity.Name} {identity.InUse}",
            .. identity.Members.Select(member => $"{member.Name} {member.Member} {member.Address}"),

            // Only for a short time, and not known to those who wrote the first identities.
            .. identity.New ? ["new"] : Array.Empty<string>(),
        ]);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return (~crc).ToString("x8", CultureInfo.InvariantCulture);
    }
}
