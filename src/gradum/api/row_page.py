"""The page of one row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradum.api.report import Page
from gradum.files.atomic import write_text
from gradum.questions.explain.question import explain

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def row_page(
    self: Subject,
    data: Any = None,
    *,
    row: int,
    path: str | os.PathLike | None = None,
    cache: Path | None = None,
    **options: Any,
) -> Page:
    """Explain one row on a self-contained HTML page, and write it to ``path`` if given.

    Parameters
    ----------
    data
        As in `explain`.
    row : int
        The row's number, from 1.
    path : path, optional
    cache : path, optional
        As in `report`.
    **options
        As in `explain`: ``background``, ``rung``, ``scale``, ``together``, ``tolerance``, ``on``.

    Raises
    ------
    SpecError, SchemaError
        As in `explain`.
    OutputError
        The file cannot be written.
    """
    page = explain(self, data, rows=[row], **options).page(cache)
    if path is not None:
        write_text(path, page)
    return Page(page)
