# Needs Python 3.11 or newer with pip and venv; everything else is installed into .venv.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: run test lint bench setup

# The main job: the report's three systems on Fashion-MNIST, and a page that compares.
run: setup
	$(BIN)/fashionlab reproduce

test: lint
	$(BIN)/pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# About half an hour on two cores; a stopped one goes on.
bench: setup
	$(BIN)/python benchmarks/report_systems.py
	$(BIN)/python benchmarks/readme.py

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch .venv/ready
