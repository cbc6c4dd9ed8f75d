using System.Collections;
using Blixard.StateMachine.Commands;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Blixard.StateMachine.Tests.Commands;

/// <summary>
/// The log outlives versions: the bytes that a released version wrote must mean the same for ever. A file here is
/// never edited; if one of these tests fails, the change that made it fail is wrong.
/// </summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden", "0.1.0");

    public static TheoryData<string> Names => [.. Samples.Golden.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void What_0_1_0_wrote_still_decodes_to_the_same_command(string name)
    {
        var expected = Samples.Golden[name];
        var path = Path.Combine(Folder, name + ".hex");
        Assert.True(File.Exists(path), $"{path} is missing; it would hold\n{Hex(CommandCodec.Encode(expected).Span)}");

        var golden = Convert.FromHexString(string.Concat(File.ReadAllLines(path)));
        Assert.Equal(name == "Compressed" ? 1 : 0, golden[0]);

        Assert.Equal(expected, CommandCodec.Decode(new CommittedCommand(1, 1, golden)));
        if (golden[0] == 0)
        {
            // Another version of Brotli may compress otherwise; a plain command has one encoding.
            Assert.Equal(golden, CommandCodec.Encode(expected).ToArray());
        }
    }

    [Fact]
    public void Every_golden_file_has_its_command() => Assert.Equal(
        Samples.Golden.Keys,
        Directory.GetFiles(Folder).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    [Fact]
    public void The_samples_set_every_field_there_is()
    {
        var unset = Samples.Golden.Values
            .GroupBy(command => command.Kind)
            .SelectMany(ofKind => ofKind.Select(UnsetIn).Aggregate((one, other) => [.. one.Intersect(other)]));

        // A session can't be opened within another. The key is the envelope's: one kind with it shows it for all.
        string[] expected =
        [
            "OpenSession.acknowledged_below",
            "OpenSession.client_id",
            "OpenSession.sequence",
            .. Samples.All.Select(command => command.Kind).Except([nameof(SetAnnotation)])
                .SelectMany(kind => new[] { $"{kind}.idempotency_key", $"{kind}.request_hash", $"{kind}.supersedes" }),
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), unset.Order(StringComparer.Ordinal));
        Assert.All(Samples.All, command => Assert.Contains(command.Kind, Samples.Golden.Keys));
    }

    [Fact]
    public void No_command_has_a_map_or_a_float()
    {
        foreach (var message in CommandsReflection.Descriptor.MessageTypes)
        {
            foreach (var field in message.Fields.InDeclarationOrder())
            {
                Assert.False(field.IsMap, field.FullName);
                Assert.False(field.FieldType is FieldType.Float or FieldType.Double, field.FullName);
            }
        }
    }

    [Fact]
    public void A_keep_alive_is_small()
    {
        var command = Make.KeepAlive("n1", 300).In(session: 100_000, sequence: 5000, acknowledgedBelow: 4999);

        Assert.InRange(CommandCodec.Encode(command).Length, 1, 48);
    }

    private static List<string> UnsetIn(Command command)
    {
        var unset = new List<string>();
        Collect(command, command.Kind, unset);
        return unset;
    }

    private static void Collect(IMessage message, string path, List<string> unset)
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            var value = field.Accessor.GetValue(message);
            if (field.ContainingOneof is { IsSynthetic: false } && value is null)
            {
                continue;
            }

            if (!IsSet(field, message, value))
            {
                unset.Add($"{path}.{field.Name}");
            }
            else if (field.FieldType == FieldType.Message)
            {
                var inner = field.IsRepeated ? ((IEnumerable)value!).Cast<IMessage>() : [(IMessage)value!];
                foreach (var item in inner)
                {
                    Collect(item, $"{path}.{field.Name}", unset);
                }
            }
        }
    }

    private static bool IsSet(FieldDescriptor field, IMessage message, object? value) => value switch
    {
        null => false,
        _ when field.HasPresence => field.Accessor.HasValue(message),
        ICollection items => items.Count > 0,
        string text => text.Length > 0,
        ByteString bytes => !bytes.IsEmpty,
        _ => !value.Equals(Activator.CreateInstance(value.GetType())),
    };

    private static string Hex(ReadOnlySpan<byte> bytes) =>
        string.Join('\n', Convert.ToHexStringLower(bytes).Chunk(96).Select(line => new string(line)));
}
