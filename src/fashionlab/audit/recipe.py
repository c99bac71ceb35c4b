"""The recipe of an audit: a network that has learnt the classes, and no single image by heart.

Few epochs under a schedule that ends at 0: a label that is wrong on one image only is learnt last
(Arpit et al. 2017, "A closer look at memorization in deep networks"). Measured by
benchmarks/training/label_audit.py.
"""

from fashionlab.recipes import RECIPES, override

RECIPE = override(RECIPES["cnn"], {"name": "audit", "epochs": 10})
