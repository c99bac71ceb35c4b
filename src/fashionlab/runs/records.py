"""The records in a run folder's JSON files: their fields, with types and limits.

Symbols: K classes.
"""

from typing import Annotated, Any, NotRequired, TypedDict

from fashionlab.typed import LARGEST, Between

Count = Annotated[int, Between(0, LARGEST)]
Name = Annotated[str, Between(1, 1000)]
Hash = Annotated[str, Between(64, 64)]  # SHA-256 in hexadecimal digits
Share = Annotated[float, Between(0, 1)]
Texts = dict[str, str]
Facts = dict[str, str | int | float | bool | None]


class Split(TypedDict):
    """One split of a run's data."""

    name: Name  # of the data set
    sha256: Hash
    images: Count


class Splits(TypedDict):
    """The data of a run."""

    train: Split
    test: Split
    validation: NotRequired[Split]  # where the data have one of their own


class LeftOutFacts(TypedDict):
    """The list of suspects that were left out of the training part."""

    sha256: Hash  # of the list
    images: Count


class Config(TypedDict):
    """config.json: what decides a run, and what follows from it."""

    recipe: dict[str, Any]  # the fields of recipes.Recipe, which checks them itself
    seed: Count
    data: Splits
    without: NotRequired[LeftOutFacts]
    class_names: Annotated[tuple[Name, ...], Between(1, 256)]  # (K,) in label order
    image_shape: tuple[Count, Count] | tuple[Count, Count, Count]  # (H, W) or (H, W, 3)
    preparation: NotRequired[str]  # older versions knew "garment" alone
    parameters: Count


class Session(TypedDict):
    """A session that resumed a training."""

    after_step: Count
    changed: list[str]  # conditions that were others before


class Environment(TypedDict, total=False):
    """environment.json: what the result depends on besides; older versions recorded less."""

    python: str
    versions: Texts
    cpu: str
    cpus: Count
    memory_gib: float | None
    system: str
    machine: str
    libc: str
    blas: str
    openblas: Facts
    numpy_simd: list[str]
    torch: Facts | None
    gpu: Facts | None
    keras: Facts | None
    scratch: Facts | None
    threads: Texts
    variables: Texts
    keras_backend: str | None
    commit: str | None
    command: list[str]
    data: str | None  # the source that `data.load` takes
    data_options: dict[str, Any]  # the fields of data.ReadOptions that were given
    workers: Count  # that trained it together
    resumed: list[Session]


class LayerFacts(TypedDict):
    """An item of model.json."""

    name: str
    type: str
    output_shape: list[Count]
    parameters: Count


class Protocol(TypedDict):
    """protocol.json: the use of the images, and those that both splits have."""

    images_trained_on: Count
    images_held_out: Count
    epochs: NotRequired[Count]
    epoch_chosen_by: NotRequired[str | None]
    test_set_read: Count  # times
    validation_accuracy: NotRequired[Share]
    test_copies: list[Annotated[list[Count], Between(2, 2)]]  # positions in test and training set


class CorruptedCounts(TypedDict):
    """An item of robustness.json: the correct images of one corruption, a count a strength."""

    name: Name
    unit: Name  # of the strengths
    strengths: Annotated[tuple[float, ...], Between(1, 100)]
    correct: Annotated[tuple[Count, ...], Between(1, 100)]


class RobustnessRecord(TypedDict):
    """robustness.json: how many test images are classified correctly when they are corrupted."""

    format: int
    weights_sha256: Hash  # of the weights that classified
    test_sha256: Hash  # of the test set that the images are from
    images: Annotated[int, Between(1, LARGEST)]  # at each setting
    seed: Count
    clean: Count  # correct of the images as they are
    corruptions: Annotated[list[CorruptedCounts], Between(1, 100)]


class Tally(TypedDict):
    """The sums over the steps of an epoch that is not over, in a checkpoint."""

    step: Count
    images: Count
    loss: float
    right: float
    seconds: float
    learning_rate: float


class State(TypedDict):
    """state.json of a checkpoint."""

    format: int
    steps: Count  # since the training began
    history: list[dict[str, float]]
    tally: Tally
