"""The commands and the program of docs/tune.md work, in their order, on the drawn data set."""

import re
import shlex
from pathlib import Path

import pytest
from command_line import fashionlab

PAGE = (Path(__file__).parents[1] / "docs/tune.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    fashionlab (.+)$", PAGE, re.M)
RECIPE = re.search(r"```toml\n(.*?)```", PAGE, re.S)[1]
SHORT = [
    (r"--epochs \d+", "--epochs 1"),
    (r"--trials \d+", "--trials 2"),
    ("--seeds 3", "--seeds 1"),
]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    place = tmp_path_factory.mktemp("tune")
    (place / "mine.toml").write_text(RECIPE.replace("epochs = 20", "epochs = 1"))
    return place


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_works(line, here):
    for long, short in SHORT:
        line = re.sub(long, short, line)
    arguments = shlex.split(line)
    if "--resume" in arguments:
        arguments[arguments.index("--trials") + 1] = "3"
    if arguments[0] != "evaluate":
        arguments += ["--data", "synthetic"]
    status, out, said = fashionlab(*arguments, cwd=here)
    assert status == 0, said
    assert out


def test_the_program_of_the_page_works(here, monkeypatch, capsys):
    monkeypatch.chdir(here)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    exec(compile(program.replace('"epochs": 5', '"epochs": 1'), "docs/tune.md", "exec"), {})
    assert "state='finished'" in capsys.readouterr().out
