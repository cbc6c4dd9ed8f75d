using System.Text;

namespace Blixard.Client;

/// <summary>A query as text, with whatever stands in its values.</summary>
internal sealed class QueryText
{
    private readonly StringBuilder _text = new();

    /// <summary>Nothing where the value is null.</summary>
    public QueryText Add(string key, string? value)
    {
        if (value is not null)
        {
            _text.Append(_text.Length == 0 ? '?' : '&').Append(key).Append('=').Append(Uri.EscapeDataString(value));
        }

        return this;
    }

    public override string ToString() => _text.ToString();
}
