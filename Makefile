# The front door. `make help` lists what there is to do; the work is done by CMake, CTest, pytest
# and the scripts in scripts/.

.DEFAULT_GOAL := help
.PHONY: help setup build run check unit golden golden-update integration e2e fuzz bench test lint \
        format tidy clean kube-up kube-down kube-shell

TARGET  ?=
SECONDS ?= 600

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
	    while IFS='|' read -r name text; do printf '%-24s %s\n' "$$name" "$$text"; done

setup: ## Install what running and testing need (Debian 12; asks nothing)
	scripts/setup run test

build: ## Build with GCC; the programs are in build/bin
	scripts/build gcc

run: ## Install, build, and serve examples/quickstart until Ctrl-C
	scripts/setup run
	scripts/build gcc otemon
	scripts/run

check: build lint unit golden ## The loop to work in: build, lint, unit, golden

unit: ## Unit tests of the GCC build
	scripts/test unit

golden: ## Golden cases of the compiler
	scripts/test golden

golden-update: build ## Rewrite the golden files and their page; review the diff
	cmake --build build --target golden-update
	tests/golden/page.py

integration: ## The real programs with real clients and back ends
	scripts/test integration

e2e: ## The images in a Kubernetes of their own (as root)
	scripts/setup test
	scripts/test e2e

fuzz: ## Fuzz one parser: make fuzz TARGET=name SECONDS=600
	scripts/setup fuzz
	scripts/fuzz "$(TARGET)" "$(SECONDS)"

bench: ## Measure against NGINX, HAProxy and Envoy, and the operator in a Kubernetes (as root)
	scripts/setup bench
	scripts/build gcc
	bench/run

kube-up: ## Bring up a Kubernetes of one node, with the images of this tree (as root)
	scripts/setup cluster
	tests/cluster/up

kube-down: ## End that Kubernetes
	tests/cluster/down

kube-shell: ## A shell in it, with kubectl and helm
	tests/cluster/enter

test: ## Everything, from installing to a Kubernetes, with the seconds of each phase
	scripts/setup run test
	scripts/test

lint: ## The rules of the tree, its format among them
	scripts/test lint

format: ## Format every C file
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format-14 -i

tidy: ## clang-tidy, its analyzer included (slow)
	scripts/tidy --analyze

clean: ## Remove everything that was built
	tests/cluster/down
	rm -rf build
