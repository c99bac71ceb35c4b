"""Data sets that are publicly known, so that a file is recognised whatever it is called.

    KNOWN           what is known of each
    by_file_hash    by the SHA-256 of a file as it is published, or of what is inside its gzip
    by_name         by a file's or folder's name, which may lie
    by_pixels       by the number, mean and standard deviation of the pixels, in whatever form

Sources: counts and class names are those of the sets' own papers and mapping files, as torchvision
(torchvision/datasets/mnist.py, and datasets/_builtin/mnist.py of its prototype) and TensorFlow
Datasets (image_classification/mnist.py) have them. Each hash names its source below. What was not
found in public is left out.
"""

import re
import string
from dataclasses import dataclass

from fashionlab.data import fashion_mnist

TOLERANCE = 0.001  # of a mean or a deviation: published with four digits, some as means of batches
DIGITS = tuple(string.digits)
BALANCED = (*string.digits, *string.ascii_uppercase, *"abdefghnqrt")  # other letters look alike


@dataclass(frozen=True)
class KnownSet:
    """A data set that is publicly known, and the facts by which it is recognised."""

    name: str
    counts: tuple[tuple[int, int], ...]  # (training, test) images of each release, usual one first
    class_names: tuple[str, ...]
    sha256: frozenset[str]  # of its files, as published or unpacked
    first_label: int = 0
    image_shape: tuple[int, int] = (28, 28)
    transposed: bool = False  # stored with rows and columns exchanged
    pixels: tuple[float, float] | None = None  # mean and deviation in training, in units of 255


def by_file_hash(sha256: str) -> KnownSet | None:
    """Return the set that has a file of this hash."""
    return next((known for known in KNOWN if sha256.lower() in known.sha256), None)


def by_name(text: str) -> KnownSet | None:
    """Return the set that a file's or folder's name claims; None for "train-images-idx3-ubyte".

    The name of a variant (medmnist, mnist-c, femnist) claims none of them.
    """
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    for pattern, name in NAMES:
        if found := re.search(pattern, words):
            return next(known for known in KNOWN if known.name == name.format(*found.groups()))
    return None


def by_pixels(images: int, classes: int, mean: float, deviation: float) -> KnownSet | None:
    """Return the set whose training part has as many images and classes, and such pixels.

    Neither the form of the files nor a transposition changes `mean` and `deviation`, in units of
    255, over all pixels of the training part.
    """
    for known in KNOWN:
        if known.pixels and len(known.class_names) == classes:
            is_near = all(
                abs(is_ - was) <= TOLERANCE
                for is_, was in zip((mean, deviation), known.pixels, strict=True)
            )
            if is_near and images in {training for training, _ in known.counts}:
                return known
    return None


_END = r"(?:-(?:train|test|data|dataset|raw|images|digits|original|784|npz|npy|csv|parquet)\b|$)"
NAMES = (  # a pattern in a name of lower case, with "-" for all that is no letter and no digit
    (r"(?:^|-)(?:fashion-?mnist|fmnist)(?:-|$)", fashion_mnist.NAME),
    (r"(?:^|-)(?:kmnist|kuzushiji-?mnist)(?:-|$)", "kmnist"),
    (r"(?:^|-)emnist-?(balanced|byclass|bymerge|digits|letters|mnist)(?:-|$)", "emnist-{}"),
    (r"(?:^|-)qmnist(?:-|$)", "qmnist"),
    (rf"^mnist{_END}", "mnist"),
)


def _hashes(text: str) -> frozenset[str]:
    """Return the first word of each line."""
    return frozenset(line.split()[0] for line in text.strip().splitlines())


