"""Predictor gives the same answer for the same picture, however it is handed over."""

import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from portable_model import TEST, model_with_nan, overflowing_model, tiny_model

from fashionlab.errors import ImageError, InvalidValueError, ModelError
from fashionlab.portable import Predictor
from fashionlab.portable.locate import locate
from fashionlab.portable.predictor import run, session


@pytest.fixture(scope="module")
def predictor():
    return Predictor(tiny_model(), threads=1)


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_any_batch_gives_what_each_image_gives_alone(predictor):
    together = predictor.probabilities(TEST.images)  # more than go through at once
    alone = np.concatenate([predictor.probabilities(image[None]) for image in TEST.images])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert (together.argmax(axis=1) == TEST.labels).mean() > 0.7
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_an_array_of_the_models_size_is_taken_as_it_is_and_so_is_its_png(predictor, tmp_path):
    image = TEST.images[0]
    file = tmp_path / "a picture.png"
    file.write_bytes(png(image))
    wanted = predictor.probabilities(image[None])[0]
    for given in (image, png(image), file, str(file), Image.fromarray(image)):
        prediction = predictor.predict(given)
        np.testing.assert_array_equal(prediction.seen, image)
        np.testing.assert_allclose(prediction.probabilities, wanted, atol=1e-6)


def test_a_prediction_is_in_words(predictor):
    prediction = predictor.predict(TEST.images[0])
    first, second, *_ = prediction.top()
    assert prediction.known and not prediction.reason
    assert first == (prediction.class_name, prediction.probability)
    assert prediction.class_name == TEST.class_names[prediction.index]
    assert first[1] >= second[1] and len(prediction.top(2)) == 2
    assert repr(prediction).startswith(f"Prediction({prediction.class_name} ")


def test_below_the_threshold_it_is_unsure_and_says_why():
    strict = Predictor(tiny_model(threshold=0.9999), threads=1)
    predictions = strict.predict_all(TEST.images)
    sure = [p.probability >= 0.9999 for p in predictions]
    assert [p.known for p in predictions] == sure
    assert 0 < sum(sure) < len(sure)
    unsure = predictions[sure.index(False)]
    assert "its most probable class has" in unsure.reason and ", unsure)" in repr(unsure)
    assert {p.verdict for p in predictions} == {"known", "unsure"}


def test_a_picture_of_nothing_is_none_of_the_classes(predictor):
    prediction = predictor.predict(Image.new("RGB", (300, 200), (90, 120, 150)))
    assert not prediction.known and prediction.reason
    assert prediction.verdict == "not_found" and "nothing found" in repr(prediction)


@pytest.mark.parametrize(
    ("images", "why"),
    [
        (np.zeros((2, 28, 28)), "uint8.*received float64"),
        ([[0] * 28] * 28, "uint8.*received list"),
        (np.zeros((28, 28), np.uint8), r"received \(28, 28\)"),
        (np.zeros((2, 27, 28), np.uint8), r"received \(2, 27, 28\)"),
        (np.zeros((0, 28, 28), np.uint8), "with N from 1"),
    ],
)
def test_images_that_are_not_bytes_of_the_models_size_are_refused(predictor, images, why):
    with pytest.raises(InvalidValueError, match=why):
        predictor.probabilities(images)


def test_what_is_no_picture_is_refused(predictor, tmp_path):
    for given in (b"", b"text", np.zeros((4, 5, 7), np.uint8), np.zeros((28, 28))):
        with pytest.raises(ImageError):
            predictor.predict(given)
    with pytest.raises(FileNotFoundError):
        predictor.predict(tmp_path / "none.png")
    with pytest.raises(FileNotFoundError):
        Predictor(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("a model")
    with pytest.raises(ModelError):
        Predictor(tmp_path / "text.onnx")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "empty", "nothing"])
def test_what_is_no_file_of_a_model_is_one_line_and_is_not_waited_for(kind, tmp_path):
    path = {"device": Path("/dev/zero")}.get(kind, tmp_path / kind)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "empty":
        path.touch()
    for load in (Predictor, lambda path: Predictor(locate(path).file)):
        with pytest.raises((ModelError, FileNotFoundError)) as raised:
            load(path)
        assert "\n" not in str(raised.value)


def test_a_link_to_itself_is_no_model(tmp_path):
    (tmp_path / "a").symlink_to("a")
    with pytest.raises(ModelError, match="there is no model"):
        locate(tmp_path / "a")


def test_a_model_that_gives_no_probabilities_is_refused_when_it_is_loaded():
    with pytest.raises(ModelError, match="finite weights"):
        Predictor(model_with_nan())


def test_a_result_that_is_no_probability_is_an_error_and_never_a_prediction():
    content, image = overflowing_model()
    predictor = Predictor(content, threads=1)
    assert np.isfinite(predictor.probabilities(TEST.images)).all()
    for images in (image[None], np.stack([*TEST.images[:70], image])):
        with pytest.raises(ModelError, match="add up to 1") as raised:
            predictor.probabilities(images)
        assert "\n" not in str(raised.value)
    with pytest.raises(ModelError):
        predictor.predict(image)


def test_every_failure_of_onnxruntime_is_one_line():
    class Failing:
        def run(self, *_):
            raise self.error

    for Failing.error in (MemoryError(), RuntimeError("two\nlines " * 100)):
        with pytest.raises(ModelError, match="onnxruntime cannot run the model") as raised:
            run(Failing(), TEST.images)
        assert "\n" not in str(raised.value) and len(str(raised.value)) < 400
    with pytest.raises(ModelError, match="onnxruntime cannot load the model"):
        session(b"no model")


def test_threads_may_share_one(predictor):
    wanted = predictor.probabilities(TEST.images)
    with ThreadPoolExecutor(8) as pool:
        for i, row in zip(
            list(range(100)) * 5,
            pool.map(lambda i: predictor.predict(TEST.images[i]), list(range(100)) * 5),
            strict=True,
        ):
            np.testing.assert_allclose(row.probabilities, wanted[i], atol=1e-6)


def test_no_picture_gives_no_prediction(predictor):
    assert predictor.predict_all([]) == []


def test_the_occlusion_map_by_hand(predictor):
    image = TEST.images[0]
    label = int(predictor.probabilities(image[None])[0].argmax())
    found = predictor.occlusion(image, label)
    whole = predictor.probabilities(image[None])[0, label]
    corners = range(-4, 28, 2)
    total, times = np.zeros((28, 28)), np.zeros((28, 28))
    for top in corners:
        for left in corners:
            hidden = image.copy()
            rows, columns = slice(max(top, 0), top + 7), slice(max(left, 0), left + 7)
            hidden[rows, columns] = 0
            total[rows, columns] += whole - predictor.probabilities(hidden[None])[0, label]
            times[rows, columns] += 1
    np.testing.assert_allclose(found, total / times, atol=1e-5)
    with pytest.raises(InvalidValueError, match="label must be in"):
        predictor.occlusion(image, 10)
    with pytest.raises(InvalidValueError, match="must be"):
        predictor.occlusion(image[None], 0)


def test_it_needs_onnxruntime_alone():
    script = (
        "import sys, fashionlab; fashionlab.Predictor; "
        "heavy = {'keras', 'torch', 'onnx', 'sklearn', 'matplotlib', 'fastapi', 'scipy'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
