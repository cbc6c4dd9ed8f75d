using Blixard.Cluster.Tests;

// One cluster for all tests, one test at a time: what one breaks, no other may see.
[assembly: AssemblyFixture(typeof(ThreeHosts))]
[assembly: CollectionBehavior(DisableTestParallelization = true)]
