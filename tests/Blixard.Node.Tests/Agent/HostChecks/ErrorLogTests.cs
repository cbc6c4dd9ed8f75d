using Blixard.Node.Agent;
using Blixard.Node.Agent.HostChecks;
using Blixard.StateMachine.State;
using Blixard.Systemd.Journal;
using Blixard.Systemd.MicroVms;

namespace Blixard.Node.Tests.Agent.HostChecks;

public sealed class ErrorLogTests
{
    private const string Unit = "microvm@web1.service";

    private static readonly AgentVm Web = new() { Name = "web1", Unit = Unit, Scope = UnitScope.System };

    private readonly FakeTime _time = new();
    private readonly ErrorLog _log;

    public ErrorLogTests() => _log = new(new(new([])), _time);

    [Fact]
    public void The_errors_of_the_last_hour_are_counted_and_the_newest_five_kept()
    {
        Add(7);
        var found = _log.Of(Web);
        Assert.Equal((7, false, null), (found.Count, found.AtLeast, found.Trouble));
        Assert.Equal(["error 2", "error 3", "error 4", "error 5", "error 6"], found.Newest.Select(line => line.Message));
        Assert.Equal("7 errors in last hour", Check(found).Message);
        Assert.False(Check(found).Passed);

        _time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(0, _log.Of(Web).Count);
        Assert.Empty(_log.Of(Web).Newest);
        Assert.True(Check(_log.Of(Web)).Passed);
    }

    [Fact]
    public void Of_a_flood_the_newest_hundred_are_kept_and_the_count_says_at_least()
    {
        Add(5000);
        Assert.Equal("at least 100 errors in last hour", Check(_log.Of(Web)).Message);
    }

    [Fact]
    public void Lines_that_nobody_looked_at_make_every_count_a_least_one_for_an_hour()
    {
        Add(1, passedOver: true);
        Assert.Equal("at least 1 errors in last hour", Check(_log.Of(Web)).Message);
        _time.Advance(TimeSpan.FromMinutes(61));
        Add(1);
        Assert.Equal("1 errors in last hour", Check(_log.Of(Web)).Message);
    }

    [Fact]
    public void What_was_not_looked_at_is_told_since_when_and_why_until_it_is_an_hour_old()
    {
        Add(1);
        Assert.Null(_log.Missing);
        Add(1, passedOver: true);
        _time.Advance(TimeSpan.FromMinutes(30));
        _log.Lost("no permission");
        Assert.Equal((FakeTime.Start, "no permission"), _log.Missing);
        Add(1);
        Assert.StartsWith("more errors came than are looked at", _log.Missing!.Value.Reason, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(61));
        Assert.Null(_log.Missing);
    }

    [Fact]
    public void Units_of_one_name_are_told_apart_by_the_user_in_whose_manager_they_are()
    {
        uint? bobsId = null;
        var systemd = new FakeSystemd();
        var users = new UserIds(new(
        [
            new("user ann", UnitScope.User, systemd, systemd) { FindUserId = () => 1001 },
            new("user bob", UnitScope.User, systemd, systemd) { FindUserId = () => bobsId },
        ]));
        var log = new ErrorLog(users, _time);
        var (ann, bob) = (
            Web with { Scope = UnitScope.User, Bus = "user ann" }, Web with { Scope = UnitScope.User, Bus = "user bob" });
        users.LookUp();
        log.Add(new([Line(Unit, "a", 1001), Line(Unit, "b", 1002), Line(Unit, "c", 1002)], PassedOver: false, 3));

        Assert.Equal((0, 1), (log.Of(Web).Count, log.Of(ann).Count));
        Assert.Equal("not known: nobody knows the user bob yet", Check(log.Of(bob)).Message);
        bobsId = 1002;
        users.LookUp();
        Assert.Equal(2, log.Of(bob).Count);
        Assert.False(Check(log.Of(bob)).Passed);
    }

    [Fact]
    public void A_journal_that_can_not_be_read_is_said_and_is_no_failure_of_the_vm()
    {
        Assert.True(Check(_log.Of(Web)).Passed);
        _log.Lost("no permission");
        Assert.Equal((true, "not known: no permission"), (Check(_log.Of(Web)).Passed, Check(_log.Of(Web)).Message));
        Add(1);
        Assert.Equal("at least 1 errors in last hour", Check(_log.Of(Web)).Message);
    }

    [Fact]
    public void A_line_is_cut_between_characters_and_has_no_control_characters()
    {
        _log.Add(new([Line(Unit, "\u001b[31m" + new string('ä', 300))], PassedOver: false, 1));
        var line = Assert.Single(_log.Of(Web).Newest);
        Assert.StartsWith(" [31mää", line.Message, StringComparison.Ordinal);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(line.Message), 254, 256);
        Assert.DoesNotContain(line.Message, char.IsControl);
    }

    [Fact]
    public void A_policy_says_how_many_errors_are_too_many()
    {
        Add(3);
        Assert.True(Check(_log.Of(Web), VmHealthPolicy.None with { MaxJournalErrors = 3 }).Passed);
        Assert.False(Check(_log.Of(Web), VmHealthPolicy.None with { MaxJournalErrors = 2 }).Passed);
    }

    private static HostCheck Check(ErrorCount count, VmHealthPolicy? policy = null) =>
        JournalErrorsCheck.Run(count, policy ?? VmHealthPolicy.None, HealthSettings.Usual);

    private void Add(int lines, bool passedOver = false) =>
        _log.Add(new([.. Enumerable.Range(0, lines).Select(i => Line(Unit, $"error {i}"))], passedOver, lines));

    private UnitErrorLine Line(string unit, string message, uint? user = null) =>
        new(unit, user, _time.GetUtcNow(), 3, message);
}
