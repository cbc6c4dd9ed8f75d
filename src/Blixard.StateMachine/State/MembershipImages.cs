using System.Collections.Immutable;
using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State.Images;

namespace Blixard.StateMachine.State;

/// <summary>
/// <see cref="Membership"/> in a snapshot. Left out, a removed member could come back after a restart of all.
/// </summary>
internal static class MembershipImages
{
    public static MembershipImage Of(Membership membership)
    {
        var image = new MembershipImage();
        if (membership.Pending is { } pending)
        {
            image.Pending = new PendingChangeImage
            {
                Request = pending.Request,
                Kind = pending.Kind,
                Node = pending.Node,
                MemberId = pending.MemberId,
                Term = pending.Term,
                Actor = pending.Actor,
                Since = pending.Since,
                CancelledBy = pending.CancelledBy,
            };
        }

        image.Settled.AddRange(membership.Settled.Select(
            settled => new SettledChangeImage { Request = settled.Request, Refused = settled.Refused }));
        image.Removed.AddRange(membership.Removed.Select(removed => new RemovedMemberImage
        {
            MemberId = removed.Key,
            Node = removed.Value.Node,
            At = removed.Value.At,
        }));
        return image;
    }

    /// <param name="image">Null: of a version that knew no changes of the members.</param>
    public static Membership Read(MembershipImage? image)
    {
        if (image is null)
        {
            return Membership.Empty;
        }

        var removed = ImmutableSortedDictionary.CreateBuilder<ulong, RemovedMember>();
        foreach (var member in image.Removed)
        {
            if (!removed.TryAdd(member.MemberId, new RemovedMember(member.Node, member.At)))
            {
                throw new SnapshotUnreadableException(
                    $"the removed member {NodeFields.MemberText(member.MemberId)} is in it twice");
            }
        }

        return new Membership
        {
            Pending = image.Pending is { } pending
                ? new PendingChange(
                    pending.Request,
                    pending.Kind,
                    pending.Node,
                    pending.MemberId,
                    pending.Term,
                    pending.Actor,
                    pending.Since)
                {
                    CancelledBy = pending.CancelledBy,
                }
                : null,
            Settled = [.. image.Settled.Select(settled => new SettledChange(settled.Request, settled.Refused))],
            Removed = removed.ToImmutable(),
        };
    }
}
