"""The page is whole with either back end, and holds nothing that its policy forbids."""

import json
import re

import pytest

from fashionlab.page import site

PAGES = {"service": site.service, "browser": lambda: site.browser({"models.json": b"{}"})}


@pytest.fixture(params=PAGES)
def files(request):
    return PAGES[request.param]()


def test_every_module_that_is_imported_is_there(files):
    for name, content in files.items():
        if name.endswith(".js"):
            for imported in re.findall(r'from "\./([\w.-]+)"', content.decode()):
                assert imported in files, (name, imported)


def test_the_service_worker_caches_every_file_but_itself(files):
    listed = re.search(r"const FILES = (\[.*?\]);", files["sw.js"].decode())[1]
    assert set(json.loads(listed)) == set(files) - {"index.html", "sw.js"} | {"./"}


def test_the_page_has_no_script_or_style_in_its_markup(files):
    markup = files["index.html"].decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", markup)
    assert re.findall(r"<script[^>]*>(.*?)</script>", markup) == [""]
    assert "http" not in markup.replace("http-equiv", "")


def test_both_policies_are_one_but_for_what_differs():
    own = site.BROWSER_POLICY.replace(" 'wasm-unsafe-eval'", "")
    assert f"{own}; frame-ancestors 'none'" == site.SERVICE_POLICY
    assert site.BROWSER_POLICY in site.browser({})["index.html"].decode()


def test_a_page_without_the_places_to_fill_in_is_refused(monkeypatch):
    monkeypatch.setattr(site, "FILES", "const ELSEWHERE = [];")
    with pytest.raises(ValueError, match="must contain"):
        site.service()
