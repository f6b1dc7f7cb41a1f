# Needs Python 3.11 or newer, make and git; everything else is fetched into .venv and tests/node.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo demo-stop test lint bench clean

demo: $(VENV)/ready ## The whole story in this terminal, on stand-ins, with nothing to sign up for.
	@$(BIN)/lifeboat demo

demo-stop: $(VENV)/ready ## Stop the stand-ins that `make demo` left up.
	@$(BIN)/lifeboat demo --stop

test: $(VENV)/ready ## Every test, the slow ones too.
	$(BIN)/pytest -n auto --dist worksteal -q

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/ready ## Speed as a ratio against a peer in the same run; not part of the tests.
	$(BIN)/python -m benchmarks

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lifeboat needs Python 3.11 or newer; try: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean: ## Forget everything that was set up or played.
	-@$(BIN)/lifeboat demo --stop
	rm -rf $(VENV) demo-world tests/node/node_modules
