namespace Blixard.Node.Api;

/// <summary>A query parameter as /openapi/v1.json describes it.</summary>
internal sealed record QueryParameter(string Name, string Description);

/// <summary>
/// The query parameters of an endpoint. Any other is refused: <c>?consistancy=stale</c> must not silently be a
/// linearizable read.
/// </summary>
internal sealed class AcceptedQuery(params IReadOnlyList<QueryParameter> parameters)
{
    public IReadOnlyList<QueryParameter> Parameters { get; } = parameters;

    /// <exception cref="ApiException">A parameter is not known, or given twice.</exception>
    public void Check(IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            if (!Parameters.Any(parameter => parameter.Name == name))
            {
                throw new ApiException(Problems.InvalidRequest(
                    Parameters.Count == 0
                        ? $"Query parameter \"{name}\" is not known: there is none here."
                        : $"Query parameter \"{name}\" is not known; there is "
                            + string.Join(", ", Parameters.Select(parameter => parameter.Name)) + "."));
            }

            if (values.Count > 1)
            {
                throw new ApiException(Problems.InvalidRequest($"Query parameter \"{name}\" is given {values.Count} times."));
            }
        }
    }
}
