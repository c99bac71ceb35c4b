"""The network's training step in C."""
