"""Measure the faster forms in `fashionlab.scratch` next to the plain ones.

    python -m benchmarks.engine.fast_forms [--turns 15]

The two forms of a pair compute the same and are timed in turn. A row of results/fast_forms.csv has
the medians of both in milliseconds, and the median, lowest and highest of their ratios, turn by
turn: above 1 the fast form is faster. Micro-batches ("pieces") are for memory; a form that was
tried and left out has "no" in the column in_use.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import tables
from fashionlab import models, scratch
from fashionlab.scratch import layers, replicas
from fashionlab.scratch.layers.conv_max_pool import ConvMaxPool
from fashionlab.scratch.memory import aligned

IMAGES = 128
REST = 0.1  # seconds before each measurement: OpenBLAS's threads stop waiting busily
RNG = np.random.default_rng(0)
Run = Callable[[], object]


def drawn(*shape: int) -> np.ndarray:
    array = aligned(shape, np.float32)
    array[...] = RNG.standard_normal(shape)
    return array


def columns() -> tuple[Run, Run]:
    """Return the products of a step of 784-512-256-10: an image a row, an image a column."""
    rows, columns = [], []
    for i, (d, u) in enumerate(((784, 512), (512, 256), (256, 10))):
        w, dw = drawn(d, u), drawn(d, u)
        for products, turned in ((rows, False), (columns, True)):
            x, dx = drawn(IMAGES, d), drawn(IMAGES, d)
            z = drawn(IMAGES, u)
            if turned:
                z = drawn(u, IMAGES).T
                dx = drawn(d, IMAGES).T
                x = drawn(d, IMAGES).T if i else x  # the images themselves come as rows
            products += [(x, w, z), (x.T, z, dw)] + ([(z, w.T, dx)] if i else [])

    def multiply(products: list[tuple[np.ndarray, ...]]) -> None:
        for a, b, out in products:
            np.matmul(a, b, out=out)

    return lambda: multiply(rows), lambda: multiply(columns)


def conv_max_pool() -> tuple[Run, Run]:
    """Return the convolution and maximum pool of report-cnn, forward and backward."""

    def network() -> scratch.Sequential:
        return scratch.Sequential(
            [
                scratch.Input((28, 28, 1)),
                layers.Conv2D(32, 2, activation="relu"),
                layers.MaxPooling2D(2),
            ]
        )

    x = RNG.random((IMAGES, 28, 28, 1), dtype=np.float32)
    apart, fused = network(), network()
    apart.stages = apart.layers
    if not isinstance(fused.stages[0], ConvMaxPool):
        raise SystemExit("report-cnn's convolution and pool must be one step")
    da = np.moveaxis(drawn(13, 13, 32, IMAGES), -1, 0)

    def step(model: scratch.Sequential) -> None:
        model.forward(x, training=True)
        model.backward(da)

    return lambda: step(apart), lambda: step(fused)


def large_pages() -> tuple[Run, Run]:
    """Return Adam over the weights of report-cnn, on ordinary and on large pages."""
    size = 1_387_434
    runs = []
    for make in (lambda: np.zeros(size, np.float32), lambda: aligned((size,), np.float32)):
        adam = scratch.optimizers.Adam()
        w, dw = make(), make()
        adam.step(w, dw)
        adam._vectors = {name: make() for name in adam._vectors}
        dw[:] = RNG.standard_normal(size)
        runs.append(lambda adam=adam, w=w, dw=dw: adam.step(w, dw))
    return runs[0], runs[1]


def pieces() -> tuple[Run, Run]:
    """Return a full-batch step of 784-512-10: 60,000 images at once, and in micro-batches."""
    x = RNG.integers(0, 256, (60_000, 28, 28), dtype=np.uint8)
    y = RNG.integers(0, 10, 60_000)
    runs = []
    for piece in (60_000, None):
        model = scratch.Sequential(
            [
                scratch.Input((28, 28)),
                layers.Rescaling(1 / 255),
                layers.Flatten(),
                layers.Dense(512, activation="sigmoid"),
                layers.Dense(10),
            ]
        )
        model.compile("sgd", scratch.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.micro_batch_size = piece or model.micro_batch_size
        runs.append(lambda model=model: model.fit(x, y, batch_size=60_000, verbose=0))
    return runs[0], runs[1]


def two_threads() -> tuple[Run, Run]:
    """Return the products of 784-512-10, then Adam in one thread, and in two (left out)."""
    size = 407_056
    x, z, w, dw = drawn(IMAGES, 784), drawn(512, IMAGES), drawn(784, 512), drawn(784, 512)
    optimizers = [scratch.optimizers.Adam() for _ in range(3)]
    weights, gradients = drawn(size), drawn(size)
    half = size // 2
    go, done = threading.Semaphore(0), threading.Semaphore(0)

    def work() -> None:
        while go.acquire():
            optimizers[2].step(weights[half:], gradients[half:])
            done.release()

    threading.Thread(target=work, daemon=True).start()

    def products() -> None:
        np.matmul(w.T, x.T, out=z)
        np.matmul(x.T, z.T, out=dw)

    def one() -> None:
        products()
        optimizers[0].step(weights, gradients)

    def two() -> None:
        products()
        go.release()
        optimizers[1].step(weights[:half], gradients[:half])
        done.acquire()

    return one, two


def shared_images() -> tuple[Run, Run]:
    """Return report-cnn's predictions: all cores on one batch, and a share of it for each."""
    model = models.cnn(scratch, (28, 28), 10, 0)
    x = RNG.integers(0, 256, (10_000, 28, 28), dtype=np.uint8)

    def one() -> None:
        share, replicas.SHARE = replicas.SHARE, 2**60
        try:
            model.predict(x)
        finally:
            replicas.SHARE = share

    return one, lambda: model.predict(x)


