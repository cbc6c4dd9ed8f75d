using Blixard.StateMachine.Commands;
using Blixard.StateMachine.State;

namespace Blixard.Node.Metrics;

/// <summary>States as label values: the words of the API's JSON.</summary>
internal static class Names
{
    public static string Of(VmState state) => MetricNames.Word(state.ToString());

    public static string Of(HealthStatus status) => MetricNames.Word(status.ToString());

    public static string Of(NodeStatus status) => MetricNames.Word(status.ToString());
}
