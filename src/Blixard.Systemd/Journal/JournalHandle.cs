using Blixard.Systemd.Native;
using Microsoft.Win32.SafeHandles;

namespace Blixard.Systemd.Journal;

/// <summary>An sd_journal object. Used by one thread at a time.</summary>
internal sealed class JournalHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        LibSystemdJournal.sd_journal_close(handle);
        return true;
    }
}
