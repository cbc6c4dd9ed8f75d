using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Blixard.StateMachine.Tests;

/// <summary>
/// One instruction of <paramref name="Method"/> (or its signature or locals, as <see cref="ILOpCode.Nop"/>) and the
/// member or type that it names: <c>Namespace.Type.Member</c>, types of the assembly itself without namespace.
/// </summary>
internal sealed record MethodUse(string Method, ILOpCode OpCode, string Member);

/// <summary>Reads what every method of an assembly uses (ECMA-335, partitions II and III).</summary>
internal sealed class AssemblyScan
{
    private static readonly Dictionary<int, OperandType> Operands = typeof(OpCodes).GetFields()
        .Select(field => field.GetValue(null)).OfType<OpCode>()
        .ToDictionary(code => (int)(ushort)code.Value, code => code.OperandType);

    private readonly MetadataReader _metadata;
    private readonly PEReader _file;
    private readonly TypeNames _names;
    private readonly List<MethodUse> _uses = [];

    private AssemblyScan(PEReader file)
    {
        _file = file;
        _metadata = file.GetMetadataReader();
        _names = new TypeNames(_metadata);
    }

    public static IReadOnlyList<MethodUse> Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var scan = new AssemblyScan(file);
        foreach (var handle in scan._metadata.MethodDefinitions)
        {
            scan.Read(scan._metadata.GetMethodDefinition(handle));
        }

        return scan._uses;
    }

    private void Read(MethodDefinition method)
    {
        var name = $"{_names.Outermost(method.GetDeclaringType())}.{_metadata.GetString(method.Name)}";
        var signature = method.DecodeSignature(_names, null);
        Add(name, ILOpCode.Nop, signature.ReturnType);
        foreach (var parameter in signature.ParameterTypes)
        {
            Add(name, ILOpCode.Nop, parameter);
        }

        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        var body = _file.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
        {
            var locals = _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(_names, null);
            foreach (var local in locals)
            {
                Add(name, ILOpCode.Nop, local);
            }
        }

        Read(name, body.GetILReader());
    }

    private void Read(string method, BlobReader il)
    {
        while (il.RemainingBytes > 0)
        {
            int code = il.ReadByte();
            code = code == 0xfe ? 0xfe00 | il.ReadByte() : code;
            switch (Operands[code])
            {
                case OperandType.InlineMethod or OperandType.InlineField:
                case OperandType.InlineType or OperandType.InlineTok:
                    Add(method, (ILOpCode)code, Name(MetadataTokens.EntityHandle(il.ReadInt32())));
                    break;
                case OperandType.InlineSwitch:
                    var targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    Add(method, (ILOpCode)code, "");
                    il.Offset += 8;
                    break;
                case OperandType.InlineNone:
                    Add(method, (ILOpCode)code, "");
                    break;
                case OperandType.InlineVar:
                    il.Offset += 2;
                    break;
                case OperandType.ShortInlineI or OperandType.ShortInlineVar or OperandType.ShortInlineBrTarget:
                    il.Offset += 1;
                    break;
                default:
                    // Tokens of strings and signatures, targets, 32-bit constants.
                    Add(method, (ILOpCode)code, "");
                    il.Offset += 4;
                    break;
            }
        }
    }

    private void Add(string method, ILOpCode code, string member) => _uses.Add(new MethodUse(method, code, member));

    private string Name(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodDefinition:
                var definition = _metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                return $"{_names.Of(definition.GetDeclaringType())}.{_metadata.GetString(definition.Name)}";
            case HandleKind.FieldDefinition:
                var field = _metadata.GetFieldDefinition((FieldDefinitionHandle)handle);
                return $"{_names.Of(field.GetDeclaringType())}.{_metadata.GetString(field.Name)}";
            case HandleKind.MemberReference:
                var reference = _metadata.GetMemberReference((MemberReferenceHandle)handle);
                return $"{Name(reference.Parent)}.{_metadata.GetString(reference.Name)}";
            case HandleKind.MethodSpecification:
                return Name(_metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            default:
                return _names.Of(handle);
        }
    }

    private sealed class TypeNames(MetadataReader metadata) : ISignatureTypeProvider<string, object?>
    {
        public string Of(EntityHandle handle) => handle.Kind switch
        {
            HandleKind.TypeDefinition => GetTypeFromDefinition(metadata, (TypeDefinitionHandle)handle, 0),
            HandleKind.TypeReference => GetTypeFromReference(metadata, (TypeReferenceHandle)handle, 0),
            _ => metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null),
        };

        /// <summary>The class that the code was written in, not the one the compiler made for a lambda.</summary>
        public string Outermost(TypeDefinitionHandle handle)
        {
            while (metadata.GetTypeDefinition(handle).GetDeclaringType() is { IsNil: false } outer)
            {
                handle = outer;
            }

            return GetTypeFromDefinition(metadata, handle, 0);
        }

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
            reader.GetString(reader.GetTypeDefinition(handle).Name);

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            var type = reader.GetTypeReference(handle);
            var name = reader.GetString(type.Name);
            return type.ResolutionScope.Kind == HandleKind.TypeReference
                ? $"{GetTypeFromReference(reader, (TypeReferenceHandle)type.ResolutionScope, 0)}+{name}"
                : $"{reader.GetString(type.Namespace)}.{name}";
        }

        public string GetTypeFromSpecification(
            MetadataReader reader, object? context, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, context);

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> arguments) =>
            $"{genericType}<{string.Join(", ", arguments)}>";

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => $"System.{typeCode}";

        public string GetSZArrayType(string elementType) => elementType + "[]";

        public string GetArrayType(string elementType, ArrayShape shape) => elementType + "[,]";

        public string GetByReferenceType(string elementType) => elementType + "&";

        public string GetPointerType(string elementType) => elementType + "*";

        public string GetPinnedType(string elementType) => elementType;

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

        public string GetGenericMethodParameter(object? context, int index) => $"!!{index}";

        public string GetGenericTypeParameter(object? context, int index) => $"!{index}";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "method*";
    }
}
