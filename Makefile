# Every target sets up what it needs in .venv; the only tools wanted beforehand are Python 3.11 or newer and make.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready
BROWSER_READY := $(VENV)/.ready-browser
KEYCLOAK_READY := $(VENV)/.ready-keycloak
NOTEBOOKS_READY := $(VENV)/.ready-notebooks
MUTANTS_READY := $(VENV)/.ready-mutants
DOCS_READY := $(VENV)/.ready-docs
PACKAGE_READY := $(VENV)/.ready-package
GENERATED := generated/css_sdk_openapi
GROUPS := build package audit browser keycloak notebooks mutants docs
# Each file that is installed must have a hash that constraints.txt names.
INSTALL := $(BIN)/uv pip install --quiet --python $(VENV) --constraint constraints.txt --build-constraint constraints.txt
export UV_HTTP_TIMEOUT ?= 180
# The processes of the tests load the bytecode that an earlier one compiled.
unexport PYTHONDONTWRITEBYTECODE
OTHER_PYTHONS ?= python3.12 python3.13
# Half of the tests: without what is generated, what only developers run, and the slowest files.
QUICK := $(addprefix --ignore=tests/,_sync contract openapi sandbox testing test_closed_streams.py test_pages.py test_questions.py test_readme.py)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-thorough test-wheel test-browser test-keycloak test-notebooks test-forks test-answers test-pythons mutants docs pictures bench check generate spec spec-check lock build package-check workflows audit clean

help:  ## show this list
	@awk 'BEGIN {FS = ":.*##"} /^[a-z-]+:.*##/ {printf "  make %-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv with everything that development needs

$(READY): pyproject.toml constraints.txt
	.ci/bootstrap $(VENV) $(PYTHON)
	$(INSTALL) --editable ".[all]" --group dev
	$(BIN)/python -c 'import pathlib; pathlib.Path("$(READY)").touch()'

demo: $(READY)  ## start a sandbox and assign the roles of examples/roster.csv, twice
	$(BIN)/python examples/demo.py

test: $(READY)  ## run all tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

test-thorough: $(READY)  ## run all tests, those of rules that hold for any input with at least ten times as many examples
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --hypothesis-profile thorough

test-forks: $(READY)  ## fork processes that use one client at once, plain and over TLS
	$(BIN)/python -m pytest -m forks tests/test_forks.py

$(PACKAGE_READY): $(READY)
	$(INSTALL) --group package
	$(BIN)/python -c 'import pathlib; pathlib.Path("$(PACKAGE_READY)").touch()'

test-pythons: $(READY)  ## run the quick part of the tests on the other Pythons: OTHER_PYTHONS names them
	for python in $(OTHER_PYTHONS); do .ci/test $$python $(QUICK) || exit; done

test-wheel: $(PACKAGE_READY)  ## build the wheel, install it into empty environments and try it there
	$(BIN)/python -m pytest -m wheel tests/packaging

$(BROWSER_READY): $(READY)
	$(INSTALL) --group browser
	$(BIN)/python -c 'import pathlib; pathlib.Path("$(BROWSER_READY)").touch()'

test-browser: $(BROWSER_READY)  ## open our pages in Chromium; needs it and its driver: apt-get install chromium chromium-driver
	$(BIN)/python -m pytest -m browser tests/browser

$(KEYCLOAK_READY): $(READY)
	$(INSTALL) --group keycloak
	$(BIN)/python -c 'import pathlib; pathlib.Path("$(KEYCLOAK_READY)").touch()'

test-keycloak: $(KEYCLOAK_READY)  ## ask a real Keycloak what the sandbox and the recordings say of it; needs Java 17 and Maven
	$(BIN)/python -m pytest -m keycloak tests/keycloak

$(NOTEBOOKS_READY): $(READY)
	$(INSTALL) --group notebooks
	$(BIN)/python -c 'import pathlib; pathlib.Path("$(NOTEBOOKS_READY)").touch()'

test-answers: $(READY)  ## send random answers to every call for two minutes; ANSWERS_SECONDS, _CLIENTS and _SEED say otherwise
	$(BIN)/python -m pytest -m answers tests/answers

test-notebooks: $(NOTEBOOKS_READY)  ## run the notebooks, and a roster through dask
	$(BIN)/python -m pytest -m notebooks tests/notebooks tests/test_arguments.py tests/test_dask.py tests/test_tables.py

$(MUTANTS_READY): $(READY)
	$(INSTALL) --group mutants
	$(BIN)/python -c 'import pathlib; pathlib.Path("$(MUTANTS_READY)").touch()'

mutants: $(MUTANTS_READY)  ## change the code that decides about writes a little, thousands of times, and list the changes that no test notices
	$(BIN)/python -m mutmut run --max-children 2 | tr '\r' '\n' | tail -n 1
	$(BIN)/python -m mutmut results

$(DOCS_READY): $(READY)
	$(INSTALL) --group docs
	$(BIN)/python -c 'import pathlib; pathlib.Path("$(DOCS_READY)").touch()'

docs: $(DOCS_READY)  ## build the documentation into docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --builder html docs docs/_build/html

pictures: $(BROWSER_READY)  ## make the pictures of the documentation in Chromium; needs it and its driver
	$(BIN)/python -m tests.browser.pictures

bench: $(READY)  ## measure speeds, each against a reference of the same run, and hold the limits
	$(BIN)/python -m tests.benchmarks

check: $(READY)  ## prove that generated code is current, layers hold, lint and types are clean
	$(BIN)/python openapi/generate.py --check
	$(BIN)/python openapi/mirror.py --check
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -m mypy --platform win32 css_sdk
	$(BIN)/python -m pytest --quiet tests/test_layers.py

generate: $(READY)  ## write css-api.json, the typed client and the synchronous twins, offline
	$(BIN)/python openapi/generate.py
	$(BIN)/python openapi/mirror.py

spec: $(READY)  ## fetch the published document from a live page: make spec SPEC_URL=…/openapi/swagger
	@test -n "$(SPEC_URL)" || { echo "Say where: make spec SPEC_URL=https://…/openapi/swagger" >&2; exit 1; }
	$(BIN)/python openapi/fetch.py "$(SPEC_URL)"

spec-check: $(READY)  ## compare the live document with ours: make spec-check SPEC_URL=…/openapi/swagger FORMAT=markdown
	@test -n "$(SPEC_URL)" || { echo "Say where: make spec-check SPEC_URL=https://…/openapi/swagger" >&2; exit 1; }
	@$(BIN)/python openapi/spec_check.py --format "$(or $(FORMAT),text)" "$(SPEC_URL)"

lock: $(READY)  ## resolve constraints.txt anew
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --group dev $(addprefix --group ,$(GROUPS)) \
		--generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" --output-file constraints.txt pyproject.toml

build: $(READY)  ## build sdist and wheel into dist/
	rm -rf dist
	$(BIN)/uv build --quiet --build-constraints constraints.txt --require-hashes

package-check: $(PACKAGE_READY) build  ## check what `make build` made; TAG=v1.2.3 as for this release
	.ci/package-check $(BIN) dist $(TAG)

workflows: $(PACKAGE_READY)  ## look for mistakes and dangers in the workflows and in the action; needs Go
	$(BIN)/zizmor --offline --quiet .
	GOBIN="$(CURDIR)/$(BIN)" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	$(BIN)/actionlint

audit: $(READY)  ## look up known weaknesses of what constraints.txt names; needs the network
	$(INSTALL) --group audit
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement constraints.txt

clean:  ## remove what the targets made
	rm -rf $(VENV) .keycloak mutants dist build docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
