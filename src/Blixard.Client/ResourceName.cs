using System.Text.RegularExpressions;
using Blixard.Client.Contracts;

namespace Blixard.Client;

/// <summary>
/// The names that VMs and nodes may have, and their ids as well. Checked before a name becomes part of a path:
/// <c>..</c> would leave the collection.
/// </summary>
public static partial class ResourceName
{
    /// <exception cref="ProblemException">
    /// <see cref="ProblemTypes.InvalidName"/>, as the server would answer.
    /// </exception>
    public static string Check(string kind, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return IsValid(name) ? name : throw new ProblemException(new Problem
        {
            Type = ProblemTypes.InvalidName,
            Title = "Invalid name",
            Status = 400,
            Detail = $"\"{name}\" cannot be the name of a {kind}: a name begins with a letter or a digit, "
                + "has letters, digits, '_', '-' and '.' but no \"..\", and is at most 63 characters long",
        });
    }

    public static bool IsValid(string name) =>
        Pattern().IsMatch(name) && !name.Contains("..", StringComparison.Ordinal);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\z")]
    private static partial Regex Pattern();
}
