"""Reports on a model: its regression table, the trust report, and everything on a page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradum.api.inference import infer_run
from gradum.api.page import Page
from gradum.errors import SpecError
from gradum.files.atomic import write_text
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.run.options.options import make_reading
from gradum.show.inference import Summary

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.trust import TrustReport


def inference(self: Model, **options: Any) -> Summary:
    """Return the regression table of an unpenalised linear model of the run's rows.

    All rows count, those that judge too; ``options`` are ``loss``, ``covariance``,
    ``weights``, ``level`` and ``alpha`` of `gradum.infer`. A weight is that of one row, and
    standard errors then robust, unless they say otherwise.

    Raises
    ------
    SpecError
        The model was loaded, and has no rows at hand; or an option makes no sense.
    """
    if self.run is None:
        raise SpecError(
            say("A loaded model has no rows at hand."), say("Use gradum.infer on its table.")
        )
    return infer_run(self.run, **options)


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
