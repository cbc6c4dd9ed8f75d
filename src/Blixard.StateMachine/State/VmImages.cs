using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State.Images;

namespace Blixard.StateMachine.State;

/// <summary>VMs in a snapshot.</summary>
internal static class VmImages
{
    public static VmImage Of(Vm vm)
    {
        var image = new VmImage
        {
            Name = vm.Name,
            Uuid = vm.Uuid,
            CreatedAt = vm.CreatedAt,
            Monitor = vm.Monitor ?? "",
            HealthPolicy = vm.HealthPolicy is { } policy ? HealthPolicyCodec.Write(policy) : null,
        };
        image.Observations.AddRange(vm.Observations.Values.Select(observation => Of(vm.Name, observation)));
        image.RefusedClaims.AddRange(
            vm.RefusedClaims.Select(claim => new ClaimImage { Node = claim.Key, ClaimedAt = claim.Value }));
        image.Health.AddRange(vm.Health.Values.Select(Of));
        image.Annotations.AddRange(vm.Annotations.All.Select(
            pair => new AnnotationImage { Key = pair.Key, Value = pair.Value.Value }));
        image.Management = ManagementImages.Of(vm.Management);
        image.Placement = ManagementImages.Of(vm.Placement);
        image.Operation = ManagementImages.Of(vm.Operation);
        return image;
    }

    public static Vm Read(VmImage image) => new()
    {
        Name = image.Name,
        Uuid = image.Uuid,
        CreatedAt = image.CreatedAt,
        Monitor = image.Monitor.Length == 0 ? null : image.Monitor,
        HealthPolicy = image.HealthPolicy is { } policy ? HealthPolicyCodec.Read(policy) : null,
        Observations = StateImage.Keyed("observation", image.Observations.Select(Read), seen => seen.Node),
        RefusedClaims = Ordinal.Map<long>().AddRange(
            image.RefusedClaims.Select(claim => KeyValuePair.Create(claim.Node, claim.ClaimedAt))),
        Health = StateImage.Keyed("health", image.Health.Select(Read), health => health.Source),
        Annotations = Annotations.Of(
            StateImage.Keyed("annotation", image.Annotations, annotation => annotation.Key)
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value))),
        Management = ManagementImages.Read(image.Management),
        Placement = ManagementImages.Read(image.Placement),
        Operation = ManagementImages.Read(image.Operation),
    };

    private static ObservationImage Of(string vm, NodeObservation observation) => new()
    {
        Node = observation.Node,
        Observed = ObservationCodec.Write(vm, observation),
        LastUpdate = observation.LastUpdate,
        LastReported = observation.LastReported,
        Staleness = (uint)observation.Staleness,
    };

    private static NodeObservation Read(ObservationImage image) =>
        ObservationCodec.Read(image.Observed ?? new VmObservation(), image.Node) with
        {
            LastUpdate = image.LastUpdate,
            LastReported = image.LastReported,
            Staleness = (Staleness)image.Staleness,
        };

    private static HealthImage Of(Health health)
    {
        var image = new HealthImage
        {
            Source = health.Source,
            Node = health.Node,
            Message = health.Message,
            LastUpdate = health.LastUpdate,
        };
        if (health.Healthy is { } healthy)
        {
            image.Healthy = healthy;
        }

        image.Checks.AddRange(health.Checks.Values.Select(ObservationCodec.Write));
        return image;
    }

    private static Health Read(HealthImage image) => new(
        image.Source,
        image.Node,
        ObservationCodec.Read(image.Checks),
        image.HasHealthy ? image.Healthy : null,
        image.Message,
        image.LastUpdate);
}
