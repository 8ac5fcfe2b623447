"""The page of one row: everything that is known of why it is answered as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradum.show.explanation import Explanation
from gradum.show.row_page import RowSection, row_page

if TYPE_CHECKING:
    from gradum.api.model import Model


def page_of_row(model: Model, explanation: Explanation, *, cache: Path | None = None) -> str:
    """Return the page of the first row of an explanation; see `Model.row_page`."""
    sections: list[RowSection] = []
    return row_page(explanation, sections, cache=cache)
