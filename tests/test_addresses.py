"""Few modules can open an address, or listen on one."""

import ast
from pathlib import Path

import fashionlab


def test_no_other_module_can_open_an_address():
    root = Path(fashionlab.__file__).parent
    network = {
        "urllib.request",
        "http.client",
        "socket",
        "ftplib",
        "smtplib",
        "urllib3",
        "requests",
    }
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= {(path.relative_to(root).as_posix(), name) for name in network & set(names)}
    assert found == {
        ("data/download.py", "urllib.request"),
        ("data/download.py", "http.client"),
        ("serve/server.py", "socket"),  # it listens
        ("runs/lock.py", "socket"),  # the host's name
        ("runs/lease.py", "socket"),
        ("jobs/perform.py", "socket"),  # the host's name
        ("jobs/ray_cluster.py", "socket"),
        ("training/job.py", "socket"),
        ("training/worker.py", "socket"),
        ("training/ray_train.py", "socket"),
        ("jobs/ray_connection.py", "socket"),  # the cluster that `--on` names
    }
