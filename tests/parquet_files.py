"""Parquet files of pictures, drawn for the tests, and how they are read."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fashionlab.data.forms.parquet import files as parquet
from fashionlab.data.forms.pictures import pixels
from fashionlab.data.options import ReadOptions

STORED = pa.struct({"bytes": pa.binary(), "path": pa.string()})
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
PNGS = [pixels.png(image) for image in IMAGES]
FEATURES = {  # as datasets 5.2 and 2.1 write them
    "new": {"image": {"_type": "Image"}, "label": {"names": ["a", "b"], "_type": "ClassLabel"}},
    "old": {
        "image": {"decode": True, "id": None, "_type": "Image"},
        "label": {"num_classes": 2, "names": ["a", "b"], "id": None, "_type": "ClassLabel"},
    },
}


def pictures(contents=PNGS):
    return pa.array([c and {"bytes": c, "path": "1.png"} for c in contents], STORED)


def labels(count=12):
    return pa.array([i % 2 for i in range(count)], pa.int64())


def save(path: Path, columns, features=None, **options) -> Path:
    table = pa.table(columns)
    if features is not None:
        described = {"info": {"features": features}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(described)})
    pq.write_table(table, path, **options)
    return path


def read(path: Path, part=None, options=None):
    options = options or ReadOptions()
    found = parquet.find(path, options)
    blocks = list(parquet.read(found, part, parquet.plan(found, options)))
    images = np.concatenate([block.images for block in blocks])
    return images, [label for block in blocks for label in block.labels]
