# blixard-node and blixard. The NuGet packages are pinned by hash in deps.json (deps.sh writes it).
{
  lib,
  buildDotnetModule,
  dotnetCorePackages,
  protobuf,
  systemd,
}:
buildDotnetModule {
  pname = "blixard";
  version = "0.1.0";

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../src
      ../global.json
      ../Directory.Build.props
      ../Directory.Packages.props
      ../.editorconfig
    ];
  };

  projectFile = [
    "src/Blixard.Node/Blixard.Node.csproj"
    "src/Blixard.Cli/Blixard.Cli.csproj"
  ];
  executables = [
    "blixard-node"
    "blixard"
  ];
  nugetDeps = ./deps.json;
  dotnet-sdk = dotnetCorePackages.sdk_10_0;
  dotnet-runtime = dotnetCorePackages.aspnetcore_10_0;

  # Code compiled ahead needs a compiler package of exactly the SDK's version, which cannot be pinned beside a pinned
  # nixpkgs; the CLI starts some 60 ms later without, and a busy daemon is slower at first.
  dotnetFlags = [ "-p:PublishReadyToRun=false" ];

  # Grpc.Tools brings a protoc that is linked for other distributions.
  env.PROTOBUF_PROTOC = lib.getExe' protobuf "protoc";

  # libsystemd.so.0: bus, journal and notify.
  runtimeDeps = [ systemd ];

  meta = {
    description = "Control plane for microVMs that run as systemd units";
    mainProgram = "blixard";
    platforms = lib.platforms.linux;
  };
}
