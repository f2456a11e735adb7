# The same commands for people and for CI. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SEEDS ?= 300
FUZZ_SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
KILLS ?= 200
MINUTES ?= 25
SEED ?= 1

.PHONY: demo test snapshots sim soak fuzz bench check fmt lock audit sbom clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   both sandboxes, a first plan, a purchase from order to bills, a void, totals"
	@echo "make test   the whole suite"
	@echo "make fuzz   hostile input at every door: MINUTES=n of it, FUZZ_SEED=n once more"
	@echo "make sim    seeded lives of small companies: SEEDS=N of them, or SIM_SEED=n once more"
	@echo "make soak   a real daemon killed with -9 again and again: KILLS=200 MINUTES=25 SEED=1"
	@echo "make bench  lists the figures that can be measured; WHAT=idle measures one, WHAT=all most"
	@echo "make snapshots  accept how the screens of the terminal front end look now, pictures of the docs too"
	@echo "make check  format, lint, types, import contracts"
	@echo "make fmt    format and fix what can be fixed"
	@echo "make lock   resolve requirements/*.txt anew from pyproject.toml (needs uv)"
	@echo "make audit  look the locked dependencies up among known vulnerabilities (needs the network)"
	@echo "make sbom   sbom.json (CycloneDX) of the locked dependencies"

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "trueup needs Python 3.11 or newer; say: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) (once) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)
	@$(BIN)/trueup demo

test: $(STAMP)
	@$(BIN)/python -m pytest -n auto

snapshots: $(STAMP)
	@TRUEUP_ACCEPT_SNAPSHOTS=1 $(BIN)/python -m pytest tests/tui/test_snapshots.py

# Half of the time examples of Hypothesis, half of it guided by coverage, where atheris can be had.
fuzz: MINUTES = 10
fuzz: $(STAMP)
	@echo "FUZZ_SEED=$(FUZZ_SEED)"
	@FUZZ_TIMES=$$(( ($(MINUTES) + 1) / 2 )) $(BIN)/python -m pytest tests/fuzz \
	  --hypothesis-seed=$(FUZZ_SEED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements/fuzz.txt || echo "atheris cannot be had; the guided part is left out" >&2
	@$(BIN)/python -m tests.fuzz.guided --minutes $$(( ($(MINUTES) + 1) / 2 ))

sim: $(STAMP)
	@SIM_SEEDS=$(SEEDS) SIM_SEED=$(SIM_SEED) $(BIN)/python -m pytest tests/simulation/test_simulation.py

soak: $(STAMP)
	@$(BIN)/python -m tests.soak --kills $(KILLS) --minutes $(MINUTES) --seed $(SEED)

bench: $(STAMP)
	@$(BIN)/python -m bench $(WHAT)

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet --output-file requirements/run.txt
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet --output-file requirements/dev.txt
	uv pip compile --group fuzz --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet --output-file requirements/fuzz.txt

audit: $(STAMP)
	@$(BIN)/python -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.10,<3'
	$(VENV)/audit/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
	  -r requirements/run.txt

sbom: $(STAMP)
	@$(BIN)/python -m venv $(VENV)/sbom
	@$(VENV)/sbom/bin/python -m pip install --quiet --disable-pip-version-check 'cyclonedx-bom>=7.2,<8'
	$(VENV)/sbom/bin/cyclonedx-py requirements --output-reproducible --of JSON -o sbom.json \
	  requirements/run.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
