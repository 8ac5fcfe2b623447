"""A page with charts: its template filled in, with all that draws them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gradum.show.page import file, for_script, render
from gradum.show.pictures.picture import Picture
from gradum.show.vega import vega_script


def charted_page(
    template: str, pictures: Iterable[Picture], cache: Path | None, /, **values: Any
) -> str:
    """Return a self-contained page.

    Parameters
    ----------
    template : str
        Of `show/templates`.
    pictures : iterable of Picture
        Those that the template places.
    cache : path or None
        A folder that keeps the charts' script from one page to the next.
    values
        What the template says beside them.
    """
    return render(
        template,
        charts=for_script({picture.name: picture.specification for picture in pictures}),
        vega=vega_script(cache),
        style=file("report.css"),
        script=file("report.js"),
        **values,
    )
