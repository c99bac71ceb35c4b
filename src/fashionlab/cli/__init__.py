"""The command line: each command parses, calls one public function and prints.

options     what several commands share; `output` prints all that is printed
training    reproduce, train
tuning      tune
evaluation  evaluate, report
comparison  compare
models      export, predict, serve; `answers` prints predictions, `labelling` is predict --out
inputs      recipes, data fetch, info, check and convert
audit       audit
bench       bench accuracy, bench record
"""

import sys
from typing import Annotated

import typer

from fashionlab import __version__
from fashionlab.cli import (
    audit,
    bench,
    comparison,
    evaluation,
    inputs,
    models,
    output,
    training,
    tuning,
)
from fashionlab.dependencies import needs
from fashionlab.errors import FashionlabError, OutputError, StoppedError

INTERRUPTED = 130  # the exit status after Ctrl-C, as shells have it

app = typer.Typer(
    help="Train and measure image classifiers on Fashion-MNIST and similar data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Find, fetch and describe the data.", no_args_is_help=True)
app.add_typer(data_app, name="data")
bench_app = typer.Typer(help="Measure accuracy and time.", no_args_is_help=True)
app.add_typer(bench_app, name="bench")

app.command()(training.reproduce)
app.command()(training.train)
app.command()(tuning.tune)
app.command()(evaluation.evaluate)
app.command()(evaluation.report)
app.command()(comparison.compare)
app.command()(models.export)
app.command()(models.predict)
app.command()(models.serve)
app.command()(inputs.recipes)
app.command()(audit.audit)
data_app.command()(inputs.fetch)
data_app.command()(inputs.info)
data_app.command()(inputs.convert)
data_app.command()(inputs.check)
bench_app.command("accuracy")(bench.bench_accuracy)
bench_app.command("record")(bench.bench_record)


def _show_version(wanted: bool) -> None:
    if wanted:
        output.show(f"fashionlab {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.")] = False,
) -> None:
    """Show `--debug` in the help; `main` accepts it anywhere in the line."""


def main() -> None:
    """Run the command line; an error that the user can fix is one line and exit status 2."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    fields = {"train": training.train, "tune": tuning.tune}
    for name in fields.keys() & set(arguments):  # other commands start without NumPy
        from fashionlab.cli.recipe_fields import add_recipe_fields

        add_recipe_fields(fields[name])
    with output.streams():
        sys.exit(_status(arguments, debug=len(arguments) < len(sys.argv) - 1))


def _status(arguments: list[str], debug: bool) -> int:
    """Run a command and return its exit status."""
    try:
        with needs("this command", "fashionlab"):
            status: int | None = app(arguments, standalone_mode=False)
        if status == INTERRUPTED:  # what typer makes of KeyboardInterrupt
            raise KeyboardInterrupt
        output.require_written()
        return status or 0
    except (KeyboardInterrupt, typer.Abort):
        output.say("fashionlab: stopped; unfinished work was not kept")
        return INTERRUPTED
    except OutputError as error:
        if not error.reader_gone:
            output.say(f"fashionlab: {error}")
        return error.status
    except Exception as error:
        line = _one_line(error)
        if isinstance(error, StoppedError):
            output.say(f"fashionlab: {line}")
            return error.status
        if line is None or debug:
            output.say_traceback(error)
            return 1
        if line:  # without arguments the help was shown, and there is none
            output.say(f"fashionlab: {line}")
        return 2


def _one_line(error: Exception) -> str | None:
    """Return the line for an error that the user can fix; None for a fault of the program."""
    if isinstance(error, FashionlabError):
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    if isinstance(error, UnicodeEncodeError):  # what is printed is escaped: it is a file's name
        return (
            f"a file's name must fit the system's encoding, {error.encoding}; received "
            f"{error.object!a}; set PYTHONUTF8=1, or choose another name"
        )
    if hasattr(error, "format_message"):  # the parser's own errors
        return str(error.format_message())
    return None
