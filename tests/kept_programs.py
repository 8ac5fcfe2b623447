"""The folder in which the suite's processes keep compiled programs, from one run to the next."""

import hashlib
import os
import platform
import shutil
import tempfile
from pathlib import Path

from gradum.files.private import private_folder

IN_A_WORKER = "PYTEST_XDIST_WORKER" in os.environ
MOST_BYTES = 500_000_000
CACHES = Path(__file__).parent.parent / ".pytest_cache" / "gradum"


def environment() -> dict[str, str]:
    """Return the variables that let gradum's commands, JAX and child processes use one folder."""
    folder = Path(os.environ["GRADUM_CACHE_DIR"]) if IN_A_WORKER else _folder()
    return {
        "GRADUM_CACHE_DIR": os.fspath(folder),
        "JAX_COMPILATION_CACHE_DIR": os.fspath(folder / "xla"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _folder() -> Path:
    """Return this processor's folder, or a temporary one where others can write to the checkout.

    Programs hold instructions that another processor may lack. Programs of code that has changed
    stay behind unused, so a folder that has grown large is emptied.
    """
    folder = private_folder(CACHES / _processor())
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="gradum-"))
    if sum(path.stat().st_size for path in folder.rglob("*")) > MOST_BYTES:
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    return folder


def _processor() -> str:
    """Name the processor by its features where the system lists them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        features = next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        features = platform.processor() or platform.machine()
    return hashlib.sha256(features.encode()).hexdigest()[:16]
