# `make demo` and `make test` are all a newcomer needs; both build first, and say what is missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build test check sim soak mutants demo bench-raft bench-etcd bench-agent clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build everything (Release) and publish blixard-node and blixard to artifacts/publish
	@scripts/build

test: ## every test, those on real systemd hosts included (ONLY=NAME: projects whose name contains NAME)
	@scripts/test

check: ## format, analyzers, shell scripts
	@scripts/check

sim: ## the deterministic simulator alone (SEEDS=800 EVENTS=20000 SEED_BASE=1; SEED=n replays one with its trace)
	@scripts/simulate Blixard.Raft.Simulation

soak: ## real faults on real hosts under load; are the clients' histories linearizable? (FAULTS=50 SEED=n CLIENTS=12)
	@scripts/soak

mutants: ## break the rules of Raft one by one: the simulator must find each (MUTANT_SEEDS=1000; MUTANT=name)
	@scripts/simulate Blixard.Raft.Mutants

demo: ## three real systemd hosts with a cluster on them, to look at (DEMO_ONCE=1: checks itself and ends)
	@demo/demo

bench-raft: ## the consensus engine alone: append, commit, apply, snapshot, restart (BENCH_SECONDS=4)
	@scripts/bench raft

bench-etcd: ## three nodes against three of etcd, on this machine and disk (BENCH_SECONDS=4 BENCH_REPS=3 BENCH_TRIALS=20)
	@scripts/bench etcd

bench-agent: ## what watching 1,000 units costs, against node-exporter, on a real host (BENCH_SECONDS=60 BENCH_REPS=3)
	@scripts/bench agent

clean: ## remove what was built, and hosts whose owner was killed
	@scripts/clean
