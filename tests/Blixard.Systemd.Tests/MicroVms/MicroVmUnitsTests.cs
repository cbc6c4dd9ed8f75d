using Blixard.Systemd.MicroVms;

namespace Blixard.Systemd.Tests.MicroVms;

public class MicroVmUnitsTests
{
    [Theory]
    [InlineData("microvm@web1.service", "web1")]
    [InlineData("microvm@a-b.service", "a-b")]
    [InlineData("microvm@a.b_C-9.service", "a.b_C-9")]
    [InlineData("microvm@virtiofsd.service", "virtiofsd")]
    public void A_system_unit_of_a_vm_gives_its_name_and_back(string unit, string vm)
    {
        Assert.Equal(new VmUnit(unit, vm, UnitScope.System), MicroVmUnits.Parse(unit, UnitScope.System));
        Assert.Equal(unit, MicroVmUnits.UnitOf(vm, UnitScope.System));
    }

    [Fact]
    public void A_user_unit_of_a_vm_gives_its_name_and_back()
    {
        Assert.Equal(
            new VmUnit("microvm-dev-1.service", "dev-1", UnitScope.User),
            MicroVmUnits.Parse("microvm-dev-1.service", UnitScope.User));
        Assert.Equal("microvm-dev-1.service", MicroVmUnits.UnitOf("dev-1", UnitScope.User));
    }

    [Theory]
    [InlineData("microvm-set-booted@web1.service")]
    [InlineData("microvm-tap-interfaces@web1.service")]
    [InlineData("microvm-macvtap-interfaces@web1.service")]
    [InlineData("microvm-pci-devices@web1.service")]
    [InlineData("microvm-virtiofsd@web1.service")]
    [InlineData("install-microvm-web1.service")]
    public void A_helper_of_microvm_nix_is_no_vm_in_either_manager(string unit)
    {
        foreach (var scope in Enum.GetValues<UnitScope>())
        {
            var helper = Assert.IsType<NotAVmUnit>(MicroVmUnits.Parse(unit, scope));
            Assert.Contains("helper unit of microvm.nix", helper.Reason, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("sshd.service", UnitScope.System)]
    [InlineData("microvm-web1.service", UnitScope.System)]
    [InlineData("microvm@web1.service", UnitScope.User)]
    [InlineData("microvm@web1.socket", UnitScope.System)]
    [InlineData("microvms.target", UnitScope.System)]
    [InlineData("microvm@.service", UnitScope.System)]
    [InlineData("Microvm@web1.service", UnitScope.System)]
    public void Another_unit_is_no_vm(string unit, UnitScope scope) =>
        Assert.IsType<NotAVmUnit>(MicroVmUnits.Parse(unit, scope));

    [Theory]
    [InlineData(@"microvm@a\x2db.service", "it stands for 'a-b'")]
    [InlineData(@"microvm@\xc3\xb6.service", "it stands for 'ö'")]
    [InlineData(@"microvm@a\x2.service", "holds a backslash")]
    [InlineData(@"microvm@a\.service", "holds a backslash")]
    [InlineData("microvm@a..b.service", "'..'")]
    [InlineData("microvm@-a.service", "must match")]
    [InlineData("microvm@.a.service", "must match")]
    [InlineData("microvm@a:b.service", "must match")]
    [InlineData("microvm@a@b.service", "must match")]
    [InlineData("microvm@ö.service", "must match")]
    public void A_vm_whose_name_is_refused_says_why(string unit, string reason)
    {
        var refused = Assert.IsType<RefusedVmUnit>(MicroVmUnits.Parse(unit, UnitScope.System));
        Assert.Contains(reason, refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_has_at_most_63_characters()
    {
        Assert.Null(MicroVmUnits.WhyInvalid(new string('a', 63)));
        Assert.NotNull(MicroVmUnits.WhyInvalid(new string('a', 64)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("web1\n")]
    [InlineData("..")]
    public void No_unit_is_made_of_a_bad_name(string name) =>
        Assert.Throws<ArgumentException>(() => MicroVmUnits.UnitOf(name, UnitScope.System));

    [Fact]
    public void A_refusal_carries_no_control_characters() =>
        Assert.DoesNotContain('\u001b', MicroVmUnits.WhyInvalid("a\u001b[31m")!);

    [Theory]
    [InlineData("activating", "start", VmState.Starting)]
    [InlineData("activating", "auto-restart", VmState.Starting)]
    [InlineData("active", "running", VmState.Running)]
    [InlineData("active", "exited", VmState.Unknown)]
    [InlineData("deactivating", "stop-sigterm", VmState.Stopping)]
    [InlineData("inactive", "dead", VmState.Stopped)]
    [InlineData("failed", "failed", VmState.Failed)]
    [InlineData("reloading", "reload", VmState.Unknown)]
    [InlineData("something new", "", VmState.Unknown)]
    public void States_of_the_unit_are_states_of_the_vm(string active, string sub, VmState state) =>
        Assert.Equal(state, VmStates.FromUnit(active, sub));
}
