.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
MEMBERS := libs/http_guard libs/common services/ingest services/scoring services/alerts services/console deploy/local

.PHONY: help
help: ## every target with a line each
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What runs: `make demo` and `make up` need no more, and a test holds its size.
$(VENV)/installed: requirements.lock deploy/make_venv.py $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) deploy/make_venv.py run $(VENV) --uv $(UV_VERSION) --lock requirements.lock $(MEMBERS)
	@touch $@

# What tests, lints and measures, in the same folder.
$(VENV)/dev-installed: requirements-dev.lock $(VENV)/installed
	@$(PYTHON) deploy/make_venv.py dev $(VENV) --uv $(UV_VERSION) --lock requirements-dev.lock $(MEMBERS)
	@touch $@

.PHONY: install
install: $(VENV)/dev-installed ## all that tests and lints need, into .venv (make demo installs only what runs)

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url \
	--python-version 3.11

# requirements-dev.lock holds all of requirements.lock, line by line, and more.
.PHONY: lock
lock: ## pin every dependency anew, with hashes
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	$(COMPILE) --group build -o requirements.lock $(MEMBERS:%=%/pyproject.toml)
	$(COMPILE) --group build --group dev --constraint requirements.lock -o requirements-dev.lock \
		$(MEMBERS:%=%/pyproject.toml)
	$(COMPILE) --group bench -o bench/requirements.lock
	$(COMPILE) --group analysis --constraint requirements.lock -o requirements-analysis.lock

$(VENV)/analysis: requirements-analysis.lock $(VENV)/installed
	@$(PYTHON) deploy/make_venv.py analysis $(VENV) --uv $(UV_VERSION) --lock requirements-analysis.lock $(MEMBERS)
	@touch $@

.PHONY: analysis
analysis: $(VENV)/analysis ## what `python -m scoring backtest` learns, draws and reads Parquet with; no service needs it

# The folders too, so that a file that is gone counts; what Python writes beside them does not.
COMPILED_FROM := $(shell find services/scoring/src/scoring libs/common/src/common/contracts -name __pycache__ -prune -o -print)

# Extension modules are for one Python, so a new .venv has them built anew.
.compiled/built: services/scoring/compile.py $(VENV)/dev-installed $(COMPILED_FROM)
	$(BIN)/python services/scoring/compile.py --into .compiled

.PHONY: compile
compile: .compiled/built ## the scoring core and what feeds it compiled by mypyc, for PYTHONPATH=.compiled (needs a C compiler)

.PHONY: demo
demo: $(VENV)/installed ## a SaaS company's months in a minute, then a live part (SEED=8: another company; SERVE=1: stays up)
	@$(BIN)/python -m local.demo $(if $(SEED),--seed $(SEED)) $(if $(SERVE),--serve)

# Each worker has a PostgreSQL and a broker of its own. Byte code is kept whatever the environment says: else each worker,
# and each process that a test starts, compiles everything anew.
# More than there are cores: system tests wait more than they compute. A third of the workers begins with those that only
# compute (conftest.py). A run ends when a worker dies: xdist would wait for ever for the one that it starts instead.
WORKERS ?= $(shell expr 3 \* $$(nproc) + 1)
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --max-worker-restart 0 -n $(WORKERS)

.PHONY: check
check: $(VENV)/tests-compiled ## the quick tests that start no process, with few random examples
	EXAMPLES_SHARE=0.05 $(PYTEST) -n $$(expr $$(nproc) + 1) -q -m "not servers and not slow and not tools and not kafka and not campaign and not compiler"

# The Node clients that tests/clients runs. Where they cannot be installed those tests are skipped, with the reason.
tests/clients/node/node_modules/installed: tests/clients/node/package-lock.json
	@npm ci --prefix tests/clients/node --omit=optional --ignore-scripts --no-audit --no-fund --silent && touch $@ \
		|| echo "the Node clients cannot be installed here: their tests are skipped"

.PHONY: clients
clients: tests/clients/node/node_modules/installed ## the Node SDKs that tests run against ingest (needs npm)

# Once, by two processes: else each worker writes the byte code of all tests by itself, all at the same time.
$(VENV)/tests-compiled: $(VENV)/dev-installed
	@for part in "services/scoring tests" "libs deploy/local services/ingest services/alerts services/console"; do \
		env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --collect-only -qq $$part >/dev/null & done; wait
	@touch $@

# Of random examples a share, so that it takes minutes: EXAMPLES_SHARE=1 tries all, as CI does.
.PHONY: test
test: export EXAMPLES_SHARE ?= 0.05
test: $(VENV)/tests-compiled ## unit, integration (PostgreSQL, embedded broker) and whole-system tests (WORKERS=N)
	$(PYTEST) -m "not tools and not kafka and not campaign and not compiler"

.PHONY: test-tools
test-tools: $(VENV)/tests-compiled $(VENV)/analysis clients ## the console in a browser, Node SDKs, models (needs Chromium and npm)
	$(PYTEST) -m tools

.PHONY: test-compiled
test-compiled: .compiled/built ## tests of the core and of batches on their compiled form, and how the image is compiled
	PYTHONPATH=$(CURDIR)/.compiled CHURN_CORE_FORM=compiled $(PYTEST) -m "not kafka and not campaign" \
		tests/deploy/test_deploy_image.py::test_the_steps_of_the_image_leave_a_compiled_core \
		services/scoring/tests/health services/scoring/tests/test_core_form.py services/scoring/tests/test_dedupe_model.py \
		services/scoring/tests/integration/test_fence.py services/scoring/tests/integration/test_function_of_log.py \
		services/scoring/tests/integration/test_unknown_type.py services/scoring/tests/integration/test_erasures.py

