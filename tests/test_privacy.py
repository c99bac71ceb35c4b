"""No command creates a file outside its folders that the docs do not name, and none asks a host.

Each runs in an empty home, with data; docs/commands.md has the rest under Privacy.
"""

import contextlib
import json
import os
import re
import signal
import socket
import time
import urllib.request
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("keras")
pytest.importorskip("onnx")
pytest.importorskip("tensorboardX")

from watching import strace_works, watched

from fashionlab.data import fetch, write_idx
from fashionlab.data.fashion_mnist import FILES
from fashionlab.data.synthetic import draw
from fashionlab.data.unpack import SMALL
from fashionlab.export.web import ARCHIVE

ROOT = Path(__file__).parents[1]
PRIVACY = (ROOT / "docs/commands.md").read_text(encoding="utf-8").partition("\n## Privacy\n")[2]
WEB = Path(os.environ.get("FASHIONLAB_ONNXRUNTIME_WEB") or ROOT / ".cache" / ARCHIVE)
SERVED_S = 15  # onnxruntime's telemetry looks its host up 9 seconds after the import

NOTHING: set[str] = set()
FONTS = {"~/.cache/fontconfig", "/var/cache/fontconfig"}  # of fc-list, where they are out of date
LOCKS = {"/dev/shm/sem.*"}
PLOTS = FONTS | {"~/.cache/matplotlib", "~/.config/matplotlib"}
KERAS = PLOTS | {"~/.keras/keras.json", "TMPDIR/torchinductor_*"} | LOCKS
RAY = {"RAY_TMPDIR", "/dev/shm/*", "/proc/*/oom_score_adj"}
# Ray learns this machine's address from the route to 8.8.8.8, to which it sends nothing, and looks
# its name up.
ROUTE = {"8.8.8.8:53", "/etc/hosts", "/etc/resolv.conf"}

# Also under the hidden name that a file has while it is written.
BASELINES = {"~/.cache/fashionlab/baselines-*.npz", "~/.cache/fashionlab/.baselines-*.partial"}
UNPACKED = {"~/.cache/fashionlab/unpacked"}

