"""The matrix products of a training step alone: a lower bound for any implementation in NumPy.

Each layer has the forward product, the kernel's gradient, and, except in the first, its input's
gradient. The convolution is a product over patches, for those outputs that a pool reads. Each
product takes the fastest of all layouts of its three arrays and of all sizes of micro-batch,
whether or not the layouts of different products fit together; the gradients of micro-batches are
not even added up.
"""

import time
from dataclasses import dataclass
from itertools import pairwise
from itertools import product as combinations

import numpy as np

from benchmarks.speed.cases import CLASSES, FILTERS, SIDE, WINDOW, Case
from benchmarks.speed.peers import Array, Task

PIECES = (1000, 3000)  # images of a large batch at once
PATCH_IMAGES = 16  # images whose patches go through at once: their outputs stay in the cache
TRIALS = 5  # of a layout
CACHE_LINE = 64  # bytes, where arrays begin


@dataclass(frozen=True)
class Product:
    """(m, k) times (k, n), `times` times a step."""

    m: int
    k: int
    n: int
    times: int = 1


def products(case: Case, piece: int | None = None) -> list[Product]:
    """Return a step's products, over `piece` images of its batch at once (default: all)."""
    b = piece or case.batch
    found = []
    if case.convolution:
        pooled = (SIDE - WINDOW + 1) // 2 * 2  # the last row and column are in no pool
        images = min(b, PATCH_IMAGES)
        patches, times = images * pooled * pooled, case.batch // images
        found.append(Product(patches, WINDOW * WINDOW, FILTERS, times))
        found.append(Product(WINDOW * WINDOW, patches, FILTERS, times))
    for layer, (d, u) in enumerate(pairwise(case.widths)):
        found.append(Product(b, d, u, case.batch // b))  # Z = X W
        found.append(Product(d, b, u, case.batch // b))  # dW = Xᵀ dZ
        if layer or case.convolution:
            found.append(Product(b, u, d, case.batch // b))  # dX = dZ Wᵀ
    return found


def multiply_adds(case: Case) -> int:
    """Return the multiply-adds of a step's products."""
    return sum(p.m * p.k * p.n * p.times for p in products(case))


class Prepared:
    """A product with its own buffers, in one layout."""

    def __init__(self, product: Product, orders: tuple[str, ...], rng: np.random.Generator) -> None:
        m, k, n = product.m, product.k, product.n
        shapes = ((m, k), (k, n), (m, n))
        self.times = product.times
        a, b, out = (_filled(s, order, rng) for s, order in zip(shapes, orders, strict=True))
        # BLAS writes one order only; a product's transpose is the product of the transposes
        self.arguments = (a, b, out) if orders[2] == "C" else (b.T, a.T, out.T)

    def run(self) -> None:
        """Compute the product as often as a step does."""
        a, b, out = self.arguments
        for _ in range(self.times):
            np.matmul(a, b, out=out)

    def seconds(self) -> float:
        """Return the seconds a step by the fastest of TRIALS."""
        a, b, out = self.arguments
        np.matmul(a, b, out=out)
        least = float("inf")
        for _ in range(TRIALS):
            began = time.perf_counter()
            np.matmul(a, b, out=out)
            least = min(least, time.perf_counter() - began)
        return self.times * least


def _filled(shape: tuple[int, int], order: str, rng: np.random.Generator) -> Array:
    m, n = shape
    memory = np.empty(4 * m * n + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    array = memory[start : start + 4 * m * n].view(np.float32)
    rng.random(dtype=np.float32, out=array)
    return array.reshape(m, n) if order == "C" else array.reshape(n, m).T


class Peer:
    """A contestant that learns nothing: its loss and scores are 0."""

    form = "bare"

    def __init__(self, task: Task) -> None:
        case, rng = task.case, np.random.default_rng(0)
        pieces = [p for p in PIECES if case.batch % p == 0 and p < case.batch] or [case.batch]
        alternatives = zip(*(products(case, piece) for piece in pieces), strict=True)
        self.prepared = [self._fastest(found, rng) for found in alternatives]

    def _fastest(self, found: tuple[Product, ...], rng: np.random.Generator) -> Prepared:
        candidates = (
            Prepared(product, orders, rng)
            for product, orders in combinations(found, combinations("CF", repeat=3))
        )
        return min(candidates, key=Prepared.seconds)

    def reset(self) -> None:
        """Do nothing: there is no state."""

    def train(self, first: int, steps: int) -> float:
        """Compute the products of `steps` steps."""
        for _ in range(steps):
            for prepared in self.prepared:
                prepared.run()
        return 0.0

    def predict(self, batch: int) -> Array:
        """Return no scores."""
        return np.zeros((1, CLASSES), np.float32)
