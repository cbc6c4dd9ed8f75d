using Blixard.Client.Contracts;

namespace Blixard.Node.Api;

/// <summary>The request can't be served; the problem is the answer. Made by <see cref="Problems"/>.</summary>
internal sealed class ApiException(Problem problem) : Exception(problem.Detail ?? problem.Title)
{
    public Problem Problem { get; } = problem;
}
