"""The commands that write and use the portable model: export, predict, serve."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashionlab import shipped
from fashionlab.cli import output
from fashionlab.cli.options import Data, Json, Labels, Transposed, data_of, reads_data
from fashionlab.dependencies import needs
from fashionlab.errors import InvalidValueError
from fashionlab.shipped import run_folder

if TYPE_CHECKING:
    from fashionlab.portable import Metadata

NO_DATA = Data()
FORMS = ("onnx", "keras", "safetensors", "web")


@reads_data
def export(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="A run folder, or 'shipped'; for web also several, or .onnx files.",
            parser=run_folder,
        ),
    ],
    to: Annotated[str, typer.Option(help="onnx, keras, safetensors or web.")] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="The file or folder to write; in the run folder by default.")
    ] = None,
    bits: Annotated[int, typer.Option(help="Bits of a weight in onnx: 32, or 8.")] = 32,
    calibrated_by: Annotated[
        Path | None,
        typer.Option(help="A run of the same recipe that held images out.", parser=run_folder),
    ] = None,
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Probabilities as the run gives them.")
    ] = False,
    accept: Annotated[
        float, typer.Option(help="The share of held-out images that the outlier score accepts.")
    ] = 0.95,
    licence: Annotated[str | None, typer.Option(help="The licence, for the metadata.")] = None,
    runtime: Annotated[
        Path | None, typer.Option(help="For web: the archive of onnxruntime-web from npm pack.")
    ] = None,
    data: Data = NO_DATA,
) -> None:
    """Write a run as one file to use elsewhere, checked against the run on all test images."""
    from fashionlab.runs import Run

    if to not in FORMS:
        raise InvalidValueError(f"--to must be one of {', '.join(FORMS)}; received {to!r}")
    if to == "web":
        _export_web(runs, out, runtime)
        return
    if len(runs) != 1:
        raise InvalidValueError(f"--to {to} takes one run; received {len(runs)}")
    run = Run(runs[0])
    place = out or _place(run.folder, to, bits)
    if to == "safetensors":
        from fashionlab.export.formats import export_safetensors

        export_safetensors(run, place)
        _say_written(place, f"{place}: {place.stat().st_size:,} bytes")
        return
    parts = data_of(run.folder, data).load()
    if to == "keras":
        from fashionlab.export.formats import export_keras

        difference = export_keras(run, parts.test, place)
        _say_written(
            place,
            f"{place}: over {len(parts.test):,} test images no probability differs by more than "
            f"{difference:.1g} from the run's",
        )
        return
    from fashionlab.export.portable_model import export_onnx

    exported = export_onnx(
        run,
        parts,
        place,
        calibrated_by=Run(calibrated_by) if calibrated_by else None,
        calibrate=not uncalibrated,
        accept=accept,
        log=output.say,
        bits=bits,
        licence=licence,
    )
    metadata = exported.metadata
    low, high = metadata.accuracy_interval
    _say_written(
        place,
        f"{place}: {place.stat().st_size:,} bytes; test accuracy {metadata.accuracy:.2%} "
        f"(95 % interval {low:.2%} to {high:.2%})",
        f"over {len(parts.test):,} test images no probability differs by more than "
        f"{exported.difference:.1g} from the run's, {exported.decisions or 'no'} decisions do",
        f"temperature {metadata.temperature:.3f}, threshold {metadata.threshold:.1%} "
        f"(from {metadata.calibrated_on}); calibration error {metadata.calibration_error:.2%}"
        if metadata.calibrated_on
        else f"not calibrated: calibration error {metadata.calibration_error:.2%}, no threshold",
        *_outlier_line(metadata),
    )


def _outlier_line(metadata: "Metadata") -> list[str]:
    if (outliers := metadata.outliers) is None:
        return []
    kinds = ", ".join(f"{one.kind} {one.accepted:.0%}" for one in outliers.drawn)
    return [
        f"outlier score: up to {outliers.threshold:.2f} is accepted, {outliers.accept:.3g} of the "
        f"held-out images lie there; of drawn outliers it accepts: {kinds}"
    ]


def _say_written(place: Path, *lines: str) -> None:
    with output.kept(place):
        for line in lines:
            output.show(line)


def _place(folder: Path, to: str, bits: int) -> Path:
    """Return where an export goes by default: next to the run's other files."""
    from fashionlab.runs import layout

    name = {
        "onnx": layout.MODEL if bits == 32 else layout.SMALL_MODEL,
        "keras": layout.KERAS_MODEL,
        "safetensors": "shipped.safetensors",
    }[to]
    if to == "safetensors" and not shipped.is_shipped(folder):
        raise InvalidValueError(
            f"{folder} has {layout.WEIGHTS} already; give --out for one with the class names and "
            "the recipe in its metadata"
        )
    return shipped.outputs(folder) / name


