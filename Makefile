# What a person or a build server does with a checkout. `make` alone serves Kehu.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest -n 2 --dist loadgroup

PINS := constraints.txt
ALL := postgresql,mariadb,prod,ddl,dev
INSTALL := pip install --quiet --disable-pip-version-check
LOGIN := var/login.txt

# Touched after an install; an install is repeated only when what it is made of changed.
RUN_STAMP := $(VENV)/.installed-run
TEST_STAMP := $(VENV)/.installed-test

# A half-made kehu.ini or environment is made again next time.
.DELETE_ON_ERROR:
.PHONY: run test test-long bench shots clicks locale tools lint pins clean

run: $(RUN_STAMP) kehu.ini
	@if [ -f $(LOGIN) ]; then echo 'First login:'; cat $(LOGIN); fi
	$(BIN)/kehu serve --host 127.0.0.1 --port 6543

test: $(TEST_STAMP) tools lint
	$(PYTEST)

test-long: $(TEST_STAMP) tools
	$(PYTEST) -m long --hypothesis-profile=long

bench: $(TEST_STAMP) tools
	$(BIN)/python -m tests.bench

# Pictures of every page in every size, theme and language.
DIR ?= var/shots
shots: $(TEST_STAMP) tools
	$(BIN)/python -W ignore -m tests.support.shots $(DIR)

# How many clicks and keys the commonest jobs take.
clicks: $(TEST_STAMP) tools
	$(BIN)/python -W ignore -m tests.support.clicks

# After a message was added or changed: fill in what is new in kehu.po, then run it again.
locale: $(TEST_STAMP)
	$(BIN)/pybabel -q extract -F babel.cfg -o core/locale/kehu.pot --no-wrap --add-location file --sort-by-file \
	    --project Kehu --version 0 --header-comment '# Messages of Kehu.' .
	$(BIN)/pybabel -q update -D kehu -i core/locale/kehu.pot -d core/locale --no-wrap --no-fuzzy-matching \
	    --ignore-obsolete
	$(BIN)/pybabel -q compile -D kehu -d core/locale

lint: $(TEST_STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Programs that the tests start: browser, database servers, fonts.
tools:
	@sh tests/support/install.sh

# Takes the newest releases; run `make test` before they are committed.
pins: | $(BIN)/python
	rm -rf var/pins
	$(BIN)/python -m venv var/pins
	var/pins/bin/$(INSTALL) -e '.[$(ALL)]'
	head -n 1 $(PINS) > $(PINS).new
	var/pins/bin/pip freeze --all --exclude pip --exclude-editable >> $(PINS).new
	mv $(PINS).new $(PINS)
	rm -rf var/pins

# What `kehu init` says holds the first password: for the owner's eyes only.
kehu.ini: | $(RUN_STAMP)
	@echo 'Making the database and its demo data'
	@mkdir -p $(dir $(LOGIN))
	umask 077; $(BIN)/kehu init --demo > $(LOGIN)

# The database and kehu.ini are a person's data: they stay.
clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find core plugins tests -name __pycache__ -prune -exec rm -rf {} +

$(RUN_STAMP): pyproject.toml $(PINS) | $(BIN)/python
	$(BIN)/$(INSTALL) -c $(PINS) -e '.[postgresql,mariadb]'
	@touch $@

$(TEST_STAMP): pyproject.toml $(PINS) | $(BIN)/python
	$(BIN)/$(INSTALL) -c $(PINS) -e '.[$(ALL)]'
	@touch $@ $(RUN_STAMP)

# A name may be on the path and still not run (version managers), so each is asked.
$(BIN)/python:
	@for python in python3 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making $(VENV) with $$($$python --version)"; \
	        exec $$python -m venv $(VENV); \
	    fi; \
	done; \
	echo 'Kehu needs Python 3.11 or newer; none was found.' >&2; exit 1
