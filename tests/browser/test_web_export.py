"""The static export, in the browser alone, answers as the Predictor does."""

import numpy as np
import pytest
from playwright.sync_api import expect

from fashionlab.export.web import export_web

from .conftest import PATH, garment, headline, says, seen, serving, turned, uploaded

if not PATH.is_file():
    pytest.skip(f"{PATH} is not there: npm pack onnxruntime-web", allow_module_level=True)

ANSWERS = """async ([model, number]) => {
    const api = await import("./api.js");
    const { pixels } = (await api.samples(model))[number];
    return api.predict(model, { pixels });
}"""
EXPLAINED = """async ([model, number, label]) => {
    const api = await import("./api.js");
    const { pixels } = (await api.samples(model))[number];
    return api.explain(model, pixels, label);
}"""
PHOTOS = {
    "light ground": garment(),
    "dark ground": garment(ground=(12, 14, 18), cloth=(200, 190, 120)),
    "large": garment(size=(1500, 1100)),
    "jpeg": garment(size=(640, 800), kind="JPEG"),
    "webp": garment(size=(333, 217), kind="WEBP"),
    "no garment": garment(cloth=(240, 238, 235)),
    "the model's size": garment(size=(28, 28)),
    "cut out": garment(ground=None),
    "jpeg on its side": garment(size=(420, 300), kind="JPEG", exif=turned()),
}
KINDS = {"jpeg": "image/jpeg", "jpeg on its side": "image/jpeg", "webp": "image/webp"}


@pytest.fixture(scope="module")
def exported(contents, tmp_path_factory):
    """The folder under a path of its own."""
    root = tmp_path_factory.mktemp("web")
    (root / "some").mkdir()
    export_web(contents, PATH, root / "some" / "where")
    with serving(root) as (url, server):
        yield f"{url}some/where/", server


@pytest.fixture
def page(opened, exported):
    with opened(exported[0]) as page:
        yield page


def test_samples_are_answered_within_1e_4_of_the_predictor(page, models):
    for model in models:
        examples = model.predictor.metadata.examples
        for number in (0, 7, 19):
            answer = page.evaluate(ANSWERS, [model.name, number])
            expected = model.predictor.predict(examples[number][1])
            found = answer["probabilities"]
            assert max(abs(found[name] - p) for name, p in expected.top()) < 1e-4
            assert next(iter(found)) == answer["class_name"] == expected.class_name
            assert (answer["known"], answer["reason"]) == (expected.known, expected.reason)


def test_what_mattered_is_within_1e_4_of_the_predictor(page, models):
    predictor = models[1].predictor
    label, image = predictor.metadata.examples[2]
    found = page.evaluate(EXPLAINED, ["soft", 2, label])
    assert np.abs(np.array(found) - predictor.occlusion(image, label)).max() < 1e-4


def test_photos_are_prepared_as_python_does_within_a_few_grey_levels(page, models):
    largest = {}
    for name, content in PHOTOS.items():
        page.set_input_files("#file", uploaded(content, "a", KINDS.get(name, "image/png")))
        expected = models[0].predictor.predict(content)
        expect(page.locator(".tile")).to_have_count(len(largest) + 1)
        card = says(page, "tiny", headline(expected))
        # The browser turns a photo upright by itself, and does not tell.
        notes = [note for note in expected.notes if note != "turned upright"]
        said = f"Before looking: {'; '.join(notes)}." if notes else ""
        expect(card.locator(".notes")).to_have_text(said)
        if not expected.known:
            expect(card.locator(".why")).to_contain_text(expected.reason[1:])
        largest[name] = int(np.abs(np.int16(seen(page)) - expected.seen).max())
    # Measured: 0 for all of them; another browser may decode lossy ones by another library.
    assert {n: d for n, d in largest.items() if d > (8 if n in KINDS else 3)} == {}


def test_it_asks_nothing_of_any_other_address(opened, exported):
    with opened(exported[0]) as page:
        asked = []
        page.context.on("request", lambda request: asked.append(request.url))
        page.reload()
        page.locator("#samples button").first.click()
        says(page, "tiny", "%")
        assert asked
        assert [url for url in asked if not url.startswith((exported[0], "blob:"))] == []
        expect(page.locator("#privacy")).to_contain_text("no picture leaves this browser")


def test_it_works_on_when_nobody_serves_it_any_more(opened, exported, models):
    """The last test here: it ends the server."""
    url, server = exported
    with opened(url, worker=True) as page:
        page.evaluate("navigator.serviceWorker.ready")
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        server.shutdown()
        server.server_close()
        page.reload()
        page.locator("#samples button").nth(4).click()
        _, image = models[0].predictor.metadata.examples[4]
        says(page, "tiny", headline(models[0].predictor.predict(image)))
        page.set_input_files("#file", uploaded(garment()))
        page.get_by_role("switch", name="What mattered").check()
        expect(page.locator(".heat")).to_have_count(1)
