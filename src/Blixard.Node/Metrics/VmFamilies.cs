namespace Blixard.Node.Metrics;

/// <summary>The metrics of VMs, as docs/metrics.md lists them. Counters start anew with the unit.</summary>
internal sealed class VmFamilies(PrometheusText text)
{
    public MetricFamily State { get; } =
        text.Gauge("blixard_vm_state", "1 for the state the VM's unit is in, 0 for the others.");

    public MetricFamily Healthy { get; } =
        text.Gauge("blixard_vm_healthy", "1 if all checks of the VM pass, those of its monitor included.");

    public MetricFamily Health { get; } = text.Gauge(
        "blixard_vm_health", "1 for what the VM's checks amount to, by their weights, 0 for the others.");

    public MetricFamily Check { get; } = text.Gauge("blixard_vm_check", "1 if this check of the VM passes.");

    public MetricFamily Cpu { get; } =
        text.Counter("blixard_vm_cpu_seconds_total", "CPU time used by the VM's unit.");

    public MetricFamily Memory { get; } =
        text.Gauge("blixard_vm_memory_bytes", "Memory of the host that the VM's unit uses.");

    public MetricFamily MemoryLimit { get; } =
        text.Gauge("blixard_vm_memory_limit_bytes", "Memory that the VM may use: its size, else its cgroup's limit.");

    public MetricFamily Swap { get; } = text.Gauge("blixard_vm_swap_bytes", "Swap that the VM's unit uses.");

    public MetricFamily DiskRead { get; } =
        text.Counter("blixard_vm_disk_read_bytes_total", "Bytes read from block devices.");

    public MetricFamily DiskWritten { get; } =
        text.Counter("blixard_vm_disk_written_bytes_total", "Bytes written to block devices.");

    public MetricFamily DiskReads { get; } =
        text.Counter("blixard_vm_disk_reads_total", "Read operations on block devices.");

    public MetricFamily DiskWrites { get; } =
        text.Counter("blixard_vm_disk_writes_total", "Write operations on block devices.");

    public MetricFamily NetworkReceived { get; } =
        text.Counter("blixard_vm_network_receive_bytes_total", "Bytes that the guest received.");

    public MetricFamily NetworkTransmitted { get; } =
        text.Counter("blixard_vm_network_transmit_bytes_total", "Bytes that the guest sent.");

    public MetricFamily PacketsReceived { get; } =
        text.Counter("blixard_vm_network_receive_packets_total", "Packets that the guest received.");

    public MetricFamily PacketsTransmitted { get; } =
        text.Counter("blixard_vm_network_transmit_packets_total", "Packets that the guest sent.");

    public MetricFamily ReceiveErrors { get; } =
        text.Counter("blixard_vm_network_receive_errors_total", "Packets for the guest that were damaged.");

    public MetricFamily TransmitErrors { get; } =
        text.Counter("blixard_vm_network_transmit_errors_total", "Packets of the guest that were damaged.");

    public MetricFamily ReceiveDropped { get; } =
        text.Counter("blixard_vm_network_receive_dropped_total", "Packets for the guest that were dropped.");

    public MetricFamily TransmitDropped { get; } =
        text.Counter("blixard_vm_network_transmit_dropped_total", "Packets of the guest that were dropped.");

    public MetricFamily PidsLimit { get; } =
        text.Gauge("blixard_vm_pids_limit", "The most processes and threads that the VM's unit may have.");

    public MetricFamily Stalled { get; } = text.Counter(
        "blixard_vm_stalled_seconds_total", "Time in which some or all of the unit's processes waited for a resource.");

    public MetricFamily Pids { get; } = text.Gauge("blixard_vm_pids", "Processes and threads of the VM's unit.");

    public MetricFamily Restarts { get; } =
        text.Counter("blixard_vm_restarts_total", "Automatic restarts since the unit was started by hand.");

    public MetricFamily Vcpus { get; } = text.Gauge("blixard_vm_vcpus", "Virtual CPUs of the running guest.");

    public MetricFamily RestartPending { get; } = text.Gauge(
        "blixard_vm_restart_pending", "1 if the next start of the VM takes another runner than the one that runs.");
}
