"""Measurements of the two engines.

keras_torch       Keras on PyTorch next to a plain PyTorch loop
keras_memory      what Keras on PyTorch gains by keeping freed memory
checkpoint_cost   the share of the time that checkpoints take
parallel          two workers that train one model, next to one
crash_test        trainings that are killed and resumed: `make crash-test`
"""
