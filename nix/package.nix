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
      ../systemd
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

  # The gate and the fence, with the units that start them; what they name below /opt is in this package here.
  postInstall = ''
    $CC -std=gnu11 -O1 -ffreestanding -fno-builtin -fno-stack-protector -fno-pie -fno-asynchronous-unwind-tables \
      -static -nostdlib -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -o blixard-fence systemd/blixard-fence.c
    install -Dm755 -t $out/libexec blixard-fence systemd/blixard-gate
    install -Dm644 systemd/blixard.tmpfiles.conf $out/lib/tmpfiles.d/blixard.conf
    units=$out/lib/systemd/system
    mkdir -p $units
    cp -r systemd/*.slice systemd/*.mount systemd/*.d $units
    cp systemd/blixard-{fence@,canary,exec,anchor}.service $units
    find $units -type f -exec sed -i "s|/opt/blixard/libexec|$out/libexec|; /^RequiresMountsFor=/d" {} +
  '';
  # The fence program runs without a C library, and so without what a hardened start of one sets up.
  hardeningDisable = [ "all" ];

  meta = {
    description = "Control plane for microVMs that run as systemd units";
    mainProgram = "blixard";
    platforms = lib.platforms.linux;
  };
}
