namespace Blixard.Linearizability.Tests;

/// <summary>A register of which nothing else is known: what the checker does for any model.</summary>
internal sealed class RegisterWithoutHints : ISequentialModel<string?, RegisterInput, string?>
{
    private readonly Register _register = new();

    public string? Initial => null;

    public (string? Next, string? Answer) Apply(string? state, RegisterInput input) => _register.Apply(state, input);

    public bool IsRead(RegisterInput input) => _register.IsRead(input);

    public IHints<string?, RegisterInput, string?>? Study(
        IReadOnlyList<Operation<RegisterInput, string?>> history) => null;

    public string Describe(Operation<RegisterInput, string?> operation) => _register.Describe(operation);

    public string Describe(string? state) => _register.Describe(state);
}
