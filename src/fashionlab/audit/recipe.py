"""The recipe of an audit: a network that has learnt the classes, and no single image by heart.

Few epochs under a schedule that ends at 0: a label that is wrong on one image only is learnt last
(Arpit et al. 2017, "A closer look at memorization in deep networks"). Measured by
benchmarks/training/label_audit.py.
"""

from fashionlab.recipes import RECIPES, Recipe, override

RECIPE = override(RECIPES["cnn"], {"name": "audit", "epochs": 20})
QUICK_EPOCHS = 10  # of a network that has seen the image it judges: of more it knows some by heart

FEW = 20_000  # images; fewer have smaller batches, and more epochs
SMALL_BATCH, STEPS, MOST_EPOCHS = 64, 1500, 40


def recipe_for(images: int, quick: bool = False) -> Recipe:
    """Return the recipe for a set of so many images: a small one has STEPS steps where it can."""
    recipe = override(RECIPE, {"epochs": QUICK_EPOCHS}) if quick else RECIPE
    if images >= FEW:
        return recipe
    epochs = min(max(-(-STEPS * SMALL_BATCH // images), recipe.epochs), MOST_EPOCHS)
    return override(recipe, {"batch_size": SMALL_BATCH, "epochs": epochs})
