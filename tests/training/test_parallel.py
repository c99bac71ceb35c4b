"""Several workers train one model as one worker would."""

import json
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from fashionlab import __version__
from fashionlab.data import Augmentation, Batches, Share, load
from fashionlab.data.convert import convert
from fashionlab.data.synthetic import draw
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.progress import Progress
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run, lease
from fashionlab.training import train
from fashionlab.training.parallel import _require_possible, train_parallel
from fashionlab.training.ray_train import _resources
from fashionlab.training.train import settings
from fashionlab.training.worker import take_part

MLP = replace(
    RECIPES["mlp"],
    engine="keras",
    epochs=3,
    batch_size=64,  # the last of the 280 images are a batch of 24
    validation_fraction=0.2,
    restore_best_weights=True,
    model={"units": (32, 16), "dropout": 0.3},
    augment={"flip": True, "shift": 2, "cutmix": 0.5},
)
CNN = replace(
    RECIPES["cnn"],
    engine="keras",
    epochs=2,
    batch_size=None,
    validation_fraction=0,
    restore_best_weights=False,
    model={"filters": 4, "units": (16,)},
)
CONVNET = replace(
    RECIPES["small"],
    precision="float32",
    model={"stem": 4, "stages": ((6, 1), (8, 1)), "residual": True, "dropout": 0.2},
)
RUNS = {"mlp": MLP, "cnn": CNN}
STEPS = {
    "Muon": {},
    "SGD": {"optimizer": "SGD", "optimizer_options": {}},
}
SIZES = (20, 33, 3, 2)  # of batches: the second worker has 16 images of 33, 1 of 3, none of 2


def task(recipe, data, out, **changes):
    decisive = settings(recipe, load(data), 0)
    made = {"version": __version__, "settings": decisive, "source": str(data), "options": {}}
    return {**made, "out": str(out), "checkpoint_steps": None, "tensorboard": False, **changes}


def weights_apart(a, b):
    a, b = (load_file(Path(folder) / "weights.safetensors") for folder in (a, b))
    assert a.keys() == b.keys()
    return max(float(np.abs(a[name] - b[name]).max()) for name in a)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "drawn.npz"
    convert(draw(350, 120), path)
    return path


@pytest.fixture(scope="module")
def two(tmp_path_factory, data):
    """The folder in which two workers have trained, and what each has found."""
    folder = tmp_path_factory.mktemp("two")
    tasks = [task(recipe, data, folder / name) for name, recipe in RUNS.items()]
    steps = {name: (replace(CONVNET, **changes), SIZES) for name, changes in STEPS.items()}
    (folder / "tasks.pickle").write_bytes(pickle.dumps({"tasks": tasks, "steps": steps}))
    script = Path(__file__).with_name("two_workers.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen(
            [sys.executable, script, str(rank), folder], env=environment, stderr=subprocess.PIPE
        )
        for rank in range(2)
    ]
    said = [worker.communicate(timeout=100)[1].decode() for worker in workers]
    assert all((folder / f"{rank}.json").exists() for rank in range(2)), said
    return folder, [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 20, 33])
@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_shares_are_all_of_a_batch_once_and_consist_of_its_pairs(n, workers):
    shares = [Share(worker, workers) for worker in range(workers)]
    own = [share.places(n) for share in shares if share.images(n)]
    assert sorted(np.concatenate(own)) == list(range(n))
    for places in own:
        assert np.array_equal(places[::-1], n - 1 - places)
    assert all(np.array_equal(s.places(n), [0]) for s in shares if not s.images(n))
    counts = [share.images(n) for share in shares]
    assert sum(counts) == n
    assert max(counts) - min(counts) <= 2


@pytest.mark.parametrize("batch", [20, None])
@pytest.mark.parametrize("mixing", ["cutmix", "fmix", "mixup"])
def test_a_share_is_augmented_as_it_is_in_the_whole_batch(mixing, batch):
    changes = Augmentation(flip=True, rotate=10, shift=2, erase=0.5, **{mixing: 0.5})
    dataset = draw(45, 10)[0]
    whole, part = (Batches(dataset, batch, 3, changes) for _ in range(2))
    for worker in range(3):
        part.share = Share(worker, 3)
        for i, (all_of_it, own) in enumerate(zip(whole.epoch(1), part.epoch(1), strict=True)):
            places = part.share.places(whole.size(i))
            assert len(all_of_it[0]) == whole.size(i)
            for a, b in zip(all_of_it, own, strict=True):
                assert np.array_equal(a[places], b)


