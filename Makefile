# The verbs of this project; `make` alone lists them. Each stands on its own in a clean clone.

ARCHITECTURE ?= arm64
export SAM_CLI_TELEMETRY := 0
# What some shells and images always have set: other people's modules, which would come before ours, and no bytecode, with
# which each of the bundle's processes compiles its libraries anew.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# What is on the machine comes first; the last two are made here and hold a sam and a pip for those who have none.
WITH_SAM := PATH="$$PATH:$(CURDIR)/.venv-sam/bin:$(CURDIR)/.venv/bin"

# The functions' bytecode, as the layer has its own (layers/parley/Makefile says why); SAM's builder makes none.
compiled = if python3.13 -c "" 2>/dev/null; then for folder in $(1)/*Function; do \
  python3.13 -m compileall -q -f --invalidation-mode unchecked-hash -s $$folder -p /var/task $$folder; done; fi

.DEFAULT_GOAL := help
.PHONY: help setup run up test simulate stress bench check build validate sam-local openapi requirements vocabulary metrics states architecture clean sam twilio7 aws node

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## the environment in .venv (PYTHON=… chooses the interpreter); the others make it when they need it
	@.ci/environment .venv requirements-dev.txt --editable

run: setup ## the whole bundle on this machine, and a demonstration
	@exec $(BIN)/parley up --demo

up: setup ## the whole bundle on this machine, for your own experiments
	@exec $(BIN)/parley up

test: ## every test; TESTS=… chooses some
	@$(MAKE) --no-print-directory --jobs=2 setup sam twilio7 aws node
	@$(WITH_SAM) $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(TESTS)

simulate: setup ## the engine in random schedules with faults: SCHEDULES=… many, or SEED=… one, traced and made small
	@$(BIN)/python -m tests.simulation.run $(if $(SEED),--seed $(SEED),--schedules $(or $(SCHEDULES),100000))

stress: setup ## workers killed by SIGKILL, and 2,000 events beside receivers that hang, refuse and fail (nine minutes)
	@$(BIN)/python -m tests.load.run

check: setup ## lint, format, types, templates
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@mkdir -p .aws-sam
	$(BIN)/python -m tests.template.translation >.aws-sam/translated.json
	$(BIN)/cfn-lint --append-rules cfn_lint_serverless.rules --template template.yaml
	$(BIN)/cfn-lint --template .aws-sam/translated.json

build: setup sam ## sam build, what `sam deploy` uploads (ARCHITECTURE=x86_64 for the other processor)
	$(WITH_SAM) sam build --parameter-overrides Architecture=$(ARCHITECTURE)
	@$(call compiled,.aws-sam/build)
	@test $(ARCHITECTURE) = arm64 || echo "parley: deploy it as what it is: sam deploy --guided --parameter-overrides Architecture=$(ARCHITECTURE)"

validate: sam ## sam validate --lint
	$(WITH_SAM) sam validate --lint

# For x86_64, because that is what most machines with a container runtime are; in folders of its own, so that it does not
# replace what `make build` made for a deployment.
sam-local: setup sam ## every function by `sam local`, in containers; REQUIRED=1: no container runtime is an error
	@if $(BIN)/python -c 'import docker; docker.from_env().ping()' >/dev/null 2>&1; then set -e; \
	  $(WITH_SAM); export PATH; \
	  sam build --parameter-overrides Architecture=x86_64 --build-dir .aws-sam-local/build --cache-dir .aws-sam-local/cache; \
	  SAM_LOCAL_BUILD=$(CURDIR)/.aws-sam-local/build $(BIN)/python -m pytest tests/sam_local; \
	else \
	  echo "parley: no container runtime answers (Docker, Podman or Finch; DOCKER_HOST names its socket), so nothing was run" >&2; \
	  test -z "$(REQUIRED)"; \
	fi

# Everything is built for this machine, in folders of its own. The short form is what CI runs: it fails when what is counted
# grew, and measures no time.
bench: setup sam ## measures against the budgets (docs/performance.md); SHORT=1: what is counted, ONLY=… one concern
	@$(WITH_SAM) sam build --parameter-overrides Architecture=$(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64) \
	  --build-dir .bench/build --cache-dir .bench/cache >/dev/null 2>.bench.log || { cat .bench.log >&2; exit 1; }; rm -f .bench.log
	@$(call compiled,.bench/build)
	@$(BIN)/python -m tests.benchmarks.run $(if $(SHORT),--short) $(if $(BASELINE),--baseline) $(addprefix --only ,$(ONLY))

openapi: setup ## docs/openapi.json, docs/api.md and docs/errors.md, from the code that serves the API
	$(BIN)/python -m cli.openapi docs

requirements: ## the pinned, hashed requirements files, from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group dev --output-file requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group layer --constraint requirements-dev.txt --output-file layers/parley/requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group sam --output-file requirements-sam.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group twilio7 --output-file requirements-twilio7.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group aws --output-file requirements-aws.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group bench --constraint requirements-dev.txt --output-file requirements-bench.txt

vocabulary: setup ## docs/vocabulary.md and the JSON Schemas, from the tables that CloudEvents are made by
	$(BIN)/python -m cli.vocabulary

states: setup ## docs/states.md, from the policy that decides
	$(BIN)/python -m cli.states

architecture: setup ## docs/architecture.md, drawn from the template
	$(BIN)/python -m cli.architecture

metrics: setup ## docs/metrics.md, from the metrics that the code writes and the alarms of the template
	$(BIN)/python -m cli.metrics_page docs/metrics.md

clean: ## forgets everything that was made here
	rm -rf tests/node/node_modules .venv .venv-sam .venv-twilio7 .venv-aws .aws-sam .aws-sam-local .bench .parley .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A sam for machines without one.
sam:
	@command -v sam >/dev/null || .ci/environment .venv-sam requirements-sam.txt

# The older of the two versions of Twilio's client that drive the API in the tests; one environment holds one of them.
twilio7:
	@.ci/environment .venv-twilio7 requirements-twilio7.txt

# AWS's own command line, for the documents' commands.
aws:
	@.ci/environment .venv-aws requirements-aws.txt

# Packages for the receiver in JavaScript, where npm is and reaches a registry; without them its tests say why they skip.
node: tests/node/node_modules/.made
	@true

tests/node/node_modules/.made: tests/node/package.json
	@if command -v npm >/dev/null; then \
	  npm install --prefix tests/node --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch $@ || \
	    echo "parley: npm could not install tests/node: its tests are skipped" >&2; \
	fi
