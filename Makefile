# make run                         the demo: a stand-in site on this machine
# make run ARGS="--role agent --server protect.corp.local"
# make test                        installs what the tests need, runs them
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PYTEST ?=
# one test process more than cores, as the laboratories wait for deadlines more than they compute; never more than five: they are heavy
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n > 4 ? 5 : n + 1 )))

# what the targets about supply install and test: no laboratory, which other programs than ours are most of
SUPPLY_TESTS := tests/unit tests/cli tests/net tests/diagnosis tests/docs
TESTED = -m pytest -q -n $(WORKERS) --dist loadgroup -m "not slow" $(or $(PYTEST),$(SUPPLY_TESTS))

.PHONY: help run test test-all test-oldest check lab lab-down bench constraints sbom docs mutants clean

help:
	@sed -n 's/^# //p' Makefile | head -3
	@echo "make check | test-all | test-oldest | lab | lab-down | bench | constraints | sbom | docs | mutants | clean"

$(VENV)/.run: pyproject.toml constraints.txt tools/venv.sh
	@tools/venv.sh $(VENV) . constraints.txt
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt tools/venv.sh
	@tools/venv.sh $(VENV) '.[deep,dev]' constraints.txt
	@touch $@ $(VENV)/.run

$(VENV)/.mutants: pyproject.toml constraints.txt tools/venv.sh
	@tools/venv.sh $(VENV) '.[deep,dev,mutants]' constraints.txt
	@touch $@ $(VENV)/.run $(VENV)/.dev

# make itself ends with 2 whatever a command's exit code was, so the program's own is printed.
run: $(VENV)/.run
	@if [ -n "$(ARGS)" ]; then $(BIN)/eset-portcheck check $(ARGS); else $(BIN)/eset-portcheck demo; fi; \
	code=$$?; [ $$code = 0 ] || echo "eset-portcheck: exit code $$code" >&2; exit $$code

test: $(VENV)/.dev
	@tests/lab/install.sh
	@tests/browser/install.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow" $(PYTEST)

test-all: $(VENV)/.dev
	@tests/lab/install.sh --all
	@tests/browser/install.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST)

# The lower bounds of pyproject.toml, all of them at once. Outside of CI: they change with pyproject.toml only.
test-oldest: $(VENV)/.dev
	@mkdir -p build
	$(BIN)/python tools/requirements.py oldest > build/oldest.txt
	@tools/venv.sh .venv-oldest '.[deep,dev]' build/oldest.txt
	.venv-oldest/bin/python $(TESTED)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/lint-imports
	PYTHONPATH=. $(BIN)/python docs/render_reasons.py --check
	PYTHONPATH=. $(BIN)/python docs/render_roles.py --check
	PYTHONPATH=. $(BIN)/python docs/render_schema.py --check
	PYTHONPATH=. $(BIN)/python docs/render_contract.py --check
	$(BIN)/python tools/house_picture.py --check
	PYTHONPATH=. $(BIN)/python tools/usage.py --check
	PYTHONPATH=. $(BIN)/python tools/catalogue.py --check
	$(BIN)/python -m pytest -q tests/house

lab: $(VENV)/.dev
	@tests/lab/install.sh
	$(BIN)/python -m tests.lab up

lab-down: $(VENV)/.dev
	$(BIN)/python -m tests.lab down

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench

# The newest versions that fit; their list is written when the tests passed with them.
constraints:
	rm -rf .venv-newest
	@tools/venv.sh .venv-newest '.[deep,dev,mutants,sbom]' tools/held.txt
	.venv-newest/bin/python $(TESTED)
	@mkdir -p build
	.venv-newest/bin/python tools/requirements.py constraints > build/constraints.txt
	mv build/constraints.txt constraints.txt

sbom: constraints.txt
	@tools/sbom.sh dist/sbom.cdx.json

# Hours for all of them: make mutants ONLY=eset_portcheck/wire/ber.py, or MUTANTS_SAMPLE=200 SEED=1. What was killed stands; an interrupted run goes on.
mutants: $(VENV)/.mutants
	$(BIN)/python tools/mutants.py --only $(ONLY) --sample $(or $(MUTANTS_SAMPLE),0) --seed $(or $(SEED),1)

docs: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python docs/render_reasons.py
	PYTHONPATH=. $(BIN)/python docs/render_roles.py
	PYTHONPATH=. $(BIN)/python docs/render_schema.py
	PYTHONPATH=. $(BIN)/python docs/render_contract.py
	$(BIN)/python tools/house_picture.py
	PYTHONPATH=. $(BIN)/python tools/usage.py
	PYTHONPATH=. $(BIN)/python tools/catalogue.py
	PYTHONPATH=. $(BIN)/python docs/make_picture.py tests/unit/reports/dropped.json docs/matrix.svg

clean:
	rm -rf $(VENV) mutants .venv-* .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
