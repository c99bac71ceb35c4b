# Needs Python 3.11 or newer with pip and venv; everything else is installed into .venv.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: run test crash-test lint bench bench-speed setup

# The main job: the report's three systems on Fashion-MNIST, and a page that compares.
run: setup
	$(BIN)/fashionlab reproduce

# A process for each of two cores, each with one thread: more would wait for each other.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile

# Kills some 400 trainings, about 5 minutes; `make test` has a short form of it.
crash-test: setup
	$(BIN)/python -m benchmarks.engine.crash_test

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# About an hour on two cores. After an interruption, finished runs of report_systems are used again.
bench: setup
	PYTHON=$(PYTHON) sh benchmarks/speed/peers.sh
	$(MAKE) bench-speed
	$(BIN)/python -m benchmarks.engine.fast_forms
	$(BIN)/python -m benchmarks.engine.checkpoint_cost
	$(BIN)/python -m benchmarks.training.report_systems
	$(BIN)/python -m benchmarks.docs.readme

# Scratch next to the peers that are installed, about 20 minutes; `make bench-speed OPTIONS=--quick`
# takes some, `OPTIONS=--help` lists all.
bench-speed: setup
	$(BIN)/python -m benchmarks.speed $(OPTIONS)

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch .venv/ready
