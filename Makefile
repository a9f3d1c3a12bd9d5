# `make try` shows Coach at work, `make test` checks it; both install what they need into .venv.
# `make words` brings the Chinese catalogue up to date after a change of what the bot says.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
ARGS ?=
# These kill real processes and train real models: beside other tests they would wait too long.
ALONE := $(patsubst %,tests/test_%.py,browser chat corrections end_to_end kill multi_gpu runner sweep train worker)

# Waiting threads sleep instead of spinning: several times faster on a busy machine.
export OMP_WAIT_POLICY := passive
export GOMP_SPINCOUNT := 0

.PHONY: install try words test test-slow

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Coach needs Python 3.11 or newer: make install PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[try,dev]'
	@touch $@

try: install
	$(BIN)/coach try $(ARGS)

words: install
	mkdir -p build bot/locale/zh/LC_MESSAGES
	$(BIN)/pybabel -q extract --no-default-keywords -k tr -k trn:1,2 -k mark \
	  --no-location --no-wrap --sort-output -o build/coach.pot bot
	$(BIN)/pybabel -q update -D coach -i build/coach.pot -d bot/locale -l zh --init-missing \
	  --omit-header --no-wrap --no-fuzzy-matching --ignore-obsolete

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "not slow" --numprocesses auto --dist loadfile $(addprefix --ignore=,$(ALONE)) $(ARGS)
	$(BIN)/pytest -m "not slow" $(ALONE) $(ARGS)

test-slow: install
	$(BIN)/pytest -m slow $(ARGS)
