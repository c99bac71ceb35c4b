"""`python -m fashionlab.scratch` prints the reading order and the notation."""

from fashionlab import scratch

print(scratch.__doc__)  # noqa: T201
