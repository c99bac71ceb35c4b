"""The tables of README and docs, made from `benchmarks/results`.

readme            writes them between their markers: `python -m benchmarks.docs.readme`
training_tables   accuracy, seconds, what was tried
engine_tables     speed next to peers, Keras on PyTorch, checkpoints
outlier_tables    pictures that are no garments
use_tables        portable model, photos, service
"""
