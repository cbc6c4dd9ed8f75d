{
  description = "Blixard: the control plane for microVMs that run as systemd units";

  # The repository is one level up, and a flake sees nothing above itself: use it as `?dir=nix` of the repository, for
  # instance `nix build 'git+file:.?dir=nix'`. `nix flake lock` pins the input.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forAll = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      packages = forAll (pkgs: {
        default = pkgs.callPackage ./package.nix { };
      });

      overlays.default = final: _: { blixard = final.callPackage ./package.nix { }; };

      nixosModules.default = {
        imports = [ ./module.nix ];
        nixpkgs.overlays = [ self.overlays.default ];
      };

      # Three virtual machines, each a node: `nix build 'git+file:.?dir=nix#checks.x86_64-linux.cluster'`.
      checks = forAll (pkgs: {
        # The test's machines take their packages from outside and may not add overlays of their own.
        cluster = (pkgs.extend self.overlays.default).testers.runNixOSTest {
          imports = [ ./test.nix ];
          extraBaseModules.imports = [ ./module.nix ];
        };
      });

      formatter = forAll (pkgs: pkgs.nixfmt-rfc-style);
    };
}
