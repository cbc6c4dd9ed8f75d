using Blixard.Bench.Engine;
using Blixard.Bench.Versus;

// The comparison is synchronous on purpose: servers die with the thread that started them (prctl(2), PR_SET_PDEATHSIG).
switch (args)
{
    case ["raft"]:
        EngineBench.RunAsync().GetAwaiter().GetResult();
        return 0;
    case ["etcd", var blixardNode, var etcd]:
        Comparison.Run(blixardNode, etcd);
        return 0;
    default:
        Console.Error.WriteLine("usage: Blixard.Bench raft | etcd BLIXARD_NODE ETCD");
        return 2;
}
