# `make demo` and `make test` set everything up first; only Python ≥ 3.12 and make are needed.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.13 python3.14 python3.12 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$p && break; done)
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
STAMP := .venv/.installed
# Tests start dozens of processes; without bytecode each would compile the packages once more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test test-slow check audit lock clean

setup: $(STAMP)  ## build .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml | $(UV)
	@test -n "$(PYTHON)" || { echo "Waymark needs Python 3.12 or newer on the PATH."; exit 1; }
	$(UV) venv --quiet --clear --no-python-downloads --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	$(UV) pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --editable .
	@touch $(STAMP)

.uv/bin/uv:
	@test -n "$(PYTHON)" || { echo "Waymark needs Python 3.12 or newer on the PATH."; exit 1; }
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv

demo: setup  ## the whole story on a sample academy
	.venv/bin/waymark demo

# Each of two workers computing in two threads would wait for the other.
test test-slow: export OPENBLAS_NUM_THREADS = 1
test test-slow: export OMP_NUM_THREADS = 1

test: setup  ## every test but the slow ones
	.venv/bin/pytest -n auto

test-slow: setup  ## those that train a lot, and ten times as many examples of every property
	.venv/bin/pytest -n auto -m slow
	.venv/bin/pytest -n auto --hypothesis-profile thorough tests/unit

check: setup  ## style, types, layers, dependencies, container files
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy --num-workers 2
	.venv/bin/lint-imports --no-cache
	.venv/bin/deptry .
	.venv/bin/hadolint Dockerfile

audit: setup  ## known vulnerabilities of what is installed, or that nobody can tell
	.venv/bin/python .ci/audit.py

lock: | $(UV)  ## resolve requirements.lock anew from pyproject.toml
	$(UV) pip compile pyproject.toml --universal --generate-hashes --all-extras \
		--python-version 3.12 --no-emit-index-url --no-header --output-file requirements.lock

clean:  ## remove what setup made
	rm -rf .venv .uv
