"""A page with charts: its filled-in template, with the script that draws them, Vega."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert

from gradum.files.atomic import write_bytes
from gradum.files.private import private_folder
from gradum.show.document.document import Section
from gradum.show.document.trust_section import TrustSection
from gradum.show.page.page import file, for_script, render


def charted_page(
    template: str, sections: Iterable[Section | TrustSection], cache: Path | None, /, **values: Any
) -> str:
    """Return a self-contained page.

    Parameters
    ----------
    template : str
        A template in `show/templates`.
    sections : iterable of Section or TrustSection
        The page's parts, whose pictures the template places.
    cache : path or None
        A folder that keeps the charts' script for the next page.
    values
        Further values for the template.
    """
    sections = list(sections)
    pictures = [picture for section in sections for picture in section.pictures]
    return render(
        template,
        sections=sections,
        charts=for_script({picture.name: picture.specification for picture in pictures}),
        vega=vega_script(cache),
        style=file("report.css"),
        script=file("report.js"),
        **values,
    )


@lru_cache(maxsize=1)
def vega_script(cache: Path | None = None) -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that needs no network.

    Assembling it takes two seconds, so it is kept in the folder ``cache``, if one is given. Only
    the user may have write access to that folder, since the script will run in every report. An
    incomplete file is assembled again, and a file that cannot be read or written is ignored.
    """
    folder = private_folder(cache) if cache is not None else None
    if folder is None:
        return _bundled()
    kept = folder / f"vega-{version('vl-convert-python')}.js"
    script = _read(kept)
    if script is None:
        script = _bundled()
        with suppress(OSError):
            write_bytes(kept, _marked(script.encode()))
    return script


def _bundled() -> str:
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def _read(kept: Path) -> str | None:
    """Return the kept script, or None if there is none or its digest differs."""
    try:
        content = kept.read_bytes() if kept.is_file() else b""
    except OSError:
        return None
    script = content.partition(b"\n")[2]
    return script.decode() if content == _marked(script) else None


def _marked(script: bytes) -> bytes:
    """Put a script's digest above it."""
    return f"// SHA-256 {hashlib.sha256(script).hexdigest()}\n".encode() + script
