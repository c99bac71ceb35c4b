"""work: the job that labels one shard, on whichever machine."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fashionlab.errors import FashionlabError, ModelError
from fashionlab.labelling.answers import Answers
from fashionlab.labelling.places import line_of
from fashionlab.labelling.reading import Block, blocks
from fashionlab.labelling.sink import Sink
from fashionlab.portable import Predictor
from fashionlab.portable.locate import locate

NAME = "fashionlab.labelling.shard:work"


def work(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Label the rows of a shard and write them into the sink as one file, whole or not at all.

    Returns the number of its rows, its SHA-256, that of the images as the model saw them, and the
    pictures that are broken; or the `error` for which the shard cannot be read; or the reason to
    `stop` the whole work, since no other shard would fare better. Does nothing where `kept`, an
    earlier result, is of these very images.
    """
    try:
        predictor = _predictor(arguments["model"], arguments["sha256"])
        sink = Sink(arguments["sink"])
    except (FashionlabError, OSError) as error:
        return {"stop": str(error)}
    kept = arguments["kept"]
    try:
        if kept and _pixels_sha256(arguments, predictor) == kept["pixels"]:
            return dict(kept)
        answers, pixels, broken = Answers(predictor.metadata), hashlib.sha256(), []
        for block in _blocks(arguments, predictor):
            broken += [{"row": row, "file": name, "error": e} for row, name, e in block.broken]
            _add(pixels, block)
            if len(block.rows):
                answers.add(block, *predictor.probabilities_and_scores(block.images))
    except ModelError as error:
        return {"stop": str(error)}
    except (FashionlabError, OSError) as error:
        return {"error": line_of(error), "broken": []}
    if not len(answers):
        return {"error": "none of its pictures can be read", "broken": broken}
    try:
        content = answers.content(arguments["form"], {"model": arguments["sha256"]})
        sink.write(arguments["file"], content)
    except (FashionlabError, OSError) as error:
        return {"stop": str(error)}
    return {
        "rows": len(answers),
        "sha256": hashlib.sha256(content).hexdigest(),
        "pixels": pixels.hexdigest(),
        "broken": broken,
    }


def _blocks(arguments: Mapping[str, Any], predictor: Predictor) -> Any:
    place, base = arguments["place"], arguments["base"]
    return blocks(place, base, arguments["first"], arguments["rows"], predictor)


def _pixels_sha256(arguments: Mapping[str, Any], predictor: Predictor) -> str:
    whole = hashlib.sha256()
    for block in _blocks(arguments, predictor):
        _add(whole, block)
    return whole.hexdigest()


def _add(whole: Any, block: Block) -> None:
    """Add what the answers about a block depend on to a hash."""
    whole.update(block.rows.data)
    whole.update(block.images.data)
    whole.update(block.found.data)
    whole.update("\0".join(block.names).encode("utf-8", "surrogateescape"))


@lru_cache(1)
def _predictor(model: str | None, sha256: str) -> Predictor:
    """Return the model of a path, or the shipped one; a process that does several jobs keeps it.

    With one thread: a worker is a core, and the answers are the same bits with any number of them.
    """
    predictor = Predictor(locate(None if model is None else Path(model)).file, threads=1)
    if predictor.sha256 != sha256:
        raise ModelError(
            f"all machines must have the same model; received one of SHA-256 "
            f"{predictor.sha256[:12]}... in a worker as {model or 'shipped'}, and the driver has "
            f"{sha256[:12]}...; give one in a shared folder"
        )
    return predictor
