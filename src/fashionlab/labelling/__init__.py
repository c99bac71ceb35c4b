"""Batch labelling: millions of images through a portable model, in shards that any worker can do.

    driver    label, Summary    the driver: plans, gives jobs, writes the manifest
    sources   plan              files, folders and URLs -> shards
    places    stored, local     files on a disk or in an object store
    reading   blocks            the images of a shard
    answers   Answers           the columns of a shard's file
    shard     work              the job of one shard
    manifest  Manifest          what a sink holds, and of which job
    sink      Sink              a folder or a URL for the files

Symbols: N images, n of a block, H rows, W columns, K classes.
"""

from fashionlab.labelling.driver import Summary, label

__all__ = ["Summary", "label"]
