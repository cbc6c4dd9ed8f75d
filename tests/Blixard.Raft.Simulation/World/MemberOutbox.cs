using Blixard.Raft.Core;

namespace Blixard.Raft.Simulation.World;

/// <summary>
/// The transport of one member: gives messages to the network, and now and then notices that it can't.
/// </summary>
internal sealed class MemberOutbox(SimWorld world, SimMember member, MemberSnapshots snapshots)
{
    private const int NoticeChance = 100;
    private const int ResetSeldomer = 20;

    public void Send(Message message)
    {
        world.Durability.Leaving(member, message);
        if (message is InstallSnapshotRequest request)
        {
            snapshots.Send(request);
            if (request.ToObserver)
            {
                // For the sender's host alone. That of a leader is told to the member too: it shows who leads.
                return;
            }
        }

        var to = world.Member(message.To);
        var (first, second) = world.Network.Arrivals(member.Number, to.Number, world.Now);
        if (first is { } arrival)
        {
            world.Schedule(arrival - world.Now, EventKind.Deliver, to, message);
        }
        else
        {
            if (world.Random.Chance(NoticeChance))
            {
                world.Schedule(world.Random.Below(5_000), EventKind.Unreachable, member, message.To);
            }

            // Reset by something on the way: the receiver sees its connection end, and the sender may be well.
            if (to.Node is not null && world.Random.Chance(world.Options.DisconnectChance / ResetSeldomer))
            {
                world.Schedule(world.Random.Below(5_000), EventKind.Disconnected, to, message.From);
            }
        }

        if (second is { } again)
        {
            world.Schedule(again - world.Now, EventKind.Deliver, to, message);
        }
    }
}
