"""label: millions of images -> a folder of answers, by many workers, resumed after any kill."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast

from fashionlab import __version__, files
from fashionlab.data import ReadOptions
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.jobs import Executor, Job, start
from fashionlab.jobs.stopping import stoppable
from fashionlab.labelling import shard as shards
from fashionlab.labelling.answers import Form, usual_form
from fashionlab.labelling.manifest import Manifest, Record
from fashionlab.labelling.sink import Sink
from fashionlab.labelling.sources import Shard, plan
from fashionlab.portable.locate import locate
from fashionlab.portable.predictor import read
from fashionlab.portable.validate import validate
from fashionlab.remote import URL

SHARD = 16_384  # images; about 15 s of one core's work with the shipped model
AHEAD = 2  # jobs for each worker that are given before they can begin
Named = str | Path


@dataclass(frozen=True)
class Summary:
    """What a sink holds after `label`."""

    out: str
    images: int  # of all sources that can be read
    rows: int  # images that are labelled, one row each
    done: int  # rows of them that this call has labelled
    seconds: float
    failures: Sequence[Mapping[str, Any]]  # file, first row, rows and error of what cannot be read


def label(
    source: Named | Sequence[Named],
    out: Named,
    model: Named | None = None,
    *,
    on: str = "local",
    workers: int | None = None,
    shard: int | None = None,
    labels: Literal["first", "last"] | None = None,
    transposed: bool | None = None,
    form: Form | None = None,
    retries: int = 3,
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, int], None] = lambda rows, images: None,
) -> Summary:
    """Label the images of files, folders or URLs by a portable model, one row an image.

    Each shard of `shard` images becomes one file in `out`, a folder or a URL, and _manifest.json
    says what is there; called again with the same arguments, it goes on. The files are the same
    bytes for any `workers`, on one machine or several of one kind. `form` is parquet or csv, by
    default the first where pyarrow is installed. `on`, `workers` and `retries` are those of
    `jobs.start`; `labels` and `transposed` ReadOptions'. `progress` gets the number of images that
    are labelled, and of all.

    What cannot be read is in `failures`; `say` gets a line about each. It is tried again by the
    next call; where a source was mended, the rows that are the same are not labelled again.

    Raises DataNotFoundError for a source that is not there, RunError where `out` has another job's
    results or a source has changed, StoppedError after Ctrl-C, and what the executor raises.
    """
    named = [source] if isinstance(source, str | Path) else list(source)
    names = [_text(name) for name in named]
    if not names or len(set(names)) < len(names):
        raise InvalidValueError(f"sources must be given, each once; received {names!r:.200}")
    if shard is not None and shard < 1:
        raise InvalidValueError(f"a shard must have at least 1 image; received {shard}")
    located = locate(None if model is None else Path(model))
    content = read(located.file)
    metadata = validate(content).metadata
    colour = len(metadata.image_shape) == 3
    options = ReadOptions(colour=colour, labels=labels, transposed=transposed)
    sink = Sink(_text(out))
    job = {
        "version": __version__,
        "model": hashlib.sha256(content).hexdigest(),
        "sources": names,
        "options": {"labels": labels, "transposed": transposed},
        "shard": (step := shard or SHARD),
        "form": form,
    }
    began = time.perf_counter()
    with sink.held(say):
        manifest = Manifest(sink, job, usual_form())
        sources = plan(names, metadata.image_shape, options, step, say)
        for one in sources:
            if one.error:
                say(f"{one.name} cannot be read: {one.error}")
        todo = manifest.begin(sources)
        before = manifest.rows
        manifest.write()
        progress(before, manifest.images)
        own = None if model is None else files.text(located.file.resolve())
        run = _Run(manifest, own, say, progress)
        if todo:
            with (
                stoppable(run.stopped, "the same command"),
                start(on, workers, cores=1, retries=retries, say=say) as executor,
            ):
                run.do(executor, todo)
    seconds = time.perf_counter() - began
    rows = manifest.rows
    return Summary(sink.where, manifest.images, rows, run.done, seconds, manifest.failures)


def _text(name: Named) -> str:
    text = files.text(name)
    return text if URL.match(text) else text.rstrip("/") or text


class _Run:
    """The jobs of one call."""

    def __init__(
        self,
        manifest: Manifest,
        model: str | None,
        say: Callable[[str], None],
        progress: Callable[[int, int], None],
    ) -> None:
        self.manifest, self.model, self.say, self.progress = manifest, model, say, progress
        self.base = files.text(Path.cwd())  # a worker may have another working directory
        self.done = 0

    def do(self, executor: Executor, todo: Sequence[tuple[Shard, Record | None]]) -> None:
        """Have all shards done, a few more given than there are workers."""
        waiting = iter(todo)
        given: dict[str, tuple[Shard, Record | None]] = {}
        try:
            self._give(executor, given, islice(waiting, AHEAD * executor.workers))
            while given:
                done = executor.wait()
                shard, kept = given.pop(done.job.name)
                self._give(executor, given, islice(waiting, 1))
                self._take(shard, kept, done.result or {"error": done.error, "broken": []})
        finally:
            self.manifest.write()

    def stopped(self) -> str:
        """Return what is done, for a call that was stopped."""
        rows, images = self.manifest.rows, self.manifest.images
        return f"stopped with {rows:,} of {images:,} images labelled"

    def _give(
        self,
        executor: Executor,
        given: dict[str, tuple[Shard, Record | None]],
        todo: Iterator[tuple[Shard, Record | None]],
    ) -> None:
        for shard, kept in todo:
            job = self._job(shard, kept)
            given[job.name] = shard, kept
            executor.submit(job)

    def _job(self, shard: Shard, kept: Record | None) -> Job:
        job = self.manifest.job
        result = ("rows", "sha256", "pixels", "broken")
        arguments = {
            "model": self.model,
            "sha256": job["model"],
            "sink": self.manifest.sink.where,
            "file": self.manifest.file(shard),
            "form": job["form"],
            "place": shard.place,
            "base": self.base,
            "first": shard.first,
            "rows": shard.rows,
            "kept": kept and {key: kept[key] for key in result},
        }
        decisive = json.dumps([job, arguments, shard.stamp], sort_keys=True)
        return Job(hashlib.sha256(decisive.encode()).hexdigest(), shards.NAME, arguments)

    def _take(self, shard: Shard, kept: Record | None, result: Mapping[str, Any]) -> None:
        """Record what came of a shard. Raises RunError where no other would fare better."""
        if "stop" in result:
            raise RunError(str(result["stop"]))
        self.manifest.add(shard, result)
        self.manifest.write(at_once=False)
        name = self.manifest.sources[shard.source]["name"]
        for one in result["broken"]:
            self.say(f"{one['file']}, row {one['row']:,}, cannot be read: {one['error']}")
        if "error" in result:
            last = shard.first + shard.rows - 1
            self.say(f"{name}, rows {shard.first:,} to {last:,}, cannot be read: {result['error']}")
        if kept is None or kept["pixels"] != result.get("pixels"):
            self.done += cast(int, result.get("rows", 0))
        self.progress(self.manifest.rows, self.manifest.images)
