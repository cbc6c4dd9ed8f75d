using static Blixard.Linearizability.Tests.Histories;

namespace Blixard.Linearizability.Tests;

public sealed class CheckerTests
{
    [Fact]
    public void An_empty_history_is_linearizable() => Assert.True(Check().IsLinearizable);

    [Fact]
    public void One_after_the_other_is_linearizable() => Assert.True(Check(
        Read(null, 0, 1), Write("a", 2, 3), Read("a", 4, 5), Delete(6, 7), Read(null, 8, 9)).IsLinearizable);

    [Fact]
    public void Reads_during_a_write_may_answer_old_and_new_but_not_new_and_then_old()
    {
        Assert.True(Check(Write("a", 0, 1), Write("b", 2, 9), Read("a", 3, 4), Read("b", 5, 6)).IsLinearizable);
        Assert.False(Check(Write("a", 0, 1), Write("b", 2, 9), Read("b", 3, 4), Read("a", 5, 6)).IsLinearizable);
    }

    [Fact]
    public void What_completes_when_another_begins_overlaps_it() =>
        Assert.True(Check(Write("a", 0, 1), Write("b", 1, 2), Read("a", 2, 3), Read("a", 4, 5)).IsLinearizable);

    [Fact]
    public void A_stale_read_is_found()
    {
        var verdict = Assert.IsType<Violation>(
            Check(Write("a", 0, 1), Write("b", 2, 3), Read("a", 4, 5), Write("c", 6, 7), Read("c", 8, 9)));
        Assert.Equal(2, verdict.BrokenBy);
        Assert.Equal([0], verdict.Prefix);
        Assert.Equal([1], verdict.Unplaced);
        Assert.Equal(
            """
            not linearizable from here on:
              #2 r [4 .. 5] read -> a
            an order was found for 1 of what was before:
              #0 w [0 .. 1] write a
              now the state is a, which is still to be seen
            and what must come next, nothing of it fits:
              #1 w [2 .. 3] write b

            """,
            verdict.ToString());
    }

    [Fact]
    public void A_lost_write_is_found() =>
        Assert.False(Check(Write("a", 0, 1), Read(null, 2, 3)).IsLinearizable);

    [Fact]
    public void A_write_that_takes_effect_twice_is_found() => Assert.False(Check(
        Write("a", 0, 1), Write("b", 2, 3), Read("b", 4, 5), Read("a", 6, 7), Read("a", 8, 9)).IsLinearizable);

    [Fact]
    public void A_value_that_nobody_wrote_is_found() => Assert.False(Check(Read("a", 0, 1)).IsLinearizable);

    [Fact]
    public void A_value_that_is_read_before_it_is_written_is_found()
    {
        Assert.False(Check(Read("a", 0, 1), Write("a", 2, 3)).IsLinearizable);
        Assert.False(Check(Read("a", 0, 1), Write("a", 2, null)).IsLinearizable);
    }

    [Fact]
    public void A_deleted_value_that_comes_back_is_found() => Assert.False(Check(
        Write("a", 0, 1), Delete(2, 3), Read(null, 4, 5), Read("a", 6, 7)).IsLinearizable);

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public void A_write_of_unknown_outcome_may_have_taken_effect_or_not(string seen) => Assert.True(Check(
        Write("a", 0, 1), Write("b", 2, null), Read(seen, 4, 5), Read(seen, 6, 7)).IsLinearizable);

    [Fact]
    public void A_write_of_unknown_outcome_may_take_effect_late_but_only_once()
    {
        Assert.True(Check(
            Write("a", 0, null), Write("b", 2, 3), Read("b", 4, 5), Read("a", 6, 7)).IsLinearizable);
        Assert.False(Check(
            Write("a", 0, null), Read("a", 1, 2), Write("b", 3, 4), Read("b", 5, 6), Read("a", 7, 8)).IsLinearizable);
    }

    [Fact]
    public void Deletes_of_unknown_outcome_explain_no_more_absences_than_there_are_deletes()
    {
        Assert.True(Check(
            Delete(0, null), Write("a", 1, 2), Read("a", 3, 4), Read(null, 5, 6), Write("b", 7, 8), Read("b", 9, 10))
            .IsLinearizable);
        Assert.False(Check(
            Delete(0, null), Write("a", 1, 2), Read(null, 3, 4), Write("b", 5, 6), Read(null, 7, 8)).IsLinearizable);
        Assert.True(Check(
            Delete(0, null), Delete(0, null), Write("a", 1, 2), Read(null, 3, 4), Write("b", 5, 6), Read(null, 7, 8))
            .IsLinearizable);
    }

    [Fact]
    public void A_read_of_unknown_outcome_says_nothing() =>
        Assert.True(Check(Write("a", 0, 1), Read("z", 2, null)).IsLinearizable);

    [Fact]
    public void The_initial_value_is_what_a_register_holds_first() => Assert.True(Checker.Check(
        new Register("z"), [Read("z", 0, 1), Write("a", 0, 3), Read("a", 2, 3)]).IsLinearizable);

    [Fact]
    public void Who_gives_up_has_shown_nothing()
    {
        var verdict = Checker.Check(
            new Register(), [Write("a", 0, 1), Write("b", 2, 3), Read("b", 4, 5)], new Bound(Steps: 1));
        Assert.IsType<GaveUp>(verdict);
        Assert.False(verdict.IsLinearizable);
    }

    [Fact]
    public void An_operation_that_completed_before_it_was_invoked_is_refused() =>
        Assert.Throws<ArgumentException>(() => Check(Write("a", 2, 1)));

    [Fact]
    public void Each_key_is_checked_for_itself()
    {
        var verdicts = Checker.CheckPerKey(
            new Register(),
            [
                KeyValuePair.Create("x", Write("a", 0, 1)), KeyValuePair.Create("y", Read(null, 2, 3)),
                KeyValuePair.Create("x", Read(null, 2, 3)),
            ]);
        Assert.Equal([("x", false), ("y", true)], verdicts.Select(v => (v.Key, v.Value.IsLinearizable)));
    }
}
