"""Commands about what a training starts from: recipes, data fetch, data info."""

import json

import typer

from fashionlab.cli.options import Data, Json, say


def recipes(as_json: Json = False) -> None:
    """List the recipes."""
    from dataclasses import asdict

    from fashionlab.recipes import RECIPES

    if as_json:
        typer.echo(json.dumps([asdict(r) for r in RECIPES.values()], indent=2))
        return
    for r in RECIPES.values():
        batch = r.batch_size or "all"
        options = ", ".join(f"{k} {v}" for k, v in r.model.items())
        typer.echo(
            f"{r.name:<16} {r.engine:<8} {r.epochs:>4} epochs, batch {batch}, "
            f"{r.optimizer} {r.learning_rate:g}; {r.builder}: {options}"
        )


def fetch() -> None:
    """Put Fashion-MNIST into the package's cache."""
    from fashionlab.data.fetch import fetch as fetch_data

    typer.echo(fetch_data(say))


def info(data: Data = None, as_json: Json = False) -> None:
    """Say which data would be used, and what is in it."""
    from fashionlab.data import load

    parts = load(data, fetch=False)
    if as_json:
        described = [
            {
                "name": part.name,
                "part": part.part,
                "images": len(part),
                "image_shape": part.image_shape,
                "class_names": part.class_names,
                "sha256": part.sha256,
                "source": part.source,
            }
            for part in parts
        ]
        typer.echo(json.dumps(described, indent=2))
        return
    for part in parts:
        rows, columns = part.image_shape
        typer.echo(
            f"{part.name} {part.part}: {len(part):,} images of {rows} x {columns}, "
            f"{part.classes} classes, SHA-256 {part.sha256[:16]}..., from {part.source}"
        )
