"""The same step in C."""
