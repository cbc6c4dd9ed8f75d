# Three nodes with the module; stand-ins for the units of microvm.nix, one of which is stopped and must be seen so
# everywhere, and a node that loses power.
{ lib, ... }:
let
  names = [
    "n1"
    "n2"
    "n3"
  ];
  peers = lib.imap1 (i: name: "${name}=192.168.1.${toString i}:7481") names;

  node = name: {
    services.blixard = {
      enable = true;
      inherit peers;
      bootstrap = true;
      openFirewall = true;
    };
    systemd.services."microvm@" = {
      description = "MicroVM '%i'";
      serviceConfig.ExecStart = "/bin/sh -c 'exec /run/current-system/sw/bin/sleep infinity'";
    };
    systemd.tmpfiles.rules = [ "d /var/lib/microvms/web-${name}/current 0755 root root" ];
    systemd.targets.multi-user.wants = [ "microvm@web-${name}.service" ];
  };
in
{
  name = "blixard-cluster";
  nodes = lib.genAttrs names node;

  testScript = ''
    start_all()
    for machine in machines:
        machine.wait_for_unit("blixard-node.service")

    for machine in machines:
        machine.wait_until_succeeds("blixard cluster status -o json | grep -q '\"leader\": \"n'", timeout=60)
    for vm in ["web-n1", "web-n2", "web-n3"]:
        n1.wait_until_succeeds(f"blixard vm show {vm} -o json | grep -q '^  \"state\": \"running\"'", timeout=60)

    with subtest("a stopped unit is seen through another node"):
        n2.succeed("systemctl stop microvm@web-n2.service")
        n3.wait_until_succeeds("blixard vm show web-n2 -o json | grep -q '^  \"state\": \"stopped\"'", timeout=10)

    with subtest("a lost node is marked, and comes back as itself"):
        n3.crash()
        n1.wait_until_succeeds("blixard vm show web-n3 -o json | grep -q '^  \"stale\": true'", timeout=30)
        n3.start()
        n1.wait_until_succeeds("blixard vm show web-n3 -o json | grep -q '^  \"stale\": false'", timeout=120)
  '';
}