# TensorFlow Datasets, url_checksums/mnist.txt; then the files unpacked, which many projects give;
# mnist.npz: keras/src/datasets/mnist.py
_MNIST = """
440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609 train-images-idx3-ubyte.gz
3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c train-labels-idx1-ubyte.gz
8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6 t10k-images-idx3-ubyte.gz
f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6 t10k-labels-idx1-ubyte.gz
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 t10k-labels-idx1-ubyte
731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1 mnist.npz
"""
# TensorFlow Datasets, url_checksums/fashion_mnist.txt
_FASHION_MNIST = """
3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84 train-images-idx3-ubyte.gz
a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845 train-labels-idx1-ubyte.gz
346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073 t10k-images-idx3-ubyte.gz
67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5 t10k-labels-idx1-ubyte.gz
"""
# TensorFlow Datasets, url_checksums/kmnist.txt; the npz files: one public project alone
_KMNIST = """
51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4 train-images-idx3-ubyte.gz
e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17 train-labels-idx1-ubyte.gz
edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5 t10k-images-idx3-ubyte.gz
20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c t10k-labels-idx1-ubyte.gz
11d69e17c8fd294905864aef177fd10c2185e5a3655f4da03d72ea5a64c17a72 kmnist-train-imgs.npz
a325c877035602cb9b9ba54f4194a2a1b5f718026a463db5b5e0cdc124c03720 kmnist-train-labels.npz
692d824896bec8f3c357ebf7a0fe904ed67ac632ce953d0b58f7fbef7bb27d87 kmnist-test-imgs.npz
660f13a4705431ea2a6391c41ecbe384cd0d932c595a101ec4f3b8989e785046 kmnist-test-labels.npz
"""
# github.com/notwa/mnists, mnists/hashes.py; a second project has the same for ten of them
_EMNIST = {
    "balanced": """
74295e75e4e9fa2c102147460ee7eb763653d5132d883a84fb88932bfb8d2db4 train-images-idx3-ubyte.gz
b46d41e5156a0a8aaaa4d18979fdd1588850fa8571018acffd5d93b325a7d6ed train-labels-idx1-ubyte.gz
117fc12b015e37ea98bfb2cbba3f77c3782c056cdbd219b87abfc8661d7135db test-images-idx3-ubyte.gz
a67cac948379b67270b9a4d0a01c8ec661598accf2f2b1964340b7c83cb175cd test-labels-idx1-ubyte.gz
""",
    "byclass": """
9e21987f03a6eb8b870187e785883ddad96947299587908f1a7ec2ca0f4be5f0 train-images-idx3-ubyte.gz
f7ef403d48dc18a89dae0d83d11ee69cecb6e1c12c3a961d03712e495c02a8fa train-labels-idx1-ubyte.gz
5ec835bd5d5b1a66378a132e727fef20fe994b3cc666899befcca5ac766f50cd test-images-idx3-ubyte.gz
501e305eeeacb093b162592d80e8a2632040872360fa6d85cfcb2200d91ca92a test-labels-idx1-ubyte.gz
""",
    "bymerge": """
39bf8c68037dad40db35348895f7e4e056e8c0a005ab78869c9fbc2c96e947be train-images-idx3-ubyte.gz
2c47293b9e62d6abf6ad05fbf67e40baa32adfd380b8d7b44dcc35534b64e1f1 train-labels-idx1-ubyte.gz
5e5815ec1b522089134435f7c55e75a00960b58414793593ffff23efc0821683 test-images-idx3-ubyte.gz
8bda1516255683ba9071e141947ca0c91a911176065cdd6259b0b4d8dc5b5f35 test-labels-idx1-ubyte.gz
""",
    "digits": """
f7c95004d14d81af89522e67d8f0c781dfb3bd544181c81bfe1eb6b41c35b726 train-images-idx3-ubyte.gz
6638a6ff5fe2eefd9cca2471995b46c82986b8e4b2a70d2f5ce8e05d7edb319e train-labels-idx1-ubyte.gz
20ebe43509264f7639d37c835a3f0b009e90b29e00a099a03101abe1644a3f63 test-images-idx3-ubyte.gz
bad1834c45d5988e270b99d43b13edc3fd898f658ffbc2caf2846ef27f7b05b0 test-labels-idx1-ubyte.gz
""",
    "letters": """
6288f418a917e007bf5fddb823a2dc7a5c6a35031401b93292a539cb12bd881f train-images-idx3-ubyte.gz
9759af91ea6bccdf07a6040fd085861f2ec88e37f7c3f5760f6feb57106fbe5c train-labels-idx1-ubyte.gz
50f0e93d75b99b463e9760b8345866f22587fa2c2fba472730a5ba09c693412d test-images-idx3-ubyte.gz
924955c31fe7fd809b7303b5c0141282955f4b8390c74cdfd5d80435e0f4b4cb test-labels-idx1-ubyte.gz
""",
    "mnist": """
5f9942f441031c0f1f2e4d162059fd6e19ea808b34c328b6d16cab0ed24c78f2 train-images-idx3-ubyte.gz
00c6d3c2342fdffb1711e0b5656cac4ce5862d2826399d383a9bac07d612e9f8 train-labels-idx1-ubyte.gz
b25640fa9e356c618132f5df347c95ef5bae6d9c2596be1de40f7e0ae1c3eac6 test-images-idx3-ubyte.gz
bcc5385d38f083dba046f5f756e99b32f5ea7fad122c6243c71c2239873065ca test-labels-idx1-ubyte.gz
""",
}
# torchvision's prototype, and github.com/notwa/mnists for the last one. The label file of the
# training part with one column is MNIST's own.
_QMNIST = """
9e26a7bf1683614e065d7b76460ccd52807165b3f22561fb782bd9f38c52b51d train-images-idx3-ubyte.gz
2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f train-labels-idx2-int.gz
43fc22bf7498b8fc98de98369d72f752d0deabc280a43a7bcc364ab19e57b375 test-images-idx3-ubyte.gz
9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06 test-labels-idx2-int.gz
3f384004f51536c2a29f2ce4d36388ee6cb8fff45bc3ad0cc588a86f2cc76375 test-labels-idx1-ubyte.gz
"""


