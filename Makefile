# Everything a developer runs. Needs python3 (3.11 or newer) and make; `make help` lists the targets.

PYTHON ?= python3
# Tests start hundreds of processes; each would compile the whole project if none kept the bytecode.
unexport PYTHONDONTWRITEBYTECODE
#: Passed on, for example: make test ARGS="tests/acceptance -k order"
ARGS ?=

# Relative paths only: the checkout's own path may hold spaces.
PY := .venv/bin/python
PIP := -m pip install --disable-pip-version-check -qq
DEMO := .venv/.demo-installed
DEV := .venv/.dev-installed
# The benchmark's peers bring packages that nobody else shall have: an environment of its own.
BENCH_PY := .venv-bench/bin/python
BENCH := .venv-bench/.bench-installed

.PHONY: help demo test test-fast lint format types imports bench report simulate chaos controls lock lock-bench lock-check clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: $(DEMO) ## Start everything with example tenants, show it working, check the result
	@$(PY) manage.py demo $(ARGS)

# Acceptance tests that measure no time: what they start has its own servers, and a minute for each step.
WAITING := $(patsubst %,tests/acceptance/test_%.py,beside_celery demo flower nothing_lost order shop)

# What measures time runs alone; the rest, which mostly waits, on two servers at once.
test: $(DEV) ## Run all tests with their own servers (ARGS= for some)
ifeq ($(strip $(ARGS)),)
	@$(PY) -m pytest tests/acceptance $(WAITING:%=--ignore=%)
	@$(PY) -m pytest $(WAITING) -n 2 --dist loadfile
	@$(PY) -m pytest tests/unit tests/integration tests/chaos -n 2 --dist loadfile
else
	@$(PY) -m pytest $(ARGS)
endif

test-fast: $(DEV) ## Run the unit tests: no servers
	@$(PY) -m pytest tests/unit $(ARGS)

lint: $(DEV) ## Check style and format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: $(DEV) ## Format the code and cure what can be cured
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

types: $(DEV) ## Check the types of the engine
	@$(PY) -m mypy

imports: $(DEV) ## Check who may import whom
	@.venv/bin/lint-imports

bench: $(BENCH) ## Measure against peers and the set-based limit (SUITES=); a burst of ten times the load (SECONDS=)
	@$(BENCH_PY) -m tests.benchmarks $(SUITES) $(ARGS)
	@$(BENCH_PY) -m tests.benchmarks.back_pressure --seconds "$(or $(SECONDS),60)"

report: $(BENCH) ## Draw the plots and write the tables of docs/ from bench.json
	@$(BENCH_PY) -m tests.benchmarks.plots
	@$(BENCH_PY) -m tests.benchmarks.document

simulate: $(DEV) ## Play the scheduler with a million tenants, no servers (TENANTS= SEED=)
	@$(PY) -m tests.simulator --tenants "$(or $(TENANTS),1000000)" --seed "$(or $(SEED),7)" $(ARGS)

chaos: $(DEV) ## Kill, stop and cut everything for five minutes (ROUNDS= SEED= KINDS= JOURNAL=on), let a stranger judge
	@$(PY) -m tests.chaos --rounds "$(or $(ROUNDS),0)" --seed "$(or $(SEED),0)" --kinds "$(KINDS)" --journal "$(JOURNAL)" $(ARGS)

controls: $(DEV) ## Show that the stranger catches stock Celery, and Fairlane with one guard off
	@$(PY) -m tests.chaos.controls $(ARGS)

lock: $(DEV) ## Write what is installed into constraints.txt
	@$(PY) -m pip freeze > constraints.txt

lock-bench: $(BENCH) ## Write what only the benchmark installs into constraints-bench.txt
	@$(BENCH_PY) -m pip freeze | grep -vixFf constraints.txt > constraints-bench.txt

lock-check: $(DEV) ## Say which installed packages are not as pinned
	@if $(PY) -m pip freeze | grep -vixFf constraints.txt; then echo "These are not in constraints.txt."; exit 1; \
	else echo "Every package is as pinned."; fi

clean: ## Remove what was made: environment, caches, data of the demo
	@if [ -f $(DEMO) ]; then $(PY) -c 'from pathlib import Path; from engine import embedded; embedded.remove(Path(".data"))'; \
	else rm -rf .data; fi
	rm -rf .venv .venv-bench static .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- the virtual environments: each stamp is as new as the last complete installation
#
# pip compiles on one core what the demo mostly never imports, so the demo does without. Tests do not:
# where warnings are errors, what a package's source provokes in the compiler must not come up in a test.

.venv/.made .venv-bench/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Fairlane needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make virtual environments: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }
	@echo "Making the virtual environment $(@D)…"
	@$(PYTHON) -m venv $(@D)
	@touch $@

$(DEMO): .venv/.made requirements.txt requirements-demo.txt constraints.txt
	@echo "Installing packages, about half a minute the first time…"
	@$(PY) $(PIP) --no-compile -r requirements-demo.txt
	@touch $@

$(DEV): .venv/.made requirements.txt requirements-demo.txt requirements-dev.txt constraints.txt
	@echo "Installing packages, about half a minute the first time…"
	@$(PY) $(PIP) --no-compile -r requirements-dev.txt
	@$(PY) -W ignore -m compileall -q -j 0 .venv/lib || true
	@touch $(DEMO) $@

$(BENCH): .venv-bench/.made requirements.txt requirements-demo.txt requirements-dev.txt requirements-bench.txt \
  constraints.txt constraints-bench.txt
	@echo "Installing the benchmark's packages, about a minute the first time…"
	@$(BENCH_PY) $(PIP) --no-compile -r requirements-bench.txt
	@$(BENCH_PY) -W ignore -m compileall -q -j 0 .venv-bench/lib || true
	@touch $@
