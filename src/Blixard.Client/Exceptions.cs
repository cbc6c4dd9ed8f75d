using Blixard.Client.Contracts;

namespace Blixard.Client;

/// <summary>The node understood the request and answered with a problem.</summary>
public sealed class ProblemException(Problem problem) : Exception(problem.Detail ?? problem.Title)
{
    public Problem Problem { get; } = problem;

    public bool Is(string type) => string.Equals(Problem.Type, type, StringComparison.Ordinal);
}

/// <summary>No answer: nothing listens there, it is not let through, the link broke, or time ran out.</summary>
public sealed class EndpointUnreachableException : Exception
{
    internal EndpointUnreachableException(
        Endpoint endpoint, string reason, bool outcomeUnknown, Exception? inner = null)
        : base(
            $"cannot reach blixard-node at {endpoint}: {reason}"
                + (outcomeUnknown ? "; the change was sent and may yet be applied" : ""),
            inner)
    {
        Endpoint = endpoint;
        OutcomeUnknown = outcomeUnknown;
    }

    public Endpoint Endpoint { get; }

    /// <summary>A change was under way: it may have been made, or be made yet.</summary>
    public bool OutcomeUnknown { get; }
}

/// <summary>Something answered, but not in the words of the API: another program, or another version.</summary>
public sealed class MalformedAnswerException : Exception
{
    internal MalformedAnswerException(Endpoint endpoint, string what, Exception? inner = null)
        : base($"{endpoint} gave an answer that is not understood: {what}", inner)
    {
    }
}
