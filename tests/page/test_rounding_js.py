"""rounding.js writes numbers as Python's format does, ties included."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from fashionlab.page import site

PROGRAM = """
import { readFileSync } from "node:fs";
import { decimals, digits } from "./rounding.mjs";
const write = { f: decimals, g: digits };
const cases = JSON.parse(readFileSync("cases.json", "utf8"));
console.log(JSON.stringify(cases.map(([value, count, kind]) => write[kind](value, count))));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_every_text_is_pythons(tmp_path):
    rng = np.random.default_rng(0)
    cases = [
        (k / 2**n, places, "f") for places in range(4) for n in range(7) for k in range(-99, 99)
    ]
    drawn = rng.normal(size=2000) * 10.0 ** rng.integers(-4, 12, 2000)
    cases += [(value, places, "f") for value in drawn.tolist() for places in (0, 2)]
    cases += [(value, 2, "f") for value in (-0.0, 1.005, 2.675, -0.001, 1e21, -3.4e38)]
    cases += [(100 * k / 4096, 3, "g") for k in range(4097)]  # ties are among them
    cases += [(100 * share, 3, "g") for share in (0.95, 0.98, 0.995, 0.9725, 0.99951, 0.001)]
    (tmp_path / "rounding.mjs").write_bytes(site.browser({})["rounding.js"])
    (tmp_path / "main.mjs").write_text(PROGRAM)
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    done = subprocess.run(["node", "main.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    wanted = [f"{value:.{count}{kind}}" for value, count, kind in cases]
    assert json.loads(done.stdout) == wanted
