"""A separate environment for each library compared with gradum, in the user's cache folder.

A library is installed in its current release, with the versions of NumPy and others that it needs,
independently of gradum.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.sides import Absent

REPOSITORY = Path(__file__).parent.parent


def python_with(package: str, *others: str) -> str:
    """Return the interpreter of a library's environment; create the environment if there is none.

    Parameters
    ----------
    package : str
        What pip installs; also the name of the folder.
    others : str
        Further arguments for pip, such as the folder of gradum's own source.

    Raises
    ------
    Absent
        It cannot be installed.
    """
    folder = cache() / package
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    finished = folder / "finished"
    if not finished.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", package, *others])
        finished.touch()
    return str(python)


def version_in(python: str, package: str) -> str:
    """Return the version of a package in an environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return _run([python, "-c", code]).strip()


def answer_of(
    python: str,
    module: str,
    *arguments: str,
    given: str = "",
    environment: Mapping[str, str] | None = None,
) -> Any:
    """Run a module of this repository in an environment; return the JSON of its last line.

    Parameters
    ----------
    python : str
        The environment's interpreter.
    module : str
        May import what the environment has, and modules of this repository that need no more.
    arguments : str
    given : str
        What the module reads from its standard input.
    environment : mapping, optional
        Variables besides those of this process.

    Raises
    ------
    Absent
        The module failed.
    """
    ended = _run([python, "-m", module, *arguments], given, environment)
    return json.loads(ended.splitlines()[-1])


def cache() -> Path:
    """Return the folder in the user's cache that keeps environments and exact values."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "gradum-benchmarks"


def _run(command: list[str], given: str = "", environment: Mapping[str, str] | None = None) -> str:
    """Run a command in the repository's folder; its last line says why it failed."""
    ended = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
    )
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        raise Absent(lines[-1])
    return ended.stdout