def _export_web(sources: list[Path], out: Path | None, runtime: Path | None) -> None:
    from fashionlab.export.web import ARCHIVE, export_web
    from fashionlab.portable.locate import locate
    from fashionlab.portable.predictor import read

    if not out or not runtime:
        raise InvalidValueError(
            f"--to web needs --out FOLDER, and --runtime {ARCHIVE}: onnxruntime for browsers, "
            "which `npm pack onnxruntime-web@1.30.0` downloads"
        )
    contents = [read(locate(source).file) for source in sources]
    folder = export_web(contents, runtime, out)
    _say_written(folder, f"{folder}: look at it with: python -m http.server --directory {folder}")


def predict(
    pictures: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE...",
            help="PNG, JPEG or WebP files, folders of them, or - for stdin; or data files of "
            "images, with labels or without, such as a CSV; with --out also URLs.",
        ),
    ],
    model: Annotated[
        str | None, typer.Option(help="An .onnx file or a run folder; the shipped one by default.")
    ] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="How many classes to name.", show_default="3")
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Draw the picture that the model sees.")
    ] = False,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a row a picture.")] = False,
    level: Annotated[
        float | None,
        typer.Option(
            "--set",
            metavar="LEVEL",
            help="The prediction set: 0.9, 0.95 (default) or 0.99 of such sets hold the truth.",
        ),
    ] = None,
    by_class: Annotated[
        bool, typer.Option("--by-class", help="Sets that hold the truth so often in each class.")
    ] = False,
    labels: Labels = None,
    transposed: Transposed = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="Label into files there, a folder or a URL; resumed by the same command."
        ),
    ] = None,
    on: Annotated[
        str | None, typer.Option(help="With --out: local processes, or ray[://address].")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="With --out: processes; one a core by default.")
    ] = None,
    shard: Annotated[
        int | None, typer.Option(min=1, help="With --out: images in a file; 16384 by default.")
    ] = None,
) -> None:
    """Classify pictures: each is prepared as the training images were, see --show."""
    from fashionlab.cli.labelling import label_into, require_fitting

    printed = {"top": top, "show": show, "json": as_json, "csv": as_csv, "set": level}
    printed["by-class"] = by_class
    require_fitting(out, {**printed, "on": on, "workers": workers, "shard": shard}, [*printed])
    if out is not None:
        label_into(pictures, out, model, on or "local", workers, shard, labels, transposed)
        return
    from fashionlab.cli import answers
    from fashionlab.portable import Predictor
    from fashionlab.portable.locate import locate
    from fashionlab.portable.schema import chosen_sets

    if as_json and as_csv:
        raise InvalidValueError("--json and --csv are two forms of the answer; give one of them")
    if show and (as_json or as_csv):
        raise InvalidValueError("--show is for people; leave it out with --json or --csv")
    paths = answers.pictures(pictures)
    predictor = Predictor(locate(model).file)
    sets = chosen_sets(predictor.metadata, level, by_class)
    write = answers.writer(predictor.class_names, top or 3, show, as_json, as_csv, sets)
    tables = answers.data_files(paths)
    for table in tables:
        answers.answer_rows(table, predictor, write, labels, transposed)
    paths = [path for path in paths if path not in tables]
    if failed := answers.answer(paths, predictor, write):
        raise InvalidValueError(
            f"{failed} of {len(paths)} could not be read as a picture; the others are answered"
            if len(paths) > failed
            else "no picture could be read; give PNG, JPEG or WebP files"
        )


def serve(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...", help=".onnx files or run folders; the shipped one by default."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address; any but loopback needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="0 chooses a free one.")] = 8000,
    token_file: Annotated[
        Path | None, typer.Option(help="A file with the token; or set FASHIONLAB_TOKEN.")
    ] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(help="A further host name of the service; can be repeated."),
    ] = None,
) -> None:
    """Answer over HTTP, with a page for the browser, until Ctrl-C."""
    with needs("serve", "fashionlab[serve]"):
        from fashionlab.serve.models import load_all
        from fashionlab.serve.server import serve as run_service
        from fashionlab.serve.settings import Settings, read_token
    settings = Settings(
        host=host, port=port, token=read_token(token_file), names=tuple(host_name or ())
    )
    run_service(load_all(models or [None], threads=1), settings, output.say)
