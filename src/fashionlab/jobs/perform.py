"""What a worker does, whichever executor started it, and what it is told before it starts.

request, answer, done   a job -> JSON text -> a worker -> JSON text -> Done
thread_counts           the environment in which a worker uses its share of the cores
cores                   how many cores that is, for libraries that read no environment

Both texts are JSON, so that a result does not depend on the executor that carried it.
"""

import json
import os
import socket
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from traceback import extract_tb

from fashionlab import __version__
from fashionlab.errors import FashionlabError, StoppedError, WorkerError
from fashionlab.jobs.job import Done, Job

# Libraries read these when they are loaded, and some of them never again.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def thread_counts(cores: int, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables with which a worker uses at most `cores` threads for arithmetic.

    A smaller number that the user has set stays: it was set to leave cores to others, or for the
    bits that so many threads give. A larger one would have the workers take each other's cores.
    """
    return {name: str(min(cores, _number(environment.get(name)) or cores)) for name in THREADS}


def cores() -> int:
    """Return how many threads this worker may use; 1 where no executor started this process."""
    return _number(os.environ.get("OMP_NUM_THREADS")) or 1


def _number(text: str | None) -> int:
    """Return a count of threads; OpenMP also takes a list, whose first item is the outermost."""
    first = (text or "").partition(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and len(first) < 5 else 0


def request(job: Job) -> str:
    """Return what a worker is sent; TypeError where the arguments are not JSON values."""
    return json.dumps(
        {"version": __version__, "work": job.work, "arguments": dict(job.arguments)},
    )


def answer(request: str) -> str:
    """Do what `request` asks; return the result, the line of an error, or why it is refused.

    Raises StoppedError where a signal stopped the work, which another process may go on with.
    """
    asked = json.loads(request)
    if asked["version"] != __version__:
        return json.dumps({"refused": mismatch(asked["version"], __version__)})
    try:
        module, _, function = asked["work"].partition(":")
        return json.dumps({"result": getattr(import_module(module), function)(asked["arguments"])})
    except StoppedError:
        raise
    except (FashionlabError, OSError) as error:
        line = f"{error}"
    except Exception as error:  # whatever a library raises ends this job, not the others
        frame = extract_tb(error.__traceback__)[-1]
        line = (
            f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}: {error}; "
            "this is a fault of the program, please report it"
        )
    return json.dumps({"error": str(FashionlabError(line))})


def done(job: Job, answer: str) -> Done:
    """Return what an answer says about `job`; WorkerError where the worker refused it."""
    said = json.loads(answer)
    if "refused" in said:
        raise WorkerError(said["refused"])
    return Done(job, said.get("result"), said.get("error", ""))


def mismatch(ours: str, theirs: str) -> str:
    """Return the message about the worker on this host, which has another version than we."""
    return (
        f"workers must have fashionlab {ours}, as the process that gives them jobs; received "
        f"{theirs} on {socket.gethostname()}; install the same version there"
    )
