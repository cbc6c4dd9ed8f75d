# services.blixard: a Blixard node on this host.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.blixard;
  json = pkgs.formats.json { };

  own = lib.findFirst (peer: lib.hasPrefix "${cfg.nodeName}=" peer) null cfg.peers;
  portOf = address: lib.toInt (lib.last (lib.splitString ":" address));

  # Where the node listens, by the same rules as blixard-node itself (docs/configuration.md).
  raftPort = portOf (if own == null then ":7481" else own);
  apiPort = portOf (cfg.settings.Api.Listen or ":7480");

  configFile = json.generate "blixard.json" cfg.settings;
in
{
  options.services.blixard = {
    enable = lib.mkEnableOption "Blixard, the control plane for microVMs that run as systemd units";

    package = lib.mkPackageOption pkgs "blixard" { };

    nodeName = lib.mkOption {
      type = lib.types.strMatching "[A-Za-z0-9][A-Za-z0-9_.-]{0,62}";
      default = config.networking.hostName;
      defaultText = lib.literalExpression "config.networking.hostName";
      description = "Name of this node, unique in the cluster and the same for the life of its data directory.";
    };

    peers = lib.mkOption {
      type = lib.types.listOf (lib.types.strMatching "[A-Za-z0-9][A-Za-z0-9_.-]{0,62}=.+:[0-9]+");
      default = [ ];
      example = [
        "n1=10.0.0.11:7481"
        "n2=10.0.0.12:7481"
        "n3=10.0.0.13:7481"
      ];
      description = ''
        All members as `NAME=HOST:PORT` of their Raft addresses, this node included; the same list on every node.
        Empty: a single node, which listens on the loopback interface only.
      '';
    };

    bootstrap = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether this node may create its identity in an empty data directory, as a member of the cluster that `peers`
        describes. Set it for the first start of a new cluster and take it back afterwards: a member that lost its disk
        must not come back as itself.
      '';
    };

    fencing.enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether VMs start through Blixard's gate, and the fence is installed. Needed on every host of a cluster that
        manages VMs, and of no use before it does. No VM starts here before the node has run once.
      '';
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to open the ports of the API and of Raft.";
    };

    settings = lib.mkOption {
      type = lib.types.submodule { freeformType = json.type; };
      default = { };
      example = {
        Agent.SampleSeconds = 10;
        Node.Labels.rack = "r1";
      };
      description = ''
        The configuration file, {file}`/etc/blixard/blixard.json`. Unknown keys are refused by the node when it starts.
        See docs/configuration.md for all keys.
      '';
    };

    credentials = lib.mkOption {
      type = lib.types.attrsOf lib.types.path;
      default = { };
      example = {
        "tls.key" = "/run/secrets/blixard.key";
      };
      description = ''
        Files that only root may read and that the node finds in {env}`CREDENTIALS_DIRECTORY`, by their names. They are
        read at start and never copied to the Nix store.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.peers == [ ] || own != null;
        message = "services.blixard.peers does not name this node, ${cfg.nodeName}.";
      }
      {
        assertion = lib.allUnique (map (peer: lib.head (lib.splitString "=" peer)) cfg.peers);
        message = "services.blixard.peers names a node twice.";
      }
      {
        assertion = !cfg.bootstrap || cfg.peers != [ ];
        message = "services.blixard.bootstrap needs peers: a single node needs no bootstrap.";
      }
    ];

    services.blixard.settings = {
      Node.Name = cfg.nodeName;
      Cluster.Peers = lib.mkIf (cfg.peers != [ ]) cfg.peers;
    };

    environment.etc."blixard/blixard.json".source = configFile;
    environment.systemPackages = [ cfg.package ];

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [
      apiPort
      raftPort
    ];

    systemd.packages = lib.mkIf cfg.fencing.enable [ cfg.package ];
    systemd.tmpfiles.packages = lib.mkIf cfg.fencing.enable [ cfg.package ];
    systemd.services.blixard-exec.wantedBy = lib.mkIf cfg.fencing.enable [ "multi-user.target" ];
    systemd.services.blixard-anchor.wantedBy = lib.mkIf cfg.fencing.enable [ "multi-user.target" ];

    # Keep in step with systemd/blixard-node.service, which says why each line is there.
    systemd.services.blixard-node = {
      description = "Blixard node: control plane for microVMs";
      wantedBy = [ "multi-user.target" ];
      wants = [
        "network-online.target"
        "blixard-exec.service"
      ];
      after = [
        "network-online.target"
        "dbus.service"
        "blixard-exec.service"
      ];
      restartTriggers = [ configFile ];
      serviceConfig = {
        Type = "notify";
        ExecStart = lib.escapeShellArgs (
          [ (lib.getExe' cfg.package "blixard-node") ] ++ lib.optional cfg.bootstrap "--bootstrap"
        );
        ExecReload = "${lib.getExe' pkgs.coreutils "kill"} -HUP $MAINPID";
        Restart = "always";
        RestartSec = 10;
        WatchdogSec = 60;
        TimeoutStartSec = 90;
        TimeoutStopSec = 30;

        StateDirectory = "blixard";
        StateDirectoryMode = "0700";
        RuntimeDirectory = "blixard";
        RuntimeDirectoryPreserve = "yes";
        LoadCredential = lib.mapAttrsToList (name: path: "${name}:${path}") cfg.credentials;

        CapabilityBoundingSet = [
          "CAP_DAC_READ_SEARCH"
          "CAP_DAC_OVERRIDE"
          "CAP_NET_RAW"
        ];
        NoNewPrivileges = true;
        ProtectSystem = "strict";
        ReadWritePaths = [
          "/var/lib/blixard"
          "-/var/lib/blixard-gate"
          "-/run/systemd/system"
        ];
        # Users' managers are in /run/user, which `true` would hide, and their VMs at home.
        ProtectHome = if (cfg.settings.Agent.Users or [ ]) == [ ] then true else "read-only";
        PrivateTmp = true;
        PrivateDevices = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        RestrictAddressFamilies = [
          "AF_UNIX"
          "AF_INET"
          "AF_INET6"
          "AF_NETLINK"
        ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        LockPersonality = true;
        RemoveIPC = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = [ "@system-service" ];
        SystemCallErrorNumber = "EPERM";
        UMask = "0077";
      };
    };
  };
}
