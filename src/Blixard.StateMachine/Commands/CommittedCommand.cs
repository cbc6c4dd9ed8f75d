namespace Blixard.StateMachine.Commands;

/// <summary>A committed log entry as the engine hands it over: <paramref name="Data"/> is what
/// <see cref="CommandCodec.Encode"/> made, and is never encoded anew.</summary>
public readonly record struct CommittedCommand(ulong Index, ulong Term, ReadOnlyMemory<byte> Data);
