"""The methods of Sequential that only look: evaluate and predict; and how metrics are returned."""

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from . import checks, passes
from .arguments import known_only

if TYPE_CHECKING:
    from .sequential import Sequential

Array = NDArray[Any]
Metrics = dict[str, float]


@known_only
def evaluate(
    self: "Sequential",
    x: Array,
    y: Array,
    batch_size: int | None = None,
    verbose: str | int = "auto",
    sample_weight: Array | None = None,
    *,
    return_dict: bool = False,
) -> float | list[float] | Metrics:
    """Return the mean loss on images (N, ...) and targets, or [loss, accuracy].

    `batch_size` None takes `micro_batch_size` images at a time; the result does not depend on it.
    """
    require_compiled(self, "evaluate")
    batch = checks.checked(self, "evaluate", x, y, sample_weight)
    sums = passes.losses(self, batch, _size(self, batch_size))
    found = metrics(self, *sums, len(batch[0]))
    if verbose and verbose != "auto":
        print(line(found))  # noqa: T201
    return returned(found, return_dict)


@known_only
def predict(
    self: "Sequential", x: Array, batch_size: int | None = None, verbose: str | int = "auto"
) -> Array:
    """Return the outputs (N, K) for images (N, ...); `batch_size` as in `evaluate`."""
    x = checks.checked_images(self, "predict", x)
    return passes.outputs(self, x, _size(self, batch_size))


def metrics(model: "Sequential", total: float, correct: int, seen: int) -> Metrics:
    """Return the means over `seen` images, of which `correct` have the correct class."""
    accuracy = {"accuracy": correct / seen} if model.counts_correct else {}
    return accuracy | {"loss": total / seen}


def line(metrics: Metrics) -> str:
    """Return metrics to be printed."""
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def returned(metrics: Metrics, return_dict: bool) -> float | list[float] | Metrics:
    """Return metrics as Keras does: the loss, [loss, accuracy], or a dict."""
    if return_dict:
        return metrics
    in_order = [metrics[name] for name in ("loss", "accuracy") if name in metrics]
    return in_order if len(in_order) > 1 else in_order[0]


def require_compiled(model: "Sequential", method: str) -> None:
    """Raise RuntimeError before `compile`."""
    if not hasattr(model, "optimizer"):
        raise RuntimeError(f"{method}: call compile first, to choose an optimizer and a loss")


def _size(model: "Sequential", batch_size: int | None) -> int:
    if batch_size is None:
        return model.micro_batch_size
    return checks.positive("batch_size", batch_size)
