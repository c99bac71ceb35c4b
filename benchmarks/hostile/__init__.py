"""Damaged and hostile files: what the program's readers make of them."""
