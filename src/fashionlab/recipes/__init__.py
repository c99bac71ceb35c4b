"""Recipes: all that decides a run beside its data and seed.

recipe    Recipe, and how it builds a model
named     the named ones, TOML files, changes
report    the course report's systems
accurate  the highest accuracy of a size
fast      the least time to an accuracy
"""

from fashionlab.recipes.named import RECIPES, get, override, read_toml
from fashionlab.recipes.recipe import OPTIMIZERS, TABLES, Recipe

__all__ = [
    "OPTIMIZERS",
    "RECIPES",
    "TABLES",
    "Recipe",
    "get",
    "override",
    "read_toml",
]
