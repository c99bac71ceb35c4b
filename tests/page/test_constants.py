"""What Python and the page share is typed once, in Python."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from fashionlab.page import constants, site

SHARED = {name: getattr(source, name) for source, names in constants.SHARED for name in names}
SCRIPTS = {
    (page.__name__, name): content.decode()
    for page in (site.service, lambda: site.browser({}))
    for name, content in page().items()
    if name.endswith((".js", ".html")) and name != "constants.js"
}


def test_every_shared_name_is_used_and_none_is_declared_again():
    text = "\n".join(SCRIPTS.values())
    imported = re.findall(r'import \{([^}]*)\} from "\./constants\.js"', text)
    assert {name for names in imported for name in re.findall(r"\w+", names)} == set(SHARED)
    assert not set(SHARED) & set(re.findall(r"\b(?:const|let|var) (\w+)", text))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script[1])
def test_no_shared_sentence_is_typed_in_a_script(script):
    for name, value in SHARED.items():
        if isinstance(value, str):
            for part in re.split(r"\{\w+\}", value):
                assert part not in SCRIPTS[script] or len(part) < 8, (name, part)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_reads_the_values_of_python(tmp_path):
    (tmp_path / "constants.mjs").write_bytes(constants.module())
    program = 'console.log(JSON.stringify(await import("./constants.mjs")))'
    (tmp_path / "main.mjs").write_text(program)
    done = subprocess.run(
        ["node", tmp_path / "main.mjs"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found.keys() == SHARED.keys()
    for name, value in SHARED.items():
        assert np.array_equal(found[name], value), name
