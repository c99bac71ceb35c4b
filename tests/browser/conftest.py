"""A browser, a service with three models, and pages on which nothing may go wrong unseen."""

import base64
import functools
import io
import os
import shutil
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("fastapi")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from axe_playwright_python.sync_playwright import Axe
from playwright import sync_api
from portable_model import tiny_model
from served import served

from fashionlab.export.web import ARCHIVE, export_web
from fashionlab.portable import Predictor
from fashionlab.serve.models import ServedModel

PATH = Path(  # of onnxruntime for browsers
    os.environ.get("FASHIONLAB_ONNXRUNTIME_WEB") or Path(__file__).parents[2] / ".cache" / ARCHIVE
)
HEADINGS = {"unsure": "Unsure", "none_of_these": "None of these", "not_found": "Nothing found"}
OPTIONS = (
    "--no-sandbox",  # the tests run as root in containers
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


# Of a module, not of the session: while it is there, no other test can run an event loop.
@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        if os.environ.get("FASHIONLAB_REQUIRE_BROWSER"):
            pytest.fail("chromium is not installed, and FASHIONLAB_REQUIRE_BROWSER is set")
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contents():
    """Three files: the second model is less sure, the third sure of nothing."""
    return (
        tiny_model(),
        tiny_model(name="soft", temperature=2.0),
        tiny_model(name="never", temperature=9.0, threshold=0.99),
    )


@pytest.fixture(scope="session")
def models(contents):
    predictors = [Predictor(content, threads=1) for content in contents]
    return [ServedModel(predictor.metadata.name, predictor) for predictor in predictors]


@pytest.fixture(scope="module")
def service(models):
    with served(models) as running:
        yield running


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def serving(root):
    """(the address, the server) of a folder, as `python -m http.server` serves it."""
    handler = functools.partial(Quiet, directory=root)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.block_on_close = False  # browsers keep connections open
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", server
        server.shutdown()
        thread.join()


BACK_ENDS = ("service", "browser alone")


@contextmanager
def hosted(contents, back_end, folder):
    """(the address, the predictors) of a page with these models, by either back end."""
    models = [Predictor(content, threads=1) for content in contents]
    if back_end == "service":
        with served([ServedModel(one.metadata.name, one) for one in models]) as running:
            yield running.url, models
    elif not PATH.is_file():
        pytest.skip(f"{PATH} is not there: npm pack onnxruntime-web")
    else:
        export_web(contents, PATH, folder / "site")
        with serving(folder) as (url, _):
            yield f"{url}site/", models


@pytest.fixture(scope="module", params=BACK_ENDS)
def site(request, tmp_path_factory):
    """(the address, the predictors) of a page with the module's CONTENTS, by either back end."""
    with hosted(request.module.CONTENTS, request.param, tmp_path_factory.mktemp("web")) as site:
        yield site


@pytest.fixture
def opened(browser):
    """opened(url, **options): a page in a new context; what its console complained of fails.

    Its service worker is left out unless asked for: that takes a second.
    """

    @contextmanager
    def opened(url, expected=(), ready="#samples button", worker=False, **options):
        still = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
        service_workers = "allow" if worker else "block"
        context = browser.new_context(service_workers=service_workers, **{**still, **options})
        context.set_default_timeout(10_000)
        complaints = []
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.goto(url)
        page.wait_for_selector(ready, state="attached")
        try:
            yield page
        finally:
            context.close()
        # A violation of the page's policy is an error on the console, too.
        known = ("Service Worker registration blocked by Playwright", *expected)
        unexpected = [x for x in complaints if not any(part in x for part in known)]
        assert unexpected == []

    return opened


@pytest.fixture
def page(opened, service):
    with opened(service.url) as page:
        yield page


def garment(size=(300, 400), ground=(240, 238, 235), cloth=(40, 70, 120), kind="PNG", **saving):
    """The bytes of a photo: a pullover on a plain ground, or cut out where `ground` is None."""
    image = Image.new("RGBA", size, (*ground, 255) if ground else (0, 0, 0, 0))
    outline = [(0.35, 0.1), (0.1, 0.25), (0.1, 0.8), (0.25, 0.8), (0.28, 0.4), (0.28, 0.9)]
    mirrored = [(1 - x, y) for x, y in reversed(outline)]
    points = [(x * size[0], y * size[1]) for x, y in outline + mirrored]
    ImageDraw.Draw(image).polygon(points, fill=(*cloth, 255))
    file = io.BytesIO()
    (image.convert("RGB") if ground else image).save(file, kind, **saving)
    return file.getvalue()


def turned():
    """EXIF that says: the photo lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def uploaded(content, name="pullover.png", kind="image/png"):
    return {"name": name, "mimeType": kind, "buffer": content}


def says(page, model, text):
    """Waits until the model's card says it."""
    card = page.locator(f'.card[aria-label="Answer of {model}"]')
    sync_api.expect(card.locator(".said")).to_contain_text(text)
    return card


def headline(prediction):
    """The words of words.js for a prediction of Python's."""
    if prediction.verdict in HEADINGS:
        return HEADINGS[prediction.verdict]
    p = prediction.probability
    share = "over\u00a099" if 0.995 <= p < 1 else f"{np.floor(100 * p + 0.5):.0f}"
    return f"{prediction.class_name}, {share}\u00a0%"


def seen(page, model="tiny"):
    """(H, W) uint8: the picture on the model's card."""
    return pixels(page, f'.card[aria-label="Answer of {model}"] canvas')


def pixels(page, selector):
    """(H, W) uint8: the canvas, as grey."""
    url = page.locator(selector).first.evaluate("(canvas) => canvas.toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.array(image.convert("L"))


def violations(page):
    """What axe finds on the page as it is, as lines to read."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['target']} {node['html'][:120]}"
        for one in found
        for node in one["nodes"][:3]
    ]
