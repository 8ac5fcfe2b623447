"""The report on a model: everything that is known about it, on a page."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gradum.errors import SpecError
from gradum.files.atomic import write_text
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.questions.rows.asked_rows import background_of
from gradum.tables.wording import size
from gradum.waiting import tell

if TYPE_CHECKING:
    from gradum.questions.subject import Subject
    from gradum.study.explanation.effects import Effects


class Page(str):
    """A report: HTML whose repr states its size instead of filling a notebook or a prompt."""

    __slots__ = ()

    def __repr__(self) -> str:
        return say(
            "<a report of {size}; model.report(path) writes it to a file>",
            size=size(len(self.encode())),
        )


def report(
    self: Subject,
    path: str | os.PathLike | None = None,
    *,
    cache: Path | None = None,
    what_if: bool | None = None,
    data: str | None = None,
) -> Page:
    """Return the report as one self-contained HTML page, and write it to ``path`` if given.

    A model that was loaded from a file has no judged rows at hand: its report shows the verdict,
    the scores and the columns. ``gradum report RUN`` has everything.

    Parameters
    ----------
    path : path, optional
    cache : path, optional
        A folder that keeps the charts' script for later reports. It is not used if others can write
        to it.
    what_if : bool, optional
        Whether to add a form for one row, whose answer changes as one types, offline; what the
        model knows of levels and words is then in the page. As the fit was told if left out. Where
        a network ensemble is too large for a page, the run's table is read again to distil it, or a
        simpler model answers; the page says which.
    data : str, optional
        Where that table lies now, as in `compress`.

    Returns
    -------
    Page
        Text, which a notebook shows as one line rather than as a million characters.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    if what_if is None:
        what_if = self.fitted.spec.report.what_if
    page = report_page(self, cache, what_if=what_if, data=data)
    if path is not None:
        write_text(path, page)
    return Page(page)


def report_page(
    model: Subject, cache: Path | None, *, what_if: bool = False, data: str | None = None
) -> str:
    """Render a model's report, with a form for one row if it is asked for; see `report`."""
    refuse_after_fork()
    from gradum.show.page.what_if import MOST_BYTES
    from gradum.show.report import report_html  # loads charts, which a prediction does not need

    tell(say("report: how each column moves the answers"))
    page = partial(
        report_html,
        model.fitted,
        model.findings,
        effects=_foremost_effects(model),
        source=model.source,
        cache=cache,
    )
    plain = page()
    if not what_if:
        return plain
    from gradum.api.what_if import what_if_form

    tell(say("report: the form for one row"))
    room = MOST_BYTES - len(plain.encode())
    return page(what_if=what_if_form(model, room, data=data))


def _foremost_effects(model: Subject) -> Effects | None:
    """Compute the effects of the columns that move the judged answers most, for the report.

    None if the judged rows were not explained, no background rows are at hand, or the findings may
    name no single row: the curves show values that single background rows have.
    """
    from gradum.study.explanation.effects import columns_with_curve, effects_of

    explanation = None if model.findings is None else model.findings.explanation
    if explanation is None or not (explanation.worst or explanation.typical):
        return None
    try:
        background = background_of(model, None)
    except SpecError:
        return None
    columns = columns_with_curve(
        model.fitted, [column.column for column in explanation.overall.columns]
    )
    return effects_of(model.fitted, background, columns=columns)
