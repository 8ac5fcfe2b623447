"""The script that draws charts in a page: Vega, out of the installed package."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

from gradum.files.atomic import write_text


@lru_cache(maxsize=1)
def vega_script(cache: Path | None = None) -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that needs no network.

    Putting it together takes two seconds, so it is kept in ``cache``, a folder, where one is
    given.
    """
    kept = cache / f"vega-{version('vl-convert-python')}.js" if cache is not None else None
    if kept is not None and kept.is_file():
        return kept.read_text(encoding="utf-8")
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    if kept is not None:
        write_text(kept, script)
    return script
