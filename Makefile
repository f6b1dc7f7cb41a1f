# Needs Python 3.11 or newer, make and git; everything else is fetched into .venv and tests/node.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo demo-reset story story-stop test lint bench clean

demo: $(VENV)/ready ## A stand-in Slack in your browser, two stand-in deployments, and the real bot.
	@$(BIN)/lifeboat demo

demo-reset: $(VENV)/ready ## Forget what was played; the next `make demo` starts over.
	@$(BIN)/lifeboat demo --reset

story: $(VENV)/ready ## The whole story in this terminal, without Slack.
	@$(BIN)/lifeboat demo --story

story-stop: $(VENV)/ready ## Stop the stand-ins that `make story` left up.
	@$(BIN)/lifeboat demo --story --stop

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
	-@$(BIN)/lifeboat demo --story --stop
	rm -rf $(VENV) demo-world demo-story tests/node/node_modules
