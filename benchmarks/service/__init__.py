"""The HTTP service under load: `load`."""
