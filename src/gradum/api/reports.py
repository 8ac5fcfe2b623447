"""Reports on a model: everything on a page, one row on a page, and the trust report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradum.files.atomic import write_text
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.run.options.options import make_reading
from gradum.tables.wording import size

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.trust import TrustReport


class Page(str):
    """A report: HTML that says how large it is instead of filling a notebook or a prompt."""

    __slots__ = ()

    def __repr__(self) -> str:
        return say(
            "<a report of {size}; model.report(path) writes it to a file>",
            size=size(len(self.encode())),
        )


@with_checked_arguments
def trust(
    self: Model,
    data: Any = None,
    *,
    by: str | Sequence[str] = (),
    thresholds: str | os.PathLike | Mapping[str, Any] | None = None,
    rerun: bool = False,
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
) -> TrustReport:
    """Say which demands on the model hold, which fail, and which were not checked.

    Each demand is a threshold for something that is known of the model: its data, scores,
    calibration, coverage, groups, explanations, stress, properties, drift, reproducibility.

    Parameters
    ----------
    data : path or data frame, optional
        New rows; with the target, scores, calibration and coverage are checked on them too.
    by : str or sequence of str
        Columns whose groups are held against each other, as by `evaluate`.
    thresholds : path or dict, optional
        What is asked, as ``gradum trust --write-thresholds FILE`` writes it.
    rerun : bool
        Whether to fit the run again and compare the weights to the bit.
    sheet, query, encoding, skip_rows : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    TrustReport
        It shows itself; ``failed`` says whether a demand failed, ``frame`` has one line for each,
        ``not_checked`` those of which nothing is known, ``content`` everything as plain values,
        and ``page()`` a page.

    Raises
    ------
    SpecError
        The thresholds cannot be used, or the rows not be grouped so.
    SchemaError, TableError
        The new rows do not match the model.
    """
    refuse_after_fork()
    from gradum.api.trust.report import trust_model

    reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
    return trust_model(self, data, by=by, thresholds=thresholds, rerun=rerun, reading=reading)


def report(
    self: Model, path: str | os.PathLike | None = None, *, cache: Path | None = None
) -> Page:
    """Return the report as one self-contained HTML page, and write it to ``path`` if given.

    A model that was loaded from a file has no judged rows at hand: its report shows the
    verdict, the scores and the columns. ``gradum report RUN`` has them all.

    Parameters
    ----------
    path : path, optional
    cache : path, optional
        A folder that keeps the charts' script from one report to the next. It is not used if
        others can write to it.

    Returns
    -------
    Page
        Text, which a notebook shows as a line rather than as a million characters.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    refuse_after_fork()
    from gradum.api.effects import foremost_effects
    from gradum.show.report import report_html  # charts, which a prediction does not need

    effects = foremost_effects(self)
    page = report_html(self.fitted, self.findings, effects=effects, source=self.source, cache=cache)
    if path is not None:
        write_text(path, page)
    return Page(page)


def row_page(
    self: Model,
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
        Its number, from 1.
    path : path, optional
    cache : path, optional
        As in `report`.
    **options
        As in `explain`: ``background``, ``rung``, ``scale``, ``together``, ``tolerance``.

    Raises
    ------
    SpecError, SchemaError
        As `explain`.
    OutputError
        The file cannot be written.
    """
    refuse_after_fork()
    from gradum.api.row_page import page_of_row  # charts, which an explanation does not need

    explanation = self.explain(data, rows=[row], **options)
    page = page_of_row(self, explanation, cache=cache)
    if path is not None:
        write_text(path, page)
    return Page(page)
