# The two commands: `make run` and `make test`; and three more: `make proof`, `make bench` and
# `make schema`.
.PHONY: run test proof bench schema chromium
.DEFAULT_GOAL := run

BIN := .venv/bin
# Readable by all: as root the database runs as another user, from these files.
INSTALL := umask 022 && $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
INPUTS := pyproject.toml constraints.txt package.json package-lock.json hatch_build.py
VENDOR := static/vendor/lock.sha256

run: .venv/run.stamp $(VENDOR)
	@exec $(BIN)/python -m app.runtime --with-parent

test: .venv/dev.stamp $(VENDOR) chromium
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/djlint --quiet --check templates
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# The tests that take long: stress with every fault, several hosts, every look of every page.
proof: .venv/dev.stamp $(VENDOR) chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m proof $(PYTEST_ARGS)

bench: .venv/dev.stamp $(VENDOR)
	@exec $(BIN)/python -m bench

# Writes migrations/schema.sql, the schema as it is after all migrations.
schema: .venv/run.stamp
	@$(BIN)/python -m tools.schema

.venv/bin/python:
	@sh tools/make-virtualenv.sh

.venv/run.stamp: $(INPUTS) | .venv/bin/python
	@echo "Installing Holdfast (a minute or so, only when its requirements change) ..."
	@$(INSTALL) --editable .
	@touch $@

.venv/dev.stamp: $(INPUTS) | .venv/bin/python
	@echo "Installing Holdfast and its checks (a minute or so, only when its requirements change) ..."
	@$(INSTALL) --editable '.[dev]'
	@touch $@ .venv/run.stamp

$(VENDOR): | .venv/bin/python
	@$(INSTALL) --no-deps --editable .
	@touch $@

chromium:
	@sh tools/require-chromium.sh
