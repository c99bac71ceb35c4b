"""What the HTTP service bears on this machine: answers a second, waits, refusals, memory.

    python -m benchmarks.service.load [--model FILE] [--seconds 60]

The service runs in a process of its own, one thread for the model; this process is its client, on
the same cores. Writes results/service.csv, a row a load:

    png, json    64 connections, each with its next request as soon as it has the answer
    ten times    requests at ten times the rate of `png`, whatever the answers
    640          ten times the connections; who is refused comes again when Retry-After says
    slow         as `png`, beside 200 connections that send a byte of their head now and then

Latencies are from a request's first byte out to its answer's last byte in, in milliseconds. A
client that sends thousands of requests a second on the same cores waits mostly for itself: in the
two overloads they are those of a second client, which sends PROBES requests a second beside it.
"""

import argparse
import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import tables
from benchmarks.service.clients import (
    CONNECTIONS,
    PROBES,
    WARM_UP,
    Tally,
    beside_slow,
    closed_loop,
    open_loop,
)
from fashionlab.environment import environment


def pictures() -> list[np.ndarray]:
    """Test images, so that requests are as large as real ones."""
    from fashionlab.portable import Predictor

    return [image for _, image in Predictor(None, threads=1).metadata.examples]


def post(kind: str, body: bytes) -> bytes:
    head = f"POST /v1/predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def resident(pid: int) -> float:
    """MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1e3


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(model: str) -> None:
    from fashionlab.serve import models, server
    from fashionlab.serve.settings import Settings

    server.serve(
        models.load_all([model], threads=1), Settings(port=0), lambda line: print(line, flush=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="an .onnx file or a run folder; small, untrained, if none")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--probe", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", default="service", help="the table's name")
    options = parser.parse_args()
    if options.serve:
        serve(options.model)
        return
    if options.probe:
        photos = [post("image/png", png(image)) for image in pictures()]
        course = open_loop(options.probe, photos, CONNECTIONS, options.seconds, PROBES)
        print(json.dumps(asyncio.run(course).seconds))
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.model is None:
            from benchmarks.small_model import small

            file = Path(folder, "small.onnx")
            file.write_bytes(small())
            options.model = str(file)
        run_with(options)


def run_with(options: argparse.Namespace) -> None:
    """Start the service, measure it, stop it."""
    command = [sys.executable, "-m", "benchmarks.service.load", "--serve", "--model", options.model]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1].rstrip("/\n"))
        measure(port, process.pid, options)
    finally:
        process.terminate()
        print("the service ended with status", process.wait(30))


def measure(port: int, pid: int, options: argparse.Namespace) -> None:
    images = pictures()
    photos = [post("image/png", png(image)) for image in images]
    numbers = [
        post("application/json", json.dumps({"images": [image.tolist()]}).encode())
        for image in images
    ]
    seconds, rows = options.seconds, []

    def row(name, connections, tally: Tally, probed: Tally, before, used, offered) -> None:
        known = tally.rate(200) + tally.rate(503)
        wrong = tally.answered() - round(known * (tally.ends - tally.begins))
        rows.append(
            {
                "load": name,
                "connections": connections,
                "seconds": f"{seconds:g}",
                "offered_per_second": f"{offered:.0f}" if offered else "",
                "sent_per_second": f"{tally.sent / (seconds + WARM_UP):.0f}",
                "answered_per_second": f"{tally.rate(200):.0f}",
                "p50_ms": probed.percentile(200, 50),
                "p99_ms": probed.percentile(200, 99),
                "refused_per_second": f"{tally.rate(503):.0f}",
                "refused_p50_ms": probed.percentile(503, 50),
                "refused_p99_ms": probed.percentile(503, 99),
                "timed": probed.answered(),
                "errors": wrong,
                "processor_ms_each": f"{1e3 * used / max(tally.sent, 1):.3f}",
                "rss_before_mb": f"{before:.0f}",
                "rss_after_mb": f"{resident(pid):.0f}",
                "model": Path(options.model).stem,
                **tables.machine(environment()),
            }
        )
        print({key: rows[-1][key] for key in list(rows[-1])[:16]}, flush=True)
        tables.write(options.out, rows)

    def load(
        name: str,
        connections: int,
        course: Coroutine[Any, Any, Tally],
        offered: float = 0,
        probe: bool = False,
    ) -> Tally:
        before, used = resident(pid), processor_seconds(pid)
        second = None
        if probe:
            command = [
                sys.executable,
                "-m",
                "benchmarks.service.load",
                "--probe",
                str(port),
                "--seconds",
                str(seconds),
            ]
            second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        tally = probed = asyncio.run(course)
        if second:
            seen = json.loads(second.communicate()[0])
            probed = replace(tally, seconds={int(status): times for status, times in seen.items()})
        row(name, connections, tally, probed, before, processor_seconds(pid) - used, offered)
        return tally

    few, many = CONNECTIONS, 10 * CONNECTIONS
    tally = load("png", few, closed_loop(port, photos, few, seconds))
    load("json", few, closed_loop(port, numbers, few, seconds))
    rate = 10 * tally.rate(200)
    load("ten times", many, open_loop(port, photos, many, seconds, rate), rate, probe=True)
    load("640", many, closed_loop(port, photos, many, seconds), probe=True)
    load("slow", few, beside_slow(port, photos, seconds))


if __name__ == "__main__":
    main()
