# The environment is .venv; every command below makes it first, and again when a pyproject.toml has changed.

PYTHON := .venv/bin/python
PLUGINS := $(wildcard plugins/*/pyproject.toml)
LARGE := $(filter plugins/ppgn-clip/% plugins/ppgn-diffusers/% plugins/ppgn-studio/% plugins/ppgn-tune/%, $(PLUGINS))
DEMO := runs/oranges
SPACE := $(subst ,, )
COMMA := ,

# pip does not compile what it installs: Python does so for what it imports, and keeps it, whatever the environment says.
export PIP_NO_COMPILE := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test types coverage hard bundled benchmark site

setup: .venv/whole

# The plugins that need little beyond torch, for pictures at once.
.venv/light: pyproject.toml $(PLUGINS)
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet "setuptools>=68" wheel
	$(PYTHON) -m pip install --quiet --no-build-isolation -e . $(patsubst %/pyproject.toml,-e ./%,$(filter-out $(LARGE),$(PLUGINS)))
	touch $@

# Those with large dependencies, and what the tests need.
.venv/whole: .venv/light
	$(PYTHON) -m pip install --quiet --no-build-isolation -e ".[dev]" $(patsubst %/pyproject.toml,-e ./%,$(LARGE))
	touch $@

demo: .venv/light
	@rm -rf $(DEMO)
	$(PYTHON) -m ppgn_core prior=noiseless_joint condition=lrcn condition.text="oranges" out=$(DEMO)
	@echo "Look at $(DEMO)/grid.png"

# A process for each core, at most four, with one thread each: a process needs up to 2 GB. LONG=1 adds the long tests.
test: types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	OMP_NUM_THREADS=1 GOMP_SPINCOUNT=10000 $(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

# The lines that no test runs. It takes up to twice the time of the tests alone, so `make test` does without it.
coverage: setup
	$(PYTHON) -m coverage run --source ppgn_core,$(subst $(SPACE),$(COMMA),$(notdir $(wildcard plugins/*/src/ppgn_*))) -m pytest
	$(PYTHON) -m coverage report --skip-covered --show-missing

# The plugins' tests have modules of equal names, so each folder of tests is linked under a name of its own.
SOURCES := $(subst $(SPACE),:,$(wildcard plugins/*/src))
LINKS := .mypy_cache/links

types: setup
	@rm -rf $(LINKS) && mkdir -p $(LINKS)/tests && ln -s ../../../tests $(LINKS)/tests/core
	@for plugin in $(notdir $(patsubst %/tests,%,$(wildcard plugins/*/tests))); do \
		ln -s ../../../plugins/$$plugin/tests $(LINKS)/tests/$$(echo $$plugin | tr - _); done
	MYPY_NUM_WORKERS=auto MYPYPATH=$(LINKS):$(SOURCES) $(PYTHON) -m mypy --explicit-package-bases \
		ppgn_core plugins/*/src conftest.py docs $(LINKS)/tests

# Half an hour; `make hard SHARE=0.1` takes three minutes. Writes docs/reliability.md.
SHARE := 1
SEED := 0

hard: setup
	cd tests && ../$(PYTHON) -m hard --share $(SHARE) --seed $(SEED)

bundled: setup
	$(PYTHON) tests/bundle_table.py

benchmark: setup
	.venv/bin/ppgn bench

# It reads nothing from the network. `make site` also finds links and anchors that lead nowhere.
site: setup
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict
	@echo "Look at site/index.html; searching needs a server: $(PYTHON) -m http.server --directory site"