.PHONY: digest
digest: $(VENV)/dev-installed .compiled/built ## the same bits from both forms of the core on every Python (PYTHONS="python3.12 python3.13")
	@PYTHONPATH=tests $(BIN)/python -m digest $(PYTHONS)

.PHONY: test-kafka
test-kafka: $(VENV)/dev-installed ## the bus and the whole system on Apache Kafka (needs Java 17 and Maven)
	$(PYTEST) -n 2 -m kafka

.PHONY: pictures
pictures: $(VENV)/dev-installed ## pictures of the console's pages for docs/console, from the demo's company (needs Chromium)
	@PYTHONPATH=tests $(BIN)/python -m pictures

.PHONY: up
up: $(VENV)/installed ## start PostgreSQL, a broker and the services, and start again what dies (BROKER=kafka for Apache Kafka)
	@$(BIN)/python -m local.stack up $(if $(BROKER),--broker $(BROKER))

.PHONY: down
down: $(VENV)/installed ## end what `make up` started
	@$(BIN)/python -m local.stack down

.PHONY: status
status: $(VENV)/installed ## what of `make up` runs, and why not (exit code 0: all is well)
	@$(BIN)/python -m local.stack status

.PHONY: replay
replay: $(VENV)/installed ## play recorded course data: EVENTS=.. OUTCOMES=.. DEADLINES=..
	@test -n "$(EVENTS)$(OUTCOMES)$(DEADLINES)" || { echo "usage: make replay EVENTS=..csv.gz OUTCOMES=..csv DEADLINES=..csv [CARD=..yml]"; exit 2; }
	@$(BIN)/python -m local.replay --events "$(EVENTS)" --outcomes "$(OUTCOMES)" \
		--deadlines "$(DEADLINES)" $(if $(CARD),--card "$(CARD)")

.PHONY: chaos
chaos: $(VENV)/dev-installed .compiled/built ## faults at random moments on Apache Kafka, counted after each (ROUNDS=10 SEED=.. ONLY=FAULT,FAULT)
	@PYTHONPATH=$(CURDIR)/.compiled:tests $(BIN)/python -m chaos --rounds $(or $(ROUNDS),10) $(if $(SEED),--seed $(SEED)) \
		$(if $(ONLY),--only $(ONLY))

# What we are measured beside needs not be there: the report says what was left out.
.venv-bench/installed: bench/requirements.lock | $(VENV)/dev-installed
	$(PYTHON) -m venv --clear .venv-bench
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --require-hashes -r bench/requirements.lock && touch $@ \
		|| echo "the peers cannot be installed here, they are left out"

.PHONY: bench
bench: $(VENV)/dev-installed .venv-bench/installed ## how fast it is, beside others (ONLY=scoring,ingest ROUNDS=5 MINUTES=30 AGAINST=COMMIT; needs Java 17 and Maven)
	@$(MAKE) --no-print-directory compile || echo "the compiled form cannot be built here, it is left out"
	@PYTHONPATH=. $(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(EVENTS),--events $(EVENTS)) $(if $(AGAINST),--against $(AGAINST))

.PHONY: mutants
mutants: $(VENV)/dev-installed ## plant one bug per guarantee; each must turn the tests red
	@$(BIN)/python tests/mutants/run.py

.PHONY: prove
prove: $(VENV)/dev-installed ## the long proof of the crossing against brute force (N=1000000 examples)
	N=$(or $(N),1000000) $(BIN)/pytest -m campaign --timeout 0

.PHONY: fuzz
fuzz: $(VENV)/dev-installed $(VENV)/analysis ## bad input by the million against real processes (N=20000 SEED=7, BROKER=kafka)
	@PYTHONPATH=tests $(BIN)/python -m fuzz -n $(or $(N),1000000) $(if $(SEED),--seed $(SEED)) \
		$(if $(BROKER),--broker $(BROKER))

.PHONY: audit
audit: $(VENV)/dev-installed ## known vulnerabilities in what is pinned (UNASKED=warn where they cannot be asked for), licences
	@$(BIN)/python tests/security/audit.py $(if $(UNASKED),--unasked $(UNASKED))

.PHONY: fmt
fmt: $(VENV)/dev-installed ## format the code
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format --quiet

.PHONY: lint
lint: $(VENV)/dev-installed ## style, and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/python -m scoring card check deploy/scorecard.yml
	$(BIN)/python -m ingest mapping check deploy/mapping.yml
	$(BIN)/python -m alerts routes check deploy/routes.yml
	$(BIN)/python -m alerts playbooks check deploy/playbooks.yml

.PHONY: lint-deploy
lint-deploy: $(VENV)/dev-installed ## the deployment files: Dockerfile, compose, Caddyfile, Prometheus (needs promtool, npx, caddy)
	@bash deploy/lint.sh

.PHONY: types
types: $(VENV)/dev-installed ## mypy --strict, tests too
	$(BIN)/mypy $(MEMBERS:%=%/src) services/scoring/compile.py bench tests $(wildcard $(MEMBERS:%=%/tests))

.PHONY: clean
clean: ## remove what was built here
	rm -rf tests/clients/node/node_modules .venv .venv-bench .venv-against-* .compiled .compiled-* .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
