"""Commands about the inputs of a training: recipes, data fetch, data info."""

from fashionlab.cli.options import Data, Json
from fashionlab.cli.output import kept, say, show, show_json


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


def info(data: Data = None, as_json: Json = False) -> None:
    """Show which data would be used, and what it contains."""
    from fashionlab.data import load

    splits = load(data, fetch=False)
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
            }
            for split in splits
        ]
        show_json(described, indent=2)
        return
    for split in splits:
        rows, columns = split.image_shape
        show(
            f"{split.name} {split.part}: {len(split):,} images of {rows} x {columns}, "
            f"{split.classes} classes, SHA-256 {split.sha256[:16]}..., from {split.source}"
        )
