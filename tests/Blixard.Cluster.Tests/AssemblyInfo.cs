// Tests of one collection have hosts in common and come one after the other: what one breaks, no other may see. Collections
// have hosts of their own. Nearly all of the time is spent waiting, so two of them share a machine of two processors.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerClass, MaxParallelThreads = 2)]
