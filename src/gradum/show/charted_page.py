"""A page with charts: its filled-in template, with the scripts that draw the charts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gradum.show.document import Section
from gradum.show.page import file, for_script, render
from gradum.show.trust_section import TrustSection
from gradum.show.vega import vega_script


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
