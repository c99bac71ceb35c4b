"""Tuning: the search for a better recipe, by trials on held-out training images.

space    the values that are tried for a recipe's fields
outcome  what came of a trial, and how Optuna keeps it
choosing the next trial's values, and the bounds that it is pruned by
storage  a study in a database
driver   tune: trials by any number of processes, on one machine or many
result   the best recipes as files
page     the page, which report/study draws
"""

from fashionlab.tuning.choosing import SAMPLERS, Choosing
from fashionlab.tuning.driver import Source, Study, tune
from fashionlab.tuning.outcome import OBJECTIVES, Outcome
from fashionlab.tuning.page import write_page
from fashionlab.tuning.result import write_best
from fashionlab.tuning.space import Axis, Space, default, own, read, usual

__all__ = [
    "OBJECTIVES",
    "SAMPLERS",
    "Axis",
    "Choosing",
    "Outcome",
    "Source",
    "Space",
    "Study",
    "default",
    "own",
    "read",
    "tune",
    "usual",
    "write_best",
    "write_page",
]
