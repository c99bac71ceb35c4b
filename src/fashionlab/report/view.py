"""RunView: the facts of a run as pages show them, read from its folder."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from fashionlab.data.fashion_mnist import CLASS_NAMES, SHA256
from fashionlab.errors import RunError
from fashionlab.evaluation.metrics import Metrics
from fashionlab.report.formatting import percent
from fashionlab.report.paper import PAPER_RESULTS, TEST_IMAGES_PER_CLASS, PaperResult
from fashionlab.runs import Environment, Run, standing
from fashionlab.shipped import NAME, is_shipped
from fashionlab.training.early_stopping import best_epoch

MONITORED = ("validation", "test")  # splits that a history may have besides training


class RunView:
    """A run as the page shows it. Raises RunError where its folder lacks what the page needs."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.folder: Path = run.folder
        self.metrics: Metrics = run.metrics()
        self.history = run.history()
        self.training = run.training_figures()
        self.layers = run.layers()
        self.environment = run.environment()
        self.seed: int = run.seed
        self.class_names = run.class_names
        self.image_shape = run.image_shape
        self.parameters: int = run.parameters
        self.protocol = standing(run)
        self.recipe = run.recipe
        self.name = f"{self.recipe.name}, seed {self.seed}"  # for headings and tables
        self.train, self.test = run.data["train"], run.data["test"]
        self.validation = run.data.get("validation")  # where the data have one of their own
        for split in self.monitored:
            if f"{split}_loss" not in self.history[0]:
                raise RunError(
                    f"{self.folder} must hold all that a page shows; its history has no "
                    f"{split}_loss; train it again with this version"
                )

    @property
    def paper(self) -> PaperResult | None:
        """The course report's results for this recipe."""
        return PAPER_RESULTS.get(self.recipe.name)

    @property
    def paper_correct(self) -> tuple[int, ...] | None:
        """The course report's counts by class, if this run has its data, classes and counts."""
        theirs = CLASS_NAMES, {TEST_IMAGES_PER_CLASS}
        same = (self.class_names, set(self.metrics.support)) == theirs
        return self.paper.correct if self.paper and self.genuine and same else None

    @property
    def genuine(self) -> bool:
        """Whether both splits are Fashion-MNIST itself."""
        return {"train": self.train.sha256, "test": self.test.sha256} == SHA256

    @property
    def unit(self) -> str:
        """The word for an epoch: "iteration" where a batch is the whole training set."""
        return "iteration" if self.recipe.batch_size is None else "epoch"

    @property
    def monitored(self) -> list[str]:
        """The splits besides training that were evaluated after every epoch."""
        return [split for split in MONITORED if f"{split}_accuracy" in self.history[0]]

    @property
    def images(self) -> int:
        """The number of test images, N."""
        return sum(self.metrics.support)

    @property
    def verdict(self) -> str:
        """A sentence on the course report's accuracy and this run's interval, or ""."""
        printed = self.paper.test_accuracy if self.paper and self.genuine else None
        if printed is None:
            return ""
        low, high = self.metrics.accuracy_interval
        place = "below" if printed < low else "above" if printed > high else "within"
        return f"The course report gives {percent(printed)}, which lies {place} this interval."

    @property
    def best_epoch(self) -> int | None:
        """The epoch that a monitored metric chose; None where the result is the last epoch's."""
        if not self.recipe.restore_best_weights:
            return None
        return best_epoch(self.history, self.recipe.monitor)

    @cached_property
    def size(self) -> int:
        """The bytes of the file of weights."""
        return self.run.weights_size()

    @property
    def seconds(self) -> float:
        """The seconds of all training steps."""
        return sum(row["seconds"] for row in self.history)

    @property
    def first_loss_note(self) -> str:
        """A sentence on the loss before training, here and in the course report, or ""."""
        theirs = self.genuine and self.paper and self.paper.loss_before_training
        if not theirs or self.recipe.batch_size is not None:
            return ""
        # The one step of a full-batch epoch comes after its loss was measured.
        return (
            f"Before the first step the training loss was {self.history[0]['loss']:.2f}; "
            f"the course report gives {theirs:.2f}."
        )

    @property
    def command(self) -> str:
        """The command line that trained it."""
        return shlex.join(map(str, self.environment.get("command", [])))

    @property
    def evaluation(self) -> str:
        """The command line that computes its metrics again."""
        name = NAME if is_shipped(self.folder) else shlex.quote(str(self.folder))
        return f"fashionlab evaluate {name}"


def recipe_facts(view: RunView) -> dict[str, str]:
    """Return every setting of the recipe by its name, as text."""
    facts: dict[str, str] = {}
    for field, value in asdict(view.recipe).items():
        if isinstance(value, Mapping):
            facts |= {f"{field} {option}": _shown(one) for option, one in value.items()}
        else:
            facts[field] = _shown(value)
    return {name.replace("_", " "): value for name, value in facts.items() if name != "name"}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        parts = [
            f"({_shown(one)})" if isinstance(one, list | tuple) else _shown(one) for one in value
        ]
        return ", ".join(parts)
    return "–" if value is None else str(value)


def _form(scratch: Mapping[str, object]) -> str | None:
    """Say in which form the network from scratch was trained."""
    if scratch.get("form") == "compiled":
        return f"in C, {scratch.get('instructions')}, {scratch.get('threads')} threads"
    return f"in NumPy ({scratch.get('reason')})" if scratch else None


def environment_facts(environment: Environment) -> dict[str, str]:
    """Return the facts of an environment that a reader needs, as text by name."""
    versions = environment.get("versions") or {}
    threads = environment.get("threads") or {}
    memory = environment.get("memory_gib")
    commit, plus, changes = (environment.get("commit") or "").partition("+")
    facts = {
        "Processor": environment.get("cpu"),
        "Cores in use": environment.get("cpus"),
        "Memory": memory and f"{memory} GiB",
        "System": environment.get("system"),
        "Python": environment.get("python"),
        "Packages": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "BLAS": environment.get("blas"),
        "Threads": ", ".join(f"{name}={number}" for name, number in threads.items()),
        "Keras backend": environment.get("keras_backend"),
        "Network from scratch": _form(environment.get("scratch") or {}),
        "Commit": commit[:12] + plus + changes,
    }
    return {name: str(fact) for name, fact in facts.items() if fact}
