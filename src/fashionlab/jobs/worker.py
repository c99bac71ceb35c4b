"""A worker process of jobs/local.py: `python -m fashionlab.jobs.worker`.

It says its version, then answers each request with one line, until its input ends. That end also
comes when the process that started it was killed, so that no worker is left over.
"""

import json
import os
import signal
import sys
import threading
import time
from queue import SimpleQueue
from typing import TextIO

from fashionlab import __version__
from fashionlab.errors import StoppedError
from fashionlab.jobs.perform import answer

PATIENCE_S = 20.0  # for a training to write its checkpoint once it was asked to stop


def main() -> None:
    """Answer requests from standard input until it ends."""
    # Whatever a library prints goes to standard error: the real output is for answers alone.
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    received: SimpleQueue[str | None] = SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_receive, args=(requests, received, busy), daemon=True).start()
    try:
        _say(answers, json.dumps({"version": __version__}))
        while (request := received.get()) is not None:
            said = answer(request)
            busy.clear()
            _say(answers, said)
    except StoppedError as stopped:  # its job is begun again by another worker
        sys.exit(stopped.status)
    except BrokenPipeError:  # who asked has gone
        os._exit(1)


def _receive(requests: TextIO, received: "SimpleQueue[str | None]", busy: threading.Event) -> None:
    """Pass the requests on; once they end, stop what is being done, as SIGTERM does."""
    for line in requests:
        busy.set()
        received.put(line)
    received.put(None)
    if busy.is_set():
        os.kill(os.getpid(), signal.SIGTERM)  # on Windows this ends the process at once
    time.sleep(PATIENCE_S)
    os._exit(1)


def _say(answers: TextIO, line: str) -> None:
    answers.write(f"{line}\n")
    answers.flush()


if __name__ == "__main__":
    main()
