# Crossdock: every task a person or CI runs. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
MEMBERS := $(patsubst %/pyproject.toml,%,$(wildcard libs/*/pyproject.toml services/*/pyproject.toml sandbox/pyproject.toml cli/pyproject.toml edge/pyproject.toml))

# What the user may set: make test PYTEST="-k cancel -x", make demo ORDERS=2000, make new-service NAME=yard-control OWNER=@crossdock/yard,
# make release S=carrier-gateway BUMP=minor AGAINST=https://tower.example.com
PYTEST  ?=
ORDERS  ?= 25
SEED    ?= 7
NAME    ?=
OWNER   ?=
LISTENS ?=
S       ?=
BUMP    ?= patch
AGAINST ?=
DRY     ?=

BOOK    := build/faults.jsonl

.PHONY: help setup demo up down test check lint e2e faults bench web web-check schemas images dashboards new-service release format constraints clean

help: ## List the tasks
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-13s\033[0m %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv with every pinned library and every member (needs Python 3.11 or newer, nothing else)
	@:

$(STAMP): pyproject.toml constraints.txt tools/setup.sh $(addsuffix /pyproject.toml,$(MEMBERS))
	@tools/setup.sh $(VENV) $(MEMBERS)
	@touch $@

demo: setup ## Start everything and take 25 orders from release to proof of delivery (ORDERS=n SEED=n)
	@$(BIN)/crossdock demo --orders $(ORDERS) --seed $(SEED)

up: setup ## Start the mesh and the sandbox and leave them running
	@$(BIN)/crossdock up

down: setup ## Stop what `make up` started
	@$(BIN)/crossdock down

test: check ## Everything CI runs: check, then unit, integration and end-to-end tests (PYTEST="-k word" to choose)
ifeq ($(strip $(PYTEST)),)
	@$(BIN)/pytest -n 3 --dist loadfile libs services sandbox cli edge tests/contract tests/deploy
	@$(BIN)/pytest tests/e2e tests/faults
else
	@$(BIN)/pytest --ignore=tests/structure $(PYTEST)
endif

check: lint ## Lint, types, import contracts, promises of the events, shape of the repository; no server is started
	@$(BIN)/crossdock schema check
	@$(BIN)/pytest -q tests/structure

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pip check

e2e: setup ## Only the end-to-end tests
	@$(BIN)/pytest tests/e2e $(PYTEST)

faults: setup ## The fault tests in full size (hours); writes the table of docs/reliability.md (PYTEST="-k T01" to choose)
	@mkdir -p $(dir $(BOOK)) && rm -f $(BOOK)
	@CROSSDOCK_FAULTS=full CROSSDOCK_FAULTS_RESULTS=$(BOOK) $(BIN)/pytest tests/faults --timeout=7200 $(PYTEST)
	@$(BIN)/python tools/reliability.py $(BOOK)

bench: setup ## Measure the figures of docs/performance.md on this machine
	@$(BIN)/python -m bench

web: ## Build the control tower's page (needs Node 20.19 or newer); the built files are committed
	@cd services/control-tower/web && npm ci --silent && npm run --silent check && npm run --silent build

web-check: web ## Build the page and fail if the committed files are not what the sources give
	@git status --porcelain -- services/control-tower/src/control_tower/web | { ! grep . ; } || { echo "the committed page is not what its sources give: commit what make web wrote"; exit 1; }

schemas: setup ## Write the JSON Schema and example of every event, the OpenAPI and AsyncAPI document of every service
	@$(BIN)/python tools/schemas.py
	@$(BIN)/python tools/documents.py

new-service: setup ## Make a service with the whole anatomy (NAME=yard-control OWNER=@crossdock/yard)
	@$(BIN)/python tools/new_service.py "$(NAME)" "$(OWNER)" $(LISTENS)
	@$(MAKE) setup schemas

release: setup ## Release one package: version, notes, tags, after its events were held against what runs (S= BUMP= AGAINST= DRY=1)
	@$(BIN)/python tools/release.py "$(S)" --bump "$(BUMP)" --against "$(AGAINST)" $(if $(DRY),--dry-run)

images: ## Build every container image (BASE_IMAGE=, IMAGES=, BUILD_ARGS=; see docs/howto/deploy-a-region.md)
	@tools/images.sh

dashboards: setup ## Write the Grafana dashboards of deploy/observability
	@$(BIN)/python tools/dashboards.py

format: setup ## Format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

constraints: setup ## Resolve all third-party versions anew into constraints.txt
	@tools/constraints.sh $(BIN)/uv

clean: ## Remove the virtual environment and every cache
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
