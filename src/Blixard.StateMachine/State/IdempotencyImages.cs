using Blixard.StateMachine.State.Images;

namespace Blixard.StateMachine.State;

/// <summary>Idempotency keys in a snapshot, sorted by key.</summary>
internal static class IdempotencyImages
{
    public static IEnumerable<IdempotencyKeyImage> Of(IdempotencyTable table) => table.All.Select(
        pair => new IdempotencyKeyImage
        {
            Key = pair.Key,
            RequestHash = pair.Value.RequestHash,
            Index = pair.Value.Index,
            At = pair.Value.At,
            Result = SessionImages.Of(sequence: 0, pair.Value.Result),
        });

    public static IdempotencyTable Read(IEnumerable<IdempotencyKeyImage> images)
    {
        var (table, count) = (IdempotencyTable.Empty, 0);
        var indexes = new SortedSet<ulong>();
        foreach (var image in images)
        {
            if (table.All.ContainsKey(image.Key) || !indexes.Add(image.Index))
            {
                throw new SnapshotUnreadableException(
                    $"the idempotency key of index {image.Index} is in it twice");
            }

            if (image.Result is null || ++count > IdempotencyTable.MaxKeys)
            {
                throw new SnapshotUnreadableException(
                    image.Result is null
                        ? $"the idempotency key of index {image.Index} has no result"
                        : $"it has more than {IdempotencyTable.MaxKeys} idempotency keys");
            }

            table = table.With(
                image.Key, new KeyedResult(image.RequestHash, image.Index, image.At, SessionImages.Read(image.Result)));
        }

        return table;
    }
}
