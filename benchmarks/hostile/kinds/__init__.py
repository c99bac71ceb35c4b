"""Kinds of hostile and wrong data, by form: each makes its files, and knows what the error says.

hostile   Hostile             a way to make data, and what the error has to say
files     idx, npz, table     sound files, which the kinds are made from
idx, npz, npy, tables, parquet, pictures, others     kinds() by name
"""

from collections.abc import Mapping

from benchmarks.hostile.kinds import idx, npy, npz, others, parquet, pictures, tables
from benchmarks.hostile.kinds.hostile import Hostile

__all__ = ["FORMS", "Hostile"]

FORMS: Mapping[str, Mapping[str, Hostile]] = {
    "IDX": idx.kinds(),
    "CSV, TSV": tables.kinds(),
    "npz": npz.kinds(),
    "npy": npy.kinds(),
    "Parquet": parquet.kinds(),
    "folder of pictures": pictures.kinds(),
    "class_names.txt": others.class_names(),
    "none of them": others.kinds(),
}
