using Blixard.Client.Contracts;

namespace Blixard.Cluster.Tests;

/// <summary>The host is there for as long as these tests are.</summary>
[CollectionDefinition(nameof(OneHost))]
public sealed class OnOneHost : ICollectionFixture<OneHost>;

/// <summary>
/// One real host with a node of its own, a user who has a systemd too, and a real QEMU guest where one can be had; made
/// once for the tests of what an agent sees.
/// </summary>
public sealed class OneHost : IAsyncLifetime
{
    public const string Guest = "guest";

    public const string UsersVm = "dev1";

    public const string User = "vmuser";

    /// <summary>Has neither a shell nor a manager.</summary>
    private const string OtherUser = "nobody";

    private static readonly string? Assets = Environment.GetEnvironmentVariable("BLIXARD_GUEST_ASSETS");

    internal Member Host { get; } = new("a1", "10.88.0.61");

    public async ValueTask InitializeAsync()
    {
        if (Hosts.Program is null)
        {
            return;
        }

        await Host.UpAsync(
            [Host],
            [
                "--bootstrap", "--vm", "web1=idle", "--user-vm", $"{UsersVm}=idle",
                .. string.IsNullOrEmpty(Assets) ? Array.Empty<string>() : ["--vm", $"{Guest}=guest"],
                "--env", $"BLIXARD__AGENT__USERS__0={User}",
                "--env", $"BLIXARD__AGENT__USERS__1={OtherUser}",
                "--env", "BLIXARD__AGENT__SAMPLESECONDS=1",
                "--env", "BLIXARD__AGENT__KEEPALIVESECONDS=2",
                // So that the history finds its disk full by itself.
                "--env", "BLIXARD__HISTORY__RESERVEBYTES=0",
            ]);
        await Host.OpenDoorAsync();
        await HasAsync("web1", vm => vm.State == VmState.Running);
    }

    public async ValueTask DisposeAsync()
    {
        Host.Dispose();
        if (Hosts.Program is not null)
        {
            await Hosts.TryAsync("kill", Host.Name);
            await Hosts.TryAsync("clean", Host.Name);
        }
    }

    internal static void RequireGuest()
    {
        ThreeHosts.Require();
        Assert.SkipWhen(
            string.IsNullOrEmpty(Assets), "needs a guest to boot: BLIXARD_GUEST_ASSETS is not set (make test sets it)");
    }

    internal async Task<string> ScrapeAsync()
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"http://127.0.0.1:{Host.Port}/metrics"));
    }

    /// <summary>Waits until the cluster says that of the VM.</summary>
    internal async Task<Vm> HasAsync(string vm, Func<Vm, bool> holds, int seconds = 40)
    {
        Vm? seen = null;
        await Eventually.HoldsAsync($"{vm} is as expected", TimeSpan.FromSeconds(seconds), async () =>
        {
            seen = await Host.VmAsync(vm);
            return holds(seen)
                ? true
                : throw new InvalidOperationException($"it is {seen.State}, {seen.Hypervisor}, {seen.Resources}");
        });
        return seen!;
    }
}
