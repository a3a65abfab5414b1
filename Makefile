# Set-up installs into .venv from hash-pinned locks; every other target needs only that.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

# Tests, rewritten once and kept, and every process that they start would else be compiled anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check bench soak evals lock screenshots cards

setup: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements-dev.lock
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q bot agents tools incidents sandbox
	touch $(STAMP)

demo: setup
	$(BIN)/agentops demo

test: setup
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m tests.benchmarks

# A storm, kills during one, a stop beside a real Alertmanager, a replica that stands still: about an hour. KILLS=10 for fewer kills, SEED=7 to repeat a run's choices.
KILLS ?= 100
soak: setup
	$(BIN)/python -m tests.fleet storm soak away frozen --kills $(KILLS) $(if $(SEED),--seed $(SEED)) --json bench-results/soak.json

evals: setup
	$(BIN)/python -m tests.evals

screenshots: setup
	$(BIN)/python -m tests.browser.screenshots

cards: setup
	$(BIN)/python -m tests.browser.cards

# Needs only the set-up; hashes for every platform, no index address in the files.
lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraint requirements.lock --extra charts --extra datasets --extra mcp --extra openai --extra sandbox --group dev pyproject.toml -o requirements-dev.lock
