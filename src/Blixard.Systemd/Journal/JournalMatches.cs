using System.Globalization;
using System.Text;
using Blixard.Systemd.Native;
using Blixard.Systemd.Units;

namespace Blixard.Systemd.Journal;

/// <summary>
/// The lines of a unit, as <c>journalctl -u</c> selects them: what its processes wrote carries <c>_SYSTEMD_UNIT</c>,
/// what systemd wrote about it (a failure, a watchdog that ran out) carries <c>UNIT</c> and systemd's own pid, 1.
/// Fields with a leading underscore are set by journald and cannot be forged; <c>UNIT</c> alone could be.
/// </summary>
internal static class JournalMatches
{
    public static void Apply(JournalHandle journal, JournalQuery query)
    {
        UnitNames.ThrowIfInvalid(query.Unit);
        if (query.MaxPriority is < 0 or > 7)
        {
            throw new ArgumentOutOfRangeException(nameof(query), $"{query.MaxPriority} is no syslog priority: 0 to 7.");
        }

        LibSystemdJournal.sd_journal_flush_matches(journal);
        if (query.UserUnit || query.UserId is not null)
        {
            Match(journal, "_SYSTEMD_USER_UNIT=" + query.Unit);
            MatchUser(journal, query.UserId);
            Or(journal);
            Match(journal, "USER_UNIT=" + query.Unit);
            MatchUser(journal, query.UserId);

            if (query.UserId is null)
            {
                // Any process of any user may write USER_UNIT=: only what a user's manager wrote counts.
                Match(journal, "_SYSTEMD_USER_UNIT=init.scope");
            }
        }
        else
        {
            Match(journal, "_SYSTEMD_UNIT=" + query.Unit);
            Or(journal);
            Match(journal, "UNIT=" + query.Unit);
            Match(journal, "_PID=1");
        }

        if (query.MaxPriority is not { } worst)
        {
            return;
        }

        JournalReader.Check(LibSystemdJournal.sd_journal_add_conjunction(journal), "select lines");
        for (var priority = 0; priority <= worst; priority++)
        {
            // Values of one field are alternatives.
            Match(journal, "PRIORITY=" + priority.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void MatchUser(JournalHandle journal, uint? userId)
    {
        if (userId is { } uid)
        {
            Match(journal, "_UID=" + uid.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void Or(JournalHandle journal) =>
        JournalReader.Check(LibSystemdJournal.sd_journal_add_disjunction(journal), "select lines");

    private static unsafe void Match(JournalHandle journal, string match)
    {
        var bytes = Encoding.UTF8.GetBytes(match);
        fixed (byte* data = bytes)
        {
            var result = LibSystemdJournal.sd_journal_add_match(journal, data, (nuint)bytes.Length);
            JournalReader.Check(result, "select lines");
        }
    }
}
