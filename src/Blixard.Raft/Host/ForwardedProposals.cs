using Blixard.Raft.Core;

namespace Blixard.Raft.Host;

/// <summary>
/// Who made the proposals that were forwarded last, by their contexts, so that a refusal finds them. Bounded: what is
/// older than the newest <see cref="Kept"/> waits for its deadline as if the refusal had been lost.
/// </summary>
/// <param name="first">
/// The first context, not 0. Drawn anew at each start: a refusal that is late by a whole life of this process must not
/// be taken for one of a proposal of this life.
/// </param>
internal sealed class ForwardedProposals(ulong first)
{
    public const int Kept = 8192;

    private readonly (ulong Context, IProposalAnswer? Answer)[] _answers = new (ulong, IProposalAnswer?)[Kept];

    /// <summary>The context of the next that is forwarded.</summary>
    public ulong Next { get; private set; } = first;

    /// <summary>That one was forwarded.</summary>
    public void Add(IProposalAnswer answer)
    {
        _answers[Next % Kept] = (Next, answer);
        Next++;
    }

    /// <summary>Tells whoever proposed; none twice.</summary>
    public void Refuse(ForwardRefused refused)
    {
        for (var i = 0u; i < Math.Min(refused.Count, Kept); i++)
        {
            var context = refused.FirstContext + i;
            ref var kept = ref _answers[context % Kept];
            if (kept.Context == context && kept.Answer is { } answer)
            {
                kept.Answer = null;
                answer.Refused(refused.Status);
            }
        }
    }
}