def _emnist(
    part: str,
    counts: tuple[tuple[int, int], ...],
    class_names: tuple[str, ...],
    pixels: tuple[float, float],
    first_label: int = 0,
) -> KnownSet:
    hashes = _hashes(_EMNIST[part])
    return KnownSet(
        f"emnist-{part}", counts, class_names, hashes, first_label, transposed=True, pixels=pixels
    )


# Pixels: MNIST's as in pytorch/examples, mnist/main.py; EMNIST's from Lightning Bolts,
# pl_bolts/transforms/dataset_normalizations.py; KMNIST's as in many public projects, none of which
# says who computed them; Fashion-MNIST's were computed from Debian's package.
_FASHION_CONTENTS = frozenset(file.sha256 for file in fashion_mnist.FILES)
KNOWN = (
    KnownSet("mnist", ((60_000, 10_000),), DIGITS, _hashes(_MNIST), pixels=(0.1307, 0.3081)),
    KnownSet(
        fashion_mnist.NAME,
        ((60_000, 10_000),),
        fashion_mnist.CLASS_NAMES,
        _hashes(_FASHION_MNIST) | _FASHION_CONTENTS,
        pixels=(0.2860, 0.3530),
    ),
    KnownSet(  # names: kmnist_classmap.csv
        "kmnist",
        ((60_000, 10_000),),
        tuple("おきすつなはまやれを"),
        _hashes(_KMNIST),
        pixels=(0.1918, 0.3483),
    ),
    _emnist("balanced", ((112_800, 18_800),), BALANCED, (0.1751, 0.3332)),
    _emnist(
        "byclass",
        ((697_932, 116_323),),
        (*string.digits, *string.ascii_uppercase, *string.ascii_lowercase),
        (0.1736, 0.3316),
    ),
    _emnist("bymerge", ((697_932, 116_323),), BALANCED, (0.1736, 0.3316)),
    _emnist("digits", ((240_000, 40_000),), DIGITS, (0.1733, 0.3316)),
    _emnist(  # IDX files; CSV files, as in the paper. A class has a letter in both cases.
        "letters",
        ((124_800, 20_800), (88_800, 14_800)),
        tuple(string.ascii_uppercase),
        (0.1722, 0.3309),
        first_label=1,
    ),
    _emnist("mnist", ((60_000, 10_000),), DIGITS, (0.1733, 0.3317)),
    KnownSet("qmnist", ((60_000, 60_000),), DIGITS, _hashes(_QMNIST)),
)
