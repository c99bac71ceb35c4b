"""Maps, kernels and points of an explanation, as pictures."""

import numpy as np
import pytest
from report_runs import draw_parts, give_explanation, write_run

from fashionlab.report.run.explanation import AGAINST, DIM, FOR, ExplanationView, _kernel, _over
from fashionlab.report.run.pictures import TestImages


def test_a_map_is_blue_for_the_class_and_orange_against_it_on_the_dimmed_image():
    image = np.full((2, 2), 100, np.uint8)
    found = _over(image, np.array([[1.0, -1.0], [0.0, 0.5]]))
    base = 100 * DIM
    np.testing.assert_allclose(found[0, 0], np.minimum(base / 2 + FOR * 1.25, 255), atol=1)
    np.testing.assert_allclose(found[0, 1], np.minimum(base / 2 + AGAINST, 255), atol=1)
    np.testing.assert_allclose(found[1, 0], base, atol=1)
    assert found[0, 0, 2] > found[1, 1, 2] > found[1, 0, 2]  # as blue as the map is strong


def test_a_map_of_a_colour_image_and_one_without_any_effect_can_be_shown():
    image = np.random.default_rng(0).integers(0, 256, (3, 3, 3), np.uint8)
    found = _over(image, np.zeros((3, 3)))
    np.testing.assert_allclose(found, np.repeat(image.mean(axis=2)[..., None] * DIM, 3, 2), atol=1)


@pytest.mark.parametrize(("channels", "shape"), [(1, (2, 2)), (3, (2, 2, 3)), (5, (2, 2))])
def test_a_kernel_is_light_where_it_is_positive_and_grey_where_it_is_0(channels, shape):
    kernel = np.zeros((2, 2, channels))
    kernel[0, 0], kernel[1, 1] = 2.0, -2.0
    found = _kernel(kernel)
    assert found.shape == shape
    assert (found[0, 0] == 255).all() and (found[1, 1] == 1).all() and (found[0, 1] == 128).all()
    assert (_kernel(np.zeros((2, 2, 1))) == 128).all()


@pytest.fixture
def made(tmp_path):
    parts = draw_parts(("a", "<b>", "c"), (28, 28))
    run = give_explanation(write_run(tmp_path / "run", parts=parts), parts)
    return run, parts


def test_explained_images_have_their_maps_and_nearest_training_images(made):
    run, parts = made
    test = TestImages(run, parts.test)
    record = run.explanation()
    view = ExplanationView(record, test)
    assert len(view.images) == len(record.indices) and len(view.kernels) == 5
    for one, index, labels in zip(
        view.images, record.indices, record.neighbours.labels, strict=True
    ):
        assert one.words == test.words(index)
        assert [name for name, _ in one.maps] == ["Occlusion", "Gradient"]
        assert [name for _, name in one.neighbours] == [run.class_names[k] for k in labels]
    assert '&lt;b&gt;"' in "".join(picture for one in view.images for picture, _ in one.neighbours)


def test_points_have_the_test_images_where_they_are_and_else_the_small_ones(made):
    run, parts = made
    for data, name in ((parts.test, "test"), (None, "points")):
        view = ExplanationView(run.explanation(), TestImages(run, data))
        assert view.points_sheet == name
        numbers = [point[6] for point in view.points]
        assert sorted(numbers) == list(range(60))
    assert view.method.replace("\N{NO-BREAK SPACE}", " ") == (
        "principal components, 60 % of the variance"
    )


def test_points_past_what_the_page_can_hold_have_no_picture(made, monkeypatch):
    run, parts = made
    monkeypatch.setattr("fashionlab.report.pictures.MOST_PIXELS", 28 * 28 * 10)
    view = ExplanationView(run.explanation(), TestImages(run, parts.test))
    assert sum(point[6] >= 0 for point in view.points) == 10
