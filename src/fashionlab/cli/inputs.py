"""Commands about the inputs of a training: recipes, data fetch, info, check and convert."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashionlab.cli.options import Data, Json, Place, reads_data
from fashionlab.cli.output import kept, say, show, show_json
from fashionlab.errors import InvalidValueError

if TYPE_CHECKING:
    from fashionlab.data import Dataset
    from fashionlab.data.check import Check, Finding


def recipes(as_json: Json = False) -> None:
    """List the recipes."""
    from dataclasses import asdict

    from fashionlab.recipes import RECIPES

    if as_json:
        show_json([asdict(r) for r in RECIPES.values()], indent=2)
        return
    for r in RECIPES.values():
        options = ", ".join(f"{k} {v}" for k, v in r.model.items())
        show(
            f"{r.name:<16} {r.engine:<8} {r.epochs:>4} epochs, batch {r.batch_size or 'all'}, "
            f"{r.optimizer} {r.learning_rate:g}; {r.builder}: {options}"
        )


def fetch() -> None:
    """Find Fashion-MNIST, or fetch it into the package's cache; print its folder."""
    from fashionlab.data.fetch import fetch as fetch_data
    from fashionlab.progress import download_bar

    folder = fetch_data(say, download_bar)
    with kept(folder):
        show(str(folder))


NO_DATA = Data()
Named = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA", help="A file or folder of data, 'fashion-mnist' or 'synthetic'."
    ),
]


def named_parts(data: Data, also: str | None) -> "tuple[Dataset, ...]":
    """Load the parts of the data that the argument or `--data` names, else of those that are found.

    Nothing is fetched for them.
    """
    if data.place is not None and also is not None:
        raise InvalidValueError(
            f"the data must be named once; received {data.place!r} and --data {also!r}; leave one "
            "out"
        )
    named = replace(data, place=data.place or also)
    return named.parts(fetch=False) if named.place else named.load(fetch=False).all


@partial(reads_data, place=Named)
def info(data: Data = NO_DATA, also: Place = None, as_json: Json = False) -> None:
    """Show which data would be used, and what it contains."""
    splits = named_parts(data, also)
    if as_json:
        described = [
            {
                "name": split.name,
                "part": split.part,
                "images": len(split),
                "image_shape": split.image_shape,
                "class_names": split.class_names,
                "sha256": split.sha256,
                "source": split.source,
                "form": split.form,
                "preparation": split.preparation,
            }
            for split in splits
        ]
        show_json(described, indent=2)
        return
    for split in splits:
        size = " x ".join(map(str, split.image_shape[:2])) + " in colour" * split.is_colour
        show(
            f"{split.name} {split.part}: {len(split):,} images of {size}, "
            f"{split.classes} classes, SHA-256 {split.sha256[:16]}..., from {split.source} "
            f"({split.form}); predict prepares pictures by {split.preparation}"
        )
    if all(split.part != "test" for split in splits):
        show("no test part, without which nothing is trained: give --split 0.15 to hold one out")


@partial(
    reads_data,
    place=Annotated[
        str,
        typer.Argument(
            metavar="A", help="A file or folder of data, 'fashion-mnist' or 'synthetic'."
        ),
    ],
)
def convert(
    data: Data,
    target: Annotated[
        Path,
        typer.Argument(metavar="B", help="A new file, .csv, .tsv, .npz or .parquet; or a folder."),
    ],
    to: Annotated[
        str | None,
        typer.Option(help="The form in a folder: idx, npy, csv, tsv, parquet or pictures."),
    ] = None,
) -> None:
    """Write a data set in another form, its parts as they are."""
    from fashionlab.data.convert import convert as convert_data
    from fashionlab.data.load import guessed_preparation

    written = convert_data(data.parts(), target, to)
    with kept(target):
        for part in written:
            show(f"{target}: {part.part}, {len(part):,} images")
        own = written[0].preparation
        if guessed_preparation(written[0].images) != own:
            show(
                f"no file says how its pictures were prepared: train on it with --preparation {own}"
            )


@partial(reads_data, place=Named)
def check(
    data: Data = NO_DATA,
    also: Place = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Also write a page with pictures.")] = None,
) -> None:
    """Say what is wrong with data; exit status 1 where something makes results wrong."""
    from fashionlab.data.check import check as check_data

    checked = check_data(named_parts(data, also))
    if out is not None:
        from fashionlab.report.check import write_check

        with kept(write_check(checked, out, data.place or also)):
            _show_check(checked, as_json)
    else:
        _show_check(checked, as_json)
    if not checked.sound:
        raise typer.Exit(1)


def _show_check(checked: "Check", as_json: bool) -> None:
    if as_json:
        show_json(checked.to_json(), indent=2)
        return
    show(f"{checked.verdict} {checked.identity.text}")
    for scan in checked.scans:
        part = scan.part
        size = " x ".join(map(str, part.image_shape))
        show(
            f"{part.part}: {len(part):,} images of {size}, {part.classes} classes, values "
            f"{scan.levels[0]} to {scan.highest}, mean {scan.mean:.2f}, from {part.source} "
            f"({part.form})"
        )
    for finding in checked.findings:
        _show_finding(checked, finding)
    show(checked.searched)


def _show_finding(checked: "Check", finding: "Finding") -> None:
    from fashionlab.data.check.copies import label

    show(f"{finding.severity}: {finding.text}")
    if finding.remedy:
        show(f"  {finding.remedy}")
    for group in finding.pictures:
        images = [f"{w} ({label(checked.parts, w)})" for w in group]
        distance = checked.distance(group)
        apart = "" if distance is None else f": {distance:.2f}"
        show(f"    {', '.join(images)}{apart}")
