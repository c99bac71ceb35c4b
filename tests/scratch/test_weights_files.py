"""A weights file is complete or not there, and only one of this model is read."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch.layers import BatchNormalization, Conv2D, Dense, Flatten, Rescaling


def model_of(units=3, seed=0, **options):
    model = scratch.Sequential(
        [
            scratch.Input((4, 4, 1)),
            Rescaling(0.5),
            Conv2D(2, 2, name="first"),
            BatchNormalization(),
            Flatten(),
            Dense(units, **options),
        ]
    )
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.1, 2, w.shape) for w in model.get_weights()])
    return model


def same(one, other):
    return all(
        np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True)
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.weights.npz"


def test_weights_go_through_a_file_to_the_bit(path):
    model, other = model_of(), model_of(seed=1)
    model.save_weights(path)
    other.load_weights(str(path))
    assert same(model, other)
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 1))
    np.testing.assert_array_equal(model.predict(x), other.predict(x))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_float64_weights_go_through_a_file_to_the_bit(path):
    f64 = {"dtype": "float64"}
    models = [
        scratch.Sequential([scratch.Input((2,)), Dense(3, **f64, name="d")]) for _ in range(2)
    ]
    models[0].save_weights(path)
    models[1].load_weights(path)
    assert same(*models)


def test_weights_go_out_and_in_as_copies():
    model, other = model_of(), model_of(seed=1)
    weights = model.get_weights()
    other.set_weights(weights)
    weights[0][:] = 0
    assert same(model, other)


def test_weights_that_do_not_fit_change_nothing():
    model, before = model_of(), model_of()
    for wrong in ([], model.get_weights()[:-1], [*model.get_weights()[:-1], np.zeros(4)]):
        with pytest.raises(ValueError, match=r"set_weights: expected shapes .*; received"):
            model.set_weights(wrong)
    with pytest.raises(ValueError):
        model.set_weights([*model.get_weights()[:-1], np.array(["a", "b", "c"])])
    assert same(model, before)


@pytest.mark.parametrize("name", ["net.npz", "net.weights.h5", "net", "weights.npz.txt"])
@pytest.mark.parametrize("method", ["save_weights", "load_weights"])
def test_another_suffix_is_refused(method, name, tmp_path):
    with pytest.raises(
        ValueError, match=rf"{method}: .* must end with \.weights\.npz; received .*{name}"
    ):
        getattr(model_of(), method)(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_kept_with_overwrite_false(path):
    model_of().save_weights(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="overwrite"):
        model_of(seed=1).save_weights(path, overwrite=False)
    assert path.read_bytes() == before


def test_a_disk_error_leaves_the_old_file_and_nothing_beside_it(path, monkeypatch):
    model_of().save_weights(path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        model_of(seed=1).save_weights(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_file_and_folder_are_what_the_system_says(path):
    with pytest.raises(FileNotFoundError):
        model_of().load_weights(path)
    with pytest.raises(FileNotFoundError):
        model_of().save_weights(path.parent / "absent" / path.name)


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


class Hostile:
    def __reduce__(self):
        return print, ("this ran",)


def hostile_object_array():
    return npy(np.array([Hostile()], dtype=object), allow_pickle=True)


def archive_of(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)


BROKEN = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("weights"),
    "a pickle": lambda path: path.write_bytes(pickle.dumps(Hostile())),
    "an array": lambda path: path.write_bytes(npy(np.zeros(3))),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-50]),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a flipped bit": lambda path: path.write_bytes(
        path.read_bytes()[:200] + bytes([path.read_bytes()[200] ^ 1]) + path.read_bytes()[201:]
    ),
    "a pickle inside": lambda path: archive_of(path, first__kernel=hostile_object_array()),
    "a pickle inside, as .npy": lambda path: archive_of(
        path, **{"first__kernel.npy": hostile_object_array()}
    ),
    "text inside": lambda path: archive_of(path, first__kernel="hello"),
    "a huge header": lambda path: archive_of(
        path,
        **{
            "first__kernel.npy": npy(np.zeros(3)).replace(
                b"(3,), }" + b" " * 15, b"(3000000000000000,), }"
            )
        },
    ),
    "nothing inside": lambda path: archive_of(path),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_or_hostile_file_is_refused_and_changes_nothing(kind, path, capsys):
    model = model_of()
    model_of(seed=1).save_weights(path)
    BROKEN[kind](path)
    with pytest.raises(ValueError, match=r"load_weights: .*net\.weights\.npz must "):
        model.load_weights(path)
    assert same(model, model_of())
    assert "this ran" not in capsys.readouterr().out


def test_the_weights_of_another_model_are_refused_and_change_nothing(path):
    model_of(units=4).save_weights(path)
    model = model_of()
    with pytest.raises(
        ValueError, match=r"'dense/kernel' should be float32 \(18, 3\) and is .*18, 4"
    ):
        model.load_weights(path)
    model_of(name="other").save_weights(path)
    with pytest.raises(ValueError, match=r"'dense/kernel' should be .* and is absent"):
        model.load_weights(path)
    assert same(model, model_of())


def test_whole_numbers_are_no_weights(path):
    model = model_of()
    weights = [(f"{x.name}/{v.name}", v.numpy()) for x in model.layers for v in x.weights]
    np.savez(path, **{name: value.astype(int) for name, value in weights})
    with pytest.raises(ValueError, match="'first/kernel' should be float32"):
        model.load_weights(path)
