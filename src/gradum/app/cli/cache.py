"""The cache folder of the command line, for compiled programs and the charts' script."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gradum.files.private import private_folder


def cache_directory() -> Path | None:
    """Return the user's cache folder, created if necessary.

    ``GRADUM_CACHE_DIR`` chooses another place; if it is the empty string, nothing is kept. Nothing
    is kept either if the place cannot be written, or if others can write to it: they could put
    programs there, which would run.
    """
    chosen = os.environ.get("GRADUM_CACHE_DIR")
    if chosen == "":
        return None
    try:
        return private_folder(chosen or _platform_cache() / "gradum")
    except RuntimeError:  # a user without a home folder
        return None


def _platform_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
