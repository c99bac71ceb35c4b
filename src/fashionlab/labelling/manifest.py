"""Manifest: what a sink holds, and of which job; written by the driver alone, always whole.

job       what decides the answers: version, model, sources, options, rows of a shard, form
sources   each source's name and rows, or the error for which it cannot be read
shards    by their files: source, first row, images, and the result of `shard.work`
failures  the shards and pictures that could not be read
images, rows   the images of all sources, and those of them that are labelled
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from fashionlab.errors import RunError
from fashionlab.labelling.sink import Sink
from fashionlab.labelling.sources import Shard, Source

NAME = "_manifest.json"  # readers of a folder of Parquet files pass over such names
SHARE = 50  # times as long as a manifest took to be written passes before the next
REMEDY = "name another --out, or remove it"

Record = dict[str, Any]


class Manifest:
    """The manifest of a sink, as far as the work has come.

    `job` has what decides the answers; where its form is None, it is the one that was begun, or
    `usual`. Raises RunError where the sink has another job's results, or other files.
    """

    def __init__(self, sink: Sink, job: Mapping[str, Any], usual: str) -> None:
        self.sink = sink
        self.sources: list[Record] = []
        self.shards: dict[str, Record] = {}
        self.job = {**job, "form": job["form"] or usual}
        self._due = 0.0
        content = sink.read(NAME)
        if content is None:
            if not sink.is_empty():
                raise RunError(
                    f"--out must be empty, or begun by the same command; received {sink.where}, "
                    f"which has other files; {REMEDY}"
                )
            return
        try:
            found = json.loads(content)
            self.sources, self.shards, before = found["sources"], found["shards"], found["job"]
            self.job["form"] = job["form"] or before["form"]
            changed = [name for name in self.job if before[name] != self.job[name]]
        except (ValueError, LookupError, TypeError):
            raise RunError(
                f"--out must have a {NAME} of this version; received another in {sink.where}; "
                f"{REMEDY}"
            ) from None
        if changed:
            theirs, ours = (json.dumps(one[changed[0]])[:200] for one in (before, self.job))
            raise RunError(
                f"--out must have results of the same job; received {sink.where} "
                f"({changed[0]} {theirs}, and not {ours}); {REMEDY}"
            )

    def begin(self, sources: Sequence[Source]) -> list[tuple[Shard, Record | None]]:
        """Take the sources as they are now; return the shards to do, in order.

        With a shard comes its earlier result, where that holds if its images are the same: its
        source was mended. Raises RunError where a source has changed of which nothing had failed.
        """
        mended = {
            self.sources[record["source"]]["name"]
            for record in self.shards.values()
            if _has_failed(record) or record["is_stale"]
        }
        mended |= {source["name"] for source in self.sources if source["error"]}
        rows = {source["name"]: source["rows"] for source in self.sources}
        todo: list[tuple[Shard, Record | None]] = []
        shards: dict[str, Record] = {}
        for source in sources:
            if rows.get(source.name, source.rows) != source.rows and source.name not in mended:
                raise self._changed(source)
            for shard in source.shards:
                name = self.file(shard)
                record = self.shards.get(name)
                if record is None:
                    todo.append((shard, None))
                    continue
                is_same = (record["stamp"], record["images"]) == (_stamp(shard), shard.rows)
                if not is_same and source.name not in mended:
                    raise self._changed(source)
                if _has_failed(record):
                    todo.append((shard, None))
                    shards[name] = record  # until it is done
                elif not self._has(record, name):
                    todo.append((shard, None))
                elif is_same:
                    shards[name] = {**record, "is_stale": False}
                else:
                    todo.append((shard, record))
                    shards[name] = {**record, "is_stale": True}
        for name in self.shards.keys() - shards.keys():
            self.sink.remove(name)
        self.sources = [
            {"name": source.name, "rows": source.rows, "error": source.error} for source in sources
        ]
        self.shards = shards
        return todo

    def _has(self, record: Record, name: str) -> bool:
        """Return whether a shard's file is there as it was written."""
        content = self.sink.read(name)
        return content is not None and hashlib.sha256(content).hexdigest() == record["sha256"]

    def _changed(self, source: Source) -> RunError:
        return RunError(
            f"a source must stay as it is while it is labelled; received another {source.name} "
            f"than the results in {self.sink.where} are of; {REMEDY}"
        )

    def file(self, shard: Shard) -> str:
        """Return the name of a shard's file: the numbers of its source, and of the shard in it."""
        return f"{shard.source:05}-{shard.number:06}.{self.job['form']}"

    def add(self, shard: Shard, result: Mapping[str, Any]) -> None:
        """Record the result of a shard; an older file of one that has failed is removed."""
        name = self.file(shard)
        if "error" in result:
            self.sink.remove(name)
        record: Record = {"source": shard.source, "first": shard.first, "images": shard.rows}
        # A stale one is to be checked: its source has changed since.
        record |= {"stamp": _stamp(shard), "is_stale": False}
        self.shards[name] = {**record, **result}

    @property
    def images(self) -> int:
        """The images of all sources that can be read."""
        return sum(source["rows"] for source in self.sources)

    @property
    def rows(self) -> int:
        """The images that are labelled."""
        return sum(record.get("rows", 0) for record in self.shards.values())

    @property
    def failures(self) -> list[Record]:
        """What could not be read: the file, the first row and the number of rows, and why."""
        found = [
            {"file": source["name"], "first": None, "rows": None, "error": source["error"]}
            for source in self.sources
            if source["error"]
        ]
        for _, record in sorted(self.shards.items()):
            name = self.sources[record["source"]]["name"]
            found += [
                {"file": one["file"], "first": one["row"], "rows": 1, "error": one["error"]}
                for one in record["broken"]
            ]
            if "error" in record and not record["broken"]:
                place = {"first": record["first"], "rows": record["images"]}
                found.append({"file": name, **place, "error": record["error"]})
        return found

    def write(self, at_once: bool = True) -> None:
        """Write it; where not `at_once`, only where that takes a small share of the time."""
        began = time.monotonic()
        if not at_once and began < self._due:
            return
        content = {
            "job": self.job,
            "images": self.images,
            "rows": self.rows,
            "failures": self.failures,
            "sources": self.sources,
            "shards": dict(sorted(self.shards.items())),
        }
        self.sink.write(NAME, f"{json.dumps(content, indent=1)}\n".encode())
        self._due = time.monotonic() + SHARE * (time.monotonic() - began)


def _has_failed(record: Record) -> bool:
    """Return whether something of a shard could not be read."""
    return "error" in record or bool(record["broken"])


def _stamp(shard: Shard) -> str:
    return hashlib.sha256(shard.stamp.encode("utf-8", "surrogateescape")).hexdigest()
