namespace Blixard.Node.Metrics;

/// <summary>The garbage-collected heap, in bytes, as of the last collection.</summary>
/// <remarks>
/// Not by GC.GetTotalMemory: it reckons with the heap as it stands while threads allocate and collections run, and was
/// seen to come to no more than 0. What a collection has left behind does not change until the next.
/// </remarks>
/// <param name="Committed">Taken from the system.</param>
/// <param name="Used">With what lies between the objects; before the first collection, all that was ever allocated.</param>
internal readonly record struct ManagedHeap(long Committed, long Used)
{
    public static ManagedHeap Now()
    {
        var last = GC.GetGCMemoryInfo(GCKind.Any);
        return last.Index == 0
            ? new(last.TotalCommittedBytes, GC.GetTotalAllocatedBytes())
            : new(last.TotalCommittedBytes, last.HeapSizeBytes);
    }
}
