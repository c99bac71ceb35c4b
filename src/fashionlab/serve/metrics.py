"""Metrics: the counters and histograms of the service, in Prometheus's text format."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """Counters and histograms, whose labels take few values each: routes, not paths."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "fashionlab_requests",
            "Requests, by status; 499: the client left before its answer.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "fashionlab_request_seconds",
            "Seconds from a request's head to its answer.",
            ("route",),
            registry=self.registry,
            buckets=SECONDS,
        )
        self._images = Counter(
            "fashionlab_images",
            "Images a model has classified.",
            ("model",),
            registry=self.registry,
        )
        self._batches = Histogram(
            "fashionlab_batch_images",
            "Images that went through a model at a time.",
            ("model",),
            registry=self.registry,
            buckets=IMAGES,
        )
        self._answers = Counter(
            "fashionlab_answers",
            "Predictions answered, by verdict.",
            ("model", "verdict"),
            registry=self.registry,
        )
        self._verdicts: dict[tuple[str, str], Counter] = {}
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge, whose value is read when the metrics are."""
        Gauge(f"fashionlab_{name}", text, registry=self.registry).set_function(value)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        key = (method if method in METHODS else "other", route, status)
        if key not in self._known:  # labels() takes longer than all the rest
            counter = self._requests.labels(key[0], route, str(status))
            self._known[key] = counter, self._seconds.labels(route)
        counter, histogram = self._known[key]
        counter.inc()
        histogram.observe(seconds)

    def batch(self, model: str, images: int) -> None:
        """Count a batch that has gone through a model."""
        self._images.labels(model).inc(images)
        self._batches.labels(model).observe(images)

    def answers(self, model: str, verdicts: Iterable[str]) -> None:
        """Count the verdicts of an answered request."""
        for verdict, images in Tally(verdicts).items():
            if (model, verdict) not in self._verdicts:
                self._verdicts[model, verdict] = self._answers.labels(model, verdict)
            self._verdicts[model, verdict].inc(images)

    def text(self) -> bytes:
        """Return the text for Prometheus."""
        return generate_latest(self.registry)
