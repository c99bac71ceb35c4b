"""The measurements behind the figures of README and docs; each writes `results/NAME.csv`.

Run them as modules in a source checkout, after `make setup`:

    .venv/bin/python -m benchmarks.engine.checkpoint_cost

or with `PYTHONPATH=src:.` where the package is not installed.

    speed/        scratch next to scikit-learn, PyTorch, Keras, JAX ...: `make bench-speed`
    engine/       Keras on PyTorch, memory, what checkpoints cost, kills and resumes
    training/     the course report's systems over seeds, what was tried, the model that is shipped
    data/         how fast forms of data are read, with how much memory
    photos/       drawn photos of garments, and how fast a portable model answers
    service/      the HTTP service under load
    gpu/          trainings on a GPU that is lent for minutes, and their throughput
    docs/         the tables of README and docs, from the results
    tables        where the results are and how they are read and written
    small_model   the portable model of `small`, untrained, for measurements of time

What users measure, accuracy and seconds to an accuracy, is `fashionlab bench` (fashionlab.bench).
"""
