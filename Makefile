# Needs Python 3.11 or newer with pip and venv; everything else is installed into .venv.
PYTHON ?= python3
BIN = .venv/bin
MINIMUM = .venv-minimum/$(notdir $(PYTHON))
COMPILED = src/fashionlab/scratch/compiled
# Of pytest's processes: a thread each, and threads of those that they start sleep while they wait.
QUIETLY = OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
# In the files' order, in which none that takes long is the last.
BY_FILE = --dist loadfile --no-loadscope-reorder

.PHONY: run test test-minimum crash-test cluster-test sanitize exact lint bench bench-speed setup

# The main job: the report's three systems on Fashion-MNIST, and a page that compares.
run: setup
	$(BIN)/fashionlab reproduce

# Three processes for two cores: one of them often waits for a browser or a process.
test: lint
	$(QUIETLY) $(BIN)/pytest --numprocesses 3 $(BY_FILE)

# The tests on the lowest versions that pyproject.toml admits, in a venv of their own for each PYTHON.
# scikit-learn before 1.9.1 hands pytest a generator, which pytest 9 warns of.
test-minimum: $(MINIMUM)/ready
	$(QUIETLY) $(MINIMUM)/bin/pytest --numprocesses 3 $(BY_FILE) \
		-W 'ignore:Passing a non-Collection iterable'

# Kills some 400 trainings, about 5 minutes; `make test` has a short form of it.
crash-test: setup
	$(BIN)/python -m benchmarks.engine.crash_test

# A training on several workers of a Ray cluster, one of which is killed, about a minute.
cluster-test: setup
	FASHIONLAB_CLUSTER_TESTS=1 $(BIN)/pytest tests/training/test_parallel.py

# The C sources under GCC's or clang's sanitizers, about 10 minutes.
sanitize: setup
	$(BIN)/python tests/scratch/compiled/sanitize.py

# The bits of a short training on each instruction set of this processor, and on aarch64 under qemu.
exact: setup
	$(BIN)/python tests/scratch/compiled/exact.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# About an hour on two cores. After an interruption, finished runs of report_systems are used again.
bench: setup
	PYTHON=$(PYTHON) sh benchmarks/speed/peers.sh
	$(MAKE) bench-speed
	$(MAKE) bench-speed OPTIONS=--busy
	$(BIN)/python -m benchmarks.engine.checkpoint_cost
	$(BIN)/python -m benchmarks.training.report_systems
	$(BIN)/python -m benchmarks.docs.readme

# Scratch next to the peers that are installed, about 20 minutes; `make bench-speed OPTIONS=--quick`
# takes some, `OPTIONS=--help` lists all.
bench-speed: setup
	$(BIN)/python -m benchmarks.speed $(OPTIONS)

setup: .venv/ready .venv/built

# pip would compile all modules in one process, which takes as long as the rest.
.venv/ready: pyproject.toml constraints.txt setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null || true # some are templates
	touch .venv/ready .venv/built

# pip has built it already; here it follows its sources. Without a C compiler this is one line.
.venv/built: .venv/ready $(wildcard $(COMPILED)/*.[ch]) $(COMPILED)/build.py
	@$(BIN)/python -m fashionlab.scratch.compiled.build || true
	@touch .venv/built

$(MINIMUM)/ready: pyproject.toml constraints.txt setup.py tests/minimum.py
	$(PYTHON) -m venv --clear $(MINIMUM)
	$(PYTHON) tests/minimum.py >$(MINIMUM)/constraints.txt
	$(MINIMUM)/bin/pip install --quiet --constraint $(MINIMUM)/constraints.txt --editable '.[dev]'
	touch $(MINIMUM)/ready
