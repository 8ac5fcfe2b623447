"""Where compiled programs and the charts' script are kept between commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_directory() -> Path | None:
    """Return the user's cache folder, made if need be.

    ``GRADUM_CACHE_DIR`` chooses another place, and nothing is kept if it is set to the
    empty string or the place cannot be written.
    """
    chosen = os.environ.get("GRADUM_CACHE_DIR")
    if chosen == "":
        return None
    folder = Path(chosen) if chosen else _platform_cache() / "gradum"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _platform_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
