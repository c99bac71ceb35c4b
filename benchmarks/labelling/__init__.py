"""Batch labelling: predict --out next to a bare loop, its memory, and what kills cost.

labelling   images a second, memory of all processes, rows and bytes
"""