def two_halves() -> tuple[Run, Run]:
    """Return report-cnn's gradients by one model, and by two that share the batch (left out).

    Products use both cores in the first, one core each in the second.
    """

    def network() -> scratch.Sequential:
        model = models.cnn(scratch, (28, 28), 10, 0)
        model.compile("sgd", scratch.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    x = RNG.integers(0, 256, (IMAGES, 28, 28), dtype=np.uint8)
    y = RNG.integers(0, 10, IMAGES)
    whole, *halves = (network() for _ in range(3))
    parts = slice(0, IMAGES // 2), slice(IMAGES // 2, IMAGES)
    pool = ThreadPoolExecutor(1)

    def gradients(model: scratch.Sequential, part: slice) -> None:
        model.compute_gradients(x[part], y[part])

    def two() -> None:
        with threadpool_limits(1):
            other = pool.submit(gradients, halves[1], parts[1])
            gradients(halves[0], parts[0])
            other.result()
            halves[0].gradients_vector += halves[1].gradients_vector

    return lambda: gradients(whole, slice(None)), two


FORMS: dict[str, tuple[Callable[[], tuple[Run, Run]], int, bool]] = {
    "an image a column": (columns, 50, True),
    "convolution and maximum pool in one pass": (conv_max_pool, 20, True),
    "large pages": (large_pages, 20, True),
    "pieces of a full batch": (pieces, 1, True),
    "a share of many images for each core": (shared_images, 1, True),
    "the optimizer in two threads": (two_threads, 50, False),
    "a half of report-cnn's batch for each core": (two_halves, 20, False),
}


def seconds(run: Run, times: int) -> float:
    time.sleep(REST)
    run()
    began = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - began) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args().turns
    rows = []
    for name, (make, times, used) in FORMS.items():
        plain, fast = make()
        pairs = [(seconds(plain, times), seconds(fast, times)) for _ in range(turns)]
        ratios = [a / b for a, b in pairs]
        rows.append(
            {
                "form": name,
                "in_use": "yes" if used else "no",
                "plain_ms": f"{1e3 * statistics.median(a for a, _ in pairs):.3f}",
                "fast_ms": f"{1e3 * statistics.median(b for _, b in pairs):.3f}",
                "ratio": f"{statistics.median(ratios):.2f}",
                "lowest_ratio": f"{min(ratios):.2f}",
                "highest_ratio": f"{max(ratios):.2f}",
                "turns": turns,
                **tables.machine(),
            }
        )
        print(name, {k: rows[-1][k] for k in ("plain_ms", "fast_ms", "ratio")}, flush=True)
        tables.write("fast_forms", rows)


if __name__ == "__main__":
    main()
