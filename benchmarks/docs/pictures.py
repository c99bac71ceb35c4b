"""Take the README's pictures: the page of the shipped run, a comparison, the web page.

    python -m benchmarks.docs.pictures FOLDER

FOLDER is where `fashionlab reproduce` wrote its runs. It needs Debian's chromium-headless-shell,
Playwright of the dev extra and Fashion-MNIST, and writes docs/report.png, docs/comparison.png and
docs/page.png.
"""

import io
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from fashionlab.data import load
from fashionlab.report import write_comparison, write_page
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER

DOCS = Path(__file__).parents[2] / "docs"
WIDTH = 1120  # CSS pixels
COLOURS = 256  # of a picture's palette: a third of the bytes, and no difference to be seen
PATIENCE = 60  # seconds for the service to answer


def main(folder: Path) -> None:
    """Write the pictures."""
    from playwright.sync_api import sync_playwright

    data = load(fetch=False)
    runs = [Run(path.parent) for path in sorted(folder.glob("*/config.json"))]
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        report = write_page(Run(FOLDER), Path(name) / "report.html", data)
        title = "The course report's three systems, reproduced"
        comparison = write_comparison(runs, Path(name) / "comparison.html", data, title=title)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        _take(browser, report.as_uri(), "report.png", 2360, _open_cell)
        _take(browser, comparison.as_uri(), "comparison.png", 1320, lambda page: None)
        with _served() as url:
            _take(browser, url, "page.png", 860, _choose_sample)
        browser.close()


def _take(browser: Any, url: str, name: str, height: int, act: Callable[[Any], None]) -> None:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": height}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(url)
    act(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)  # for what moves, such as bars that grow
    shot = page.screenshot()
    context.close()
    with Image.open(io.BytesIO(shot)) as image:
        # By coverage: else a small mark takes the colour of what there is more of.
        method = Image.Quantize.MAXCOVERAGE
        small = image.convert("RGB").quantize(COLOURS, method, dither=Image.Dither.NONE)
        small.save(DOCS / name, optimize=True)
    print(f"{DOCS / name}: {(DOCS / name).stat().st_size:,} bytes")


def _open_cell(page: Any) -> None:
    page.locator(".heat td a").filter(has_text="81").first.click()
    page.evaluate("document.querySelector('nav').style.position = 'static'; scrollTo(0, 0)")


def _choose_sample(page: Any) -> None:
    page.wait_for_selector("#samples button")
    page.locator("#samples button").first.click()
    page.wait_for_selector(".card .said")
    page.evaluate("scrollTo(0, 0)")


@contextmanager
def _served() -> Iterator[str]:
    """Serve the shipped model; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    command = [str(Path(sys.executable).with_name("fashionlab")), "serve", "--port", str(port)]
    service = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=2):
                    break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        yield url
    finally:
        service.terminate()
        service.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
