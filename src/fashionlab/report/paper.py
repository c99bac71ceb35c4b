"""The course report's results: the only numbers on the page that are not from a run folder.

The course report is "Image Classification Using Neural Networks On MNIST Dataset", which despite
its title works on Fashion-MNIST. Accuracies are fractions; it gives them in percent, two decimals.
"""

from dataclasses import dataclass

TEST_IMAGES_PER_CLASS = 1_000


@dataclass(frozen=True)
class PaperResult:
    """What the course report gives for one of its systems; None where it gives nothing."""

    parameters: int
    training_accuracy: float | None = None
    test_accuracy: float | None = None
    correct: tuple[int, ...] | None = None  # (K,), diagonal of its confusion matrix
    seconds_an_epoch: tuple[float, float] | None = None  # (lowest, highest)
    loss_before_training: float | None = None  # nats per image
    # After each epoch; it is called validation there, but is measured on the test images.
    test_accuracy_by_epoch: tuple[float, ...] | None = None

    @property
    def correct_sum(self) -> int | None:
        """The number of test images on the diagonal of the confusion matrix."""
        return None if self.correct is None else sum(self.correct)

    @property
    def matrix_accuracy(self) -> float | None:
        """The accuracy that follows from the confusion matrix."""
        if self.correct is None:
            return None
        return sum(self.correct) / (TEST_IMAGES_PER_CLASS * len(self.correct))


PAPER_RESULTS: dict[str, PaperResult] = {  # by recipe
    "report-net": PaperResult(
        parameters=407_050,
        training_accuracy=0.7505,
        test_accuracy=0.7453,
        correct=(880, 933, 469, 671, 925, 838, 127, 842, 886, 882),
        loss_before_training=21.46,
    ),
    "report-mlp": PaperResult(
        parameters=535_818,
        training_accuracy=0.9324,
        test_accuracy=0.8849,
        correct=(826, 973, 830, 940, 765, 965, 600, 973, 963, 945),
        seconds_an_epoch=(36, 36),
    ),
    "report-cnn": PaperResult(
        parameters=1_387_434,
        training_accuracy=0.98,
        test_accuracy=0.9031,
        correct=(819, 979, 824, 917, 849, 989, 796, 902, 981, 967),
        seconds_an_epoch=(100, 117),
        test_accuracy_by_epoch=(
            *(0.8803, 0.8971, 0.9015, 0.9044, 0.9009),
            *(0.9095, 0.9044, 0.9046, 0.9096, 0.9031),
        ),
    ),
    # The text describes this network, but all printed results belong to the one above. The count
    # follows from 42 filters of 3 x 3 and a layer of 512 nodes.
    "report-cnn-text": PaperResult(parameters=3_640_238),
}


@dataclass(frozen=True)
class Contradiction:
    """A point on which the course report disagrees with itself, its data or good practice."""

    paper: str
    here: str


CONTRADICTIONS: tuple[Contradiction, ...] = (
    Contradiction(
        "Two different convolutional networks: the text describes 42 filters of 3 × 3 and a layer "
        "of 512 nodes, the printed summary has 32 filters of 2 × 2 and 256 nodes.",
        "Both can be trained. report-cnn follows the summary, whose parameter count matches the "
        "printed results; report-cnn-text follows the text.",
    ),
    Contradiction(
        "The summary shown for the multi-layer network is that of the convolutional one.",
        "Each section shows the layers of the model that its run trained.",
    ),
    Contradiction(
        "The confusion matrices of the second and third system imply 87.80 % and 90.23 %; the "
        "accuracies printed next to them are 88.49 % and 90.31 %: they come from different runs.",
        "Test accuracy, metrics by class, matrix and sample images of a run are computed from one "
        "stored set of predictions.",
    ),
    Contradiction(
        "The two Keras networks end in ten independent sigmoids, yet their loss, categorical "
        "cross-entropy, assumes that exactly one class is true.",
        "The report-* recipes keep this, so that like is compared with like. With "
        'output_activation = "linear" a recipe trains through softmax.',
    ),
    Contradiction(
        "The test images serve as validation set too: they are evaluated after every epoch, and "
        "the numbers of nodes and epochs were found by trial.",
        "The report-* recipes also log test accuracy, since the original curves show it, but base "
        "no choice on it. A recipe with a validation_fraction holds out training images instead, "
        "and reads the test images once, at the end.",
    ),
    Contradiction(
        "The table numbers the classes from 1 to 10.",
        "Classes are numbered from 0 to 9, as in the data files.",
    ),
    Contradiction(
        "A higher pixel value is said to be darker.",
        "In the files 0 is the black background and 255 the brightest part of the garment. A photo "
        "of a dark garment on a light background has to be inverted before classification.",
    ),
    Contradiction(
        "Each number comes from a single run without a seed, and has no margin of error.",
        "Every run records its seed, and every test accuracy has a 95 % interval.",
    ),
)