def test_a_share_is_cut_out_on_a_gpu_as_elsewhere():
    from fashionlab.engines.keras_torch.device_batches import DeviceBatches

    dataset, changes = draw(45, 10)[0], Augmentation(flip=True, shift=2, fmix=0.5)
    here = Batches(dataset, 20, 3, changes)
    there = DeviceBatches(dataset, 20, 3, changes, device="cpu")
    here.share = there.share = Share(1, 3)
    for own, put in zip(here.epoch(1), there.epoch(1), strict=True):
        for a, b in zip(own, put, strict=True):
            assert np.array_equal(a, b.numpy())


@pytest.mark.parametrize("optimizer", STEPS)
def test_steps_with_batch_normalization_and_dropout_are_those_of_one_worker(two, optimizer):
    _, found = two
    assert found[0]["steps"] == found[1]["steps"]
    for apart, loss, accuracy in found[0]["steps"][optimizer]:
        assert apart < 5e-5
        assert loss < 5e-6
        assert accuracy < 1e-6


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_two_workers_train_what_one_trains_up_to_rounding(two, data, tmp_path, name):
    folder, _ = two
    alone = train(RUNS[name], load(data), tmp_path / name)
    together = Run(folder / name)
    assert weights_apart(alone.folder, together.folder) < 2e-6
    assert alone.metrics().accuracy == together.metrics().accuracy
    assert together.environment()["workers"] == 2
    for a, b in zip(alone.history(), together.history(), strict=True):
        for column in a.keys() - {"seconds"}:
            assert a[column] == pytest.approx(b[column], rel=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray, in its own modules
@pytest.mark.skipif(
    "FASHIONLAB_CLUSTER_TESTS" not in os.environ, reason="40 s: `make cluster-test` runs it"
)
def test_workers_lost_to_a_kill_go_on_from_the_newest_checkpoint_on_ray(data, tmp_path):
    recipe = replace(
        MLP,
        **{"epochs": 12, "batch_size": 8, "restore_best_weights": False},
        **{"optimizer": "Adam", "optimizer_options": {}, "moving_average": None},
    )
    killed = []

    class Killing(Progress):
        def epoch(self, row):
            if row["epoch"] == 2 and not killed:
                owner = lease.read(tmp_path / "two.partial.lock")["pid"]
                os.kill(owner, signal.SIGKILL)
                killed.append(owner)

        def say(self, line):
            said.append(line)

    said = []
    together = train_parallel(recipe, data, tmp_path / "two", 0, Killing(), workers=2)
    assert killed
    assert any("goes on after step" in line for line in said)
    alone = train(recipe, load(data), tmp_path / "one")
    assert weights_apart(alone.folder, together.folder) < 1e-5
    assert alone.metrics().accuracy == pytest.approx(together.metrics().accuracy, abs=1 / 120)
    assert [row["epoch"] for row in together.history()] == list(range(1, 13))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "9.9"}, "all workers must have fashionlab 9.9"),
        ({"source": "synthetic"}, "all workers must have the same data, train with SHA-256"),
    ],
)
def test_a_worker_with_another_version_or_other_data_is_one_line(data, tmp_path, changes, message):
    with pytest.raises(RunError, match=message):
        take_part(task(MLP, data, tmp_path / "run", **changes), Progress())


@pytest.mark.parametrize(
    ("recipe", "workers", "message"),
    [
        (replace(MLP, engine="scratch"), 2, "several workers train the engine keras"),
        (MLP, 0, "workers must be a whole number from 1; received 0"),
        (MLP, True, "workers must be a whole number from 1; received True"),
        (MLP, 33, "at most half the images of a batch, 32; received 33"),
    ],
)
def test_what_several_workers_cannot_train_is_refused(recipe, workers, message):
    with pytest.raises(InvalidValueError, match=message):
        _require_possible(recipe, workers, "ray")


def test_an_unknown_place_is_refused():
    with pytest.raises(InvalidValueError, match='"ray" or "ray://HOST:PORT"; received \'local\''):
        _require_possible(MLP, 2, "local")


def test_another_backend_of_keras_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(InvalidValueError, match="Keras on PyTorch; received KERAS_BACKEND jax"):
        _require_possible(MLP, 2, "ray")


@pytest.mark.parametrize(
    ("nodes", "workers", "each"), [([8], 3, 2), ([3, 3], 3, 1), ([4, 2], 3, 2), ([2, 2], 2, 2)]
)
def test_workers_share_the_cores_of_the_nodes_they_fit_on(nodes, workers, each):
    alive = [{"Alive": True, "Resources": {"CPU": float(n)}} for n in nodes]
    gone = {"Alive": False, "Resources": {"CPU": 64.0}}
    wanted = {"use_gpu": False, "resources_per_worker": {"CPU": each}}
    assert _resources([*alive, gone], workers) == wanted
    with pytest.raises(InvalidValueError, match=f"must have a core for each of {sum(nodes) + 1}"):
        _resources(alive, sum(nodes) + 1)
