using System.Collections.Immutable;

namespace Blixard.StateMachine.State;

/// <summary>
/// A silent field is part of the state (it is hashed and kept in snapshots), but a change of it alone is no event:
/// times of being seen, counters of reports. <paramref name="Digest"/> stands for the whole of a value that
/// <paramref name="Value"/> shows in part only; null: <paramref name="Value"/> is the whole.
/// </summary>
/// <remarks>
/// What is <paramref name="Concluded"/> from other fields is told and not hashed, so that a later version may conclude
/// more, or otherwise, and still agree with an earlier one on what the state is.
/// </remarks>
internal readonly record struct Field(
    string Path, FieldValue Value, bool Silent, ulong? Digest = null, bool Concluded = false);

/// <summary>
/// An entity, taken apart into fields by <see cref="VmFields"/> and <see cref="NodeFields"/>: the one description from
/// which both the differences and the hash are made. A missing value has no field.
/// </summary>
internal sealed class FieldList
{
    private readonly List<Field> _fields = [];

    public int Count => _fields.Count;

    public void Text(string path, string? value, bool silent = false)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _fields.Add(new Field(path, FieldValue.Of(value), silent));
        }
    }

    public void Number(string path, long? value, bool silent = false)
    {
        if (value is { } number)
        {
            _fields.Add(new Field(path, FieldValue.Of(number), silent));
        }
    }

    /// <summary>Every figure was refused above <see cref="long.MaxValue"/> when it came in.</summary>
    public void Figure(string path, ulong? value) => Number(path, (long?)value);

    public void Flag(string path, bool? value, bool silent = false)
    {
        if (value is { } flag)
        {
            _fields.Add(new Field(path, FieldValue.Of(flag), silent));
        }
    }

    public void Concluded(string path, string value) =>
        _fields.Add(new Field(path, FieldValue.Of(value), Silent: false, Concluded: true));

    /// <summary>Bytes, told by a text that is another one wherever the digest is.</summary>
    public void Bytes(string path, string shown, ulong digest) =>
        _fields.Add(new Field(path, FieldValue.Of(shown), Silent: false, digest));

    /// <summary>The sum of the fields' hashes, so that a difference of states is a difference of sums.</summary>
    public ulong Hash(EntityKind entity, string name)
    {
        var seed = StateHash.Mix(StateHash.Mix(StateHash.Seed, (ulong)entity), name);
        var sum = 0UL;
        foreach (var field in _fields)
        {
            if (field.Concluded)
            {
                continue;
            }

            var hash = StateHash.Mix(StateHash.Mix(seed, field.Path), (ulong)field.Value.Kind);
            hash = field.Digest is { } digest ? StateHash.Mix(hash, digest)
                : field.Value.Text is { } text ? StateHash.Mix(hash, text)
                : StateHash.Mix(hash, (ulong)field.Value.Number);
            sum += StateHash.Finish(hash);
        }

        return sum;
    }

    /// <summary>What has to be told to go from <paramref name="old"/> to this, sorted by path.</summary>
    public ImmutableArray<FieldChange> Since(FieldList old)
    {
        var before = old.Told();
        var after = Told();
        var changes = ImmutableArray.CreateBuilder<FieldChange>();
        int i = 0, j = 0;
        while (i < before.Count || j < after.Count)
        {
            var order = i == before.Count ? 1
                : j == after.Count ? -1
                : string.CompareOrdinal(before[i].Path, after[j].Path);
            if (order < 0)
            {
                changes.Add(new FieldChange(before[i].Path, FieldAction.Removed, before[i].Value, null));
                i++;
            }
            else if (order > 0)
            {
                changes.Add(new FieldChange(after[j].Path, FieldAction.Added, null, after[j].Value));
                j++;
            }
            else
            {
                if (before[i].Value != after[j].Value)
                {
                    changes.Add(
                        new FieldChange(after[j].Path, FieldAction.Changed, before[i].Value, after[j].Value));
                }

                i++;
                j++;
            }
        }

        return changes.DrainToImmutable();
    }

    private List<Field> Told()
    {
        var told = _fields.FindAll(static field => !field.Silent);
        told.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return told;
    }
}
