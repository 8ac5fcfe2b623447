"""The trust report: each part asks a model one kind of question, and each answer is one line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradum.forks import refuse_after_fork
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.run.options.options import make_reading

if TYPE_CHECKING:
    from gradum.api.trust.examined import AskedModel
    from gradum.show.answers.trust import TrustReport


@with_checked_arguments
def trust(
    self: AskedModel,
    data: Any = None,
    *,
    by: str | Sequence[str] = (),
    thresholds: str | os.PathLike | Mapping[str, Any] | None = None,
    rerun: bool = False,
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
    keep_totals: bool | None = None,
) -> TrustReport:
    """Say which demands on the model hold, which fail, and which were not checked.

    Each demand is a threshold for something that is known about the model: its data, scores,
    calibration, coverage, groups, explanations, stress, properties, drift, reproducibility.

    Parameters
    ----------
    data : path or data frame, optional
        New rows; with the target, scores, calibration and coverage are checked on them too.
    by : str or sequence of str
        Columns whose groups are compared with each other, as by `evaluate`.
    thresholds : path or dict, optional
        What is demanded, as ``gradum trust --write-thresholds FILE`` writes it.
    rerun : bool
        Whether to fit the run again and compare the weights bit by bit.
    sheet, query, encoding, skip_rows, keep_totals : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    TrustReport
        It displays itself; ``failed`` says whether a demand failed, ``frame`` has one line per
        demand, ``not_checked`` has the demands of which nothing is known, ``content`` everything as
        plain values, and ``page()`` returns a page.

    Raises
    ------
    SpecError
        The thresholds cannot be used, or the rows cannot be grouped this way.
    SchemaError, TableError
        The new rows do not match the model.
    """
    refuse_after_fork()
    from gradum.api.trust.report import trust_model

    reading = make_reading(
        sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows, keep_totals=keep_totals
    )
    return trust_model(self, data, by=by, thresholds=thresholds, rerun=rerun, reading=reading)