# name: arguments, what is new where it ran, what it may create elsewhere
TRAIN = "train report-mlp --engine scratch --epochs 1 --data data --out run"
COMMANDS = {
    "train": (TRAIN, {"run"}, NOTHING),
    "train, keras": (
        "train tiny --epochs 1 --warmup-epochs 0 --batch-size 20 --data data --out keras "
        "--tensorboard",
        {"keras"},
        KERAS,
    ),
    "train --from": ("train --from run", {"run-repeated"}, NOTHING),
    "evaluate": ("evaluate run --json", NOTHING, NOTHING),
    "report": ("report run", {"run/report.html", "run/explanation.npz"}, PLOTS | BASELINES),
    "export": ("export run --uncalibrated", {"run/model.onnx"}, NOTHING),
    "export --bits 8": (
        "export run --uncalibrated --bits 8",
        {"run/model-8bit.onnx"},
        NOTHING,
    ),
    "export --to keras": ("export run --to keras", {"run/model.keras"}, KERAS),
    "export --to safetensors": (
        "export run --to safetensors --out weights.safetensors",
        {"weights.safetensors"},
        NOTHING,
    ),
    "export --to web": (
        f"export shipped --to web --out site --runtime {WEB}",
        {"site"},
        NOTHING,
    ),
    "predict": ("predict photo.png --show", NOTHING, NOTHING),
    "predict --out": (
        "predict data/t10k-images-idx3-ubyte.gz --out labels --workers 1",
        {"labels"},
        NOTHING,
    ),
    "predict --out, ray": (
        "predict data/t10k-images-idx3-ubyte.gz --out by-ray --workers 1 --on ray",
        {"by-ray"},
        RAY,
    ),
    "tune": (
        "tune one.toml --trials 2 --data data --out tuned --workers 1",
        {"tuned"},
        PLOTS | LOCKS,
    ),
    "serve": ("serve shipped --port 0", NOTHING, PLOTS),
    "recipes": ("recipes", NOTHING, NOTHING),
    "data info": ("data info --data data", NOTHING, NOTHING),
    "data info, packed and large": ("data info --data large", NOTHING, UNPACKED),
    "data convert": ("data convert data tables --to csv", {"tables"}, NOTHING),
    "data check": ("data check data --out check.html", {"check.html"}, PLOTS),
    "audit": ("audit data --quick --out audited", {"audited"}, PLOTS),
    "bench accuracy": (
        "bench accuracy one.toml --seeds 1 --data data",
        {"runs", "runs/accuracy.csv", "runs/accuracy"},
        NOTHING,
    ),
    "bench record": (
        "bench record --level 90 --seeds 1 --data data",
        {"runs/record.csv", "runs/record"},
        KERAS,
    ),
    "reproduce": (
        "reproduce --quick --engine scratch --data data --out pages",
        {"pages"},
        PLOTS | BASELINES,
    ),
}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with data, a photo and a recipe, in which one command runs after the other."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "data").mkdir()
    parts = dict(zip(("train", "t10k"), draw(train=60, test=20), strict=True))
    for file in FILES:
        part = parts[file.name.partition("-")[0]]
        array = part.images if "images" in file.name else part.labels
        write_idx(folder / "data" / f"{file.name}.gz", array)
    (folder / "large").mkdir()
    for name, n in (("train", SMALL // 28**2 + 1), ("t10k", 10)):
        images = np.random.default_rng(0).integers(0, 256, (n, 28, 28), np.uint8)
        write_idx(folder / f"large/{name}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"large/{name}-labels-idx1-ubyte.gz", np.arange(n, dtype=np.uint8) % 2)
    photo = np.full((200, 160, 3), 240, np.uint8)
    photo[40:160, 40:120] = 60, 80, 120
    Image.fromarray(photo).save(folder / "photo.png")
    (folder / "one.toml").write_text('base = "report-mlp"\nepochs = 1\nengine = "scratch"\n')
    return folder


@pytest.fixture(scope="module")
def seen(work, tmp_path_factory):
    """What each command did, by its name."""
    place = tmp_path_factory.mktemp("seen")
    if not strace_works(place):
        if os.environ.get("FASHIONLAB_REQUIRE_STRACE"):
            pytest.fail("strace cannot trace here, and FASHIONLAB_REQUIRE_STRACE is set")
        pytest.skip("strace is not installed, or may not trace")
    seen = {}
    began = time.monotonic()
    empty = tmp_path_factory.mktemp("empty")
    with watched(place / "serve", empty, COMMANDS["serve"][0].split()) as seen["serve"]:
        use(seen["serve"], (work / "photo.png").read_bytes())
        for name, (arguments, _, _) in COMMANDS.items():
            if name != "serve" and (name != "export --to web" or WEB.is_file()):
                with watched(place / name, work, arguments.split()) as seen[name]:
                    pass
        time.sleep(max(0, began + SERVED_S - time.monotonic()))
        os.kill(seen["serve"].pid, signal.SIGTERM)
    return seen


def use(service, photo):
    """Ask the service what clients ask."""
    while not (found := re.search(r"http://\S+/", service.errors)):
        line = service.process.stderr.readline()
        assert line, service.errors
        service.errors += line
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    headers = {"Content-Type": "image/png"}
    request = urllib.request.Request(f"{found[0]}v1/predict", photo, headers)
    assert ask(request).status == 200
    models = json.load(ask(f"{found[0]}v1/models"))["models"]
    reports = [model["report"].lstrip("/") for model in models]
    for path in ("", "metrics", "openapi.json", *reports):
        assert ask(found[0] + path).status == 200


def of(name, seen):
    if name not in seen:
        pytest.skip(f"{WEB} is not there: npm pack onnxruntime-web")
    assert seen[name].process.returncode == 0, seen[name].errors
    return seen[name]


def beyond(paths, named):
    """The paths that are none of `named`, nor in one, nor a folder that leads to one."""
    return {
        path
        for path in paths - {"TMPDIR"}
        if not any(
            fnmatch(path, pattern)
            or fnmatch(path, f"{pattern}/*")
            or pattern.startswith(f"{path}/")
            for pattern in named
        )
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_it_leaves_nothing_outside_its_folders_but_what_the_docs_name(name, seen):
    command, (_, new, elsewhere) = of(name, seen), COMMANDS[name]
    inside = {path for path in command.here if not any(path.startswith(f"{n}/") for n in new)}
    assert inside | (command.here & new) == new
    assert beyond(command.left, elsewhere) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_what_it_creates_elsewhere_for_a_while_is_a_temporary_file(name, seen):
    command, (_, _, elsewhere) = of(name, seen), COMMANDS[name]
    assert beyond(command.created, {*elsewhere, "TMPDIR/*"}) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_it_looks_no_host_up_and_connects_to_none(name, seen):
    command = of(name, seen)
    if "ray" in name:  # whose processes speak with each other by this machine's address
        own = {"127.0.0.1"}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, contextlib.suppress(OSError):
            s.connect(("8.8.8.8", 53))
            own.add(s.getsockname()[0])
        assert {host for host in command.asked if not any(f"{a}:" in host for a in own)} <= ROUTE
        return
    assert command.asked == set()
    # urllib3, which Keras imports, binds a port of ::1 to see whether there is IPv6.
    listening = command.bound - {"::1:0"}
    assert listening == ({"127.0.0.1:0"} if name == "serve" else set())


@pytest.mark.parametrize("path", sorted({*KERAS, "~/.cache/fashionlab/baselines-*.npz"}))
def test_the_docs_name_what_is_created(path):
    assert path.removeprefix("TMPDIR/").rstrip("*") in PRIVACY


def test_the_docs_name_the_hosts_of_the_data():
    for mirror in fetch.MIRRORS:
        assert f"`{urlsplit(mirror).hostname}`" in PRIVACY
