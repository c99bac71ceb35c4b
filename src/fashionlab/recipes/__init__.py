"""Recipes: all that decides a run apart from its data and seed.

recipe    Recipe: the fields, their types and ranges
name      what a recipe may be called
trace     a library `nn` that records a network instead of computing it
size      how large a network is, before any of it is allocated
build     the compiled model, optimizer and schedule of a recipe
predict   a prediction as the recipe has it, with test-time augmentation
trained   TrainedNetwork: a run's network with its weights
named     the named recipes, TOML files, changes
toml      to_toml, which writes such a file
paper     the course report's systems
accurate  the highest accuracy of a size
fast      the least time to an accuracy
"""

from fashionlab.recipes.build import build, build_network, learning_rates
from fashionlab.recipes.named import RECIPES, changes, get, override, read_toml, recorded, space
from fashionlab.recipes.predict import predict
from fashionlab.recipes.recipe import OPTIMIZERS, TABLES, Recipe
from fashionlab.recipes.toml import to_toml
from fashionlab.recipes.trained import TrainedNetwork

__all__ = [
    "OPTIMIZERS",
    "RECIPES",
    "TABLES",
    "Recipe",
    "TrainedNetwork",
    "build",
    "build_network",
    "changes",
    "get",
    "learning_rates",
    "override",
    "predict",
    "read_toml",
    "recorded",
    "space",
    "to_toml",
]
