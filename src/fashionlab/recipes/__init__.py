"""Recipes: all that decides a run beside its data and seed.

recipe  Recipe, and how it builds a model
named   the named ones, TOML files, changes
"""

from fashionlab.recipes.named import RECIPES, get, override, read_toml
from fashionlab.recipes.recipe import OPTIMIZERS, Recipe

__all__ = [
    "OPTIMIZERS",
    "RECIPES",
    "Recipe",
    "get",
    "override",
    "read_toml",
]
