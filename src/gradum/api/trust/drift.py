"""The part on drift: whether new rows are like those learned from, and if drift could be seen."""

from __future__ import annotations

from math import pi, sqrt
from typing import Annotated

from msgspec import Meta

from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.messages import marked, say, say_plural, sentences
from gradum.questions.rows.reference_rows import FEWEST_ROWS
from gradum.questions.watch.drift import answers_picture
from gradum.questions.watch.watched_rows import watch_model
from gradum.questions.watch.words import columns_table, how_to_read, shown_columns, verdict
from gradum.show.document.trust_section import PartFinding
from gradum.study.trust import Check, Gauge, Line
from gradum.study.watch.distances import effective
from gradum.study.watch.watched import Watched

REFERENCE = Line("drift.reference", marked("Later rows can be compared with those learned from"))
TABLE = Line("drift.table", marked("New rows are like those learned from"))
SHIFT = marked("a column of numbers that is moved by {gap} and moves answers")


class DriftThresholds(PartThresholds, frozen=True):
    """Thresholds of new rows."""

    most_alarms: Annotated[
        int,
        Meta(
            ge=0,
            description=marked(
                "Alarms that a watch of the new rows may raise (a count). Drift that moves no "
                "answer raises no alarm, and differences that chance explains do not count as "
                "drift, so none is allowed."
            ),
        ),
    ] = 0


def _of_model(examined: ExaminedModel, thresholds: DriftThresholds) -> PartFinding:
    reference = _reference(examined)
    if reference.status != "held":
        why = say("There is nothing to compare the rows with.")
        return PartFinding([reference, TABLE.not_checked(why, reference.remedy)])
    if examined.table is None:
        return PartFinding([reference, TABLE.blocked(examined.no_table)])
    if examined.model.fitted.spec.is_forecast:
        past = say(
            "All that a forecast looks at is the past of its series, which moves as they do."
        )
        elsewhere = say("Look at whether it is worse on new rows.")
        return PartFinding([reference, TABLE.not_checked(past, elsewhere)])
    rows = len(examined.table.frame)
    if rows < FEWEST_ROWS:
        few = TABLE.not_checked(
            say_plural(
                "{source} has {count:,} row, which can show no drift.",
                "{source} has {count:,} rows, which can show no drift.",
                rows,
                source=examined.table_name,
            ),
            say("Give at least {rows}.", rows=FEWEST_ROWS),
        )
        return PartFinding([reference, few])
    watch = watch_model(examined.model, examined.table)
    changes, fitted = watch.found, examined.model.fitted
    title = say("Columns, what moved most first")
    tables = [columns_table(fitted, shown_columns(changes), title)]
    pictures = [] if changes.answers is None else [answers_picture(changes.answers, fitted)]
    return PartFinding(
        [reference, alike(changes, watch.source, thresholds)],
        (*how_to_read(changes), *changes.notes),
        tables,
        pictures,
        {"alarms": changes.alarms, "columns": watch.frame.to_dicts()},
    )


def _reference(examined: ExaminedModel) -> Check:
    reference = examined.model.fitted.reference
    if reference is None:
        return REFERENCE.judged(
            False,
            say("The model was made by an earlier gradum, and holds no summary of its rows."),
            figure=say("no summary"),
            threshold=say("a summary of the rows"),
        )
    return REFERENCE.judged(
        True,
        say("The file sums up the rows learned from: quantiles and shares of levels, no row."),
        figure=say_plural(
            "a summary of {count:,} row", "a summary of {count:,} rows", reference.rows
        ),
        threshold=say("a summary of the rows"),
        value=float(reference.rows),
    )


def alike(found: Watched, source: str, thresholds: DriftThresholds) -> Check:
    """Compare the alarms of a watch with what is allowed, at the false alarm rate of its tests."""
    most = thresholds.most_alarms
    check = TABLE.judged(
        len(found.alarms) <= most,
        sentences((verdict(found, source), *(alarm.sentence for alarm in found.alarms))),
        figure=say_plural("{count} alarm", "{count} alarms", len(found.alarms)),
        threshold=say("at most {most}", most=most),
        value=float(len(found.alarms)),
        limit=float(most),
    )
    if found.p is None:
        return check
    # Under a shift by δ deviations, the mean ranks of two normal samples of n and m rows lie δ
    # √(3/π) √(n m / (n + m)) standard errors apart; the test for numbers is the better of two.
    error = 1 / sqrt(3 / pi * effective(found.reference_rows, found.rows))
    return check.tested(found.p, Gauge(SHIFT, "deviations", error, 4 * found.tests))


PART = TrustPart(
    "drift",
    marked("Are new rows like those it learned from?"),
    (REFERENCE, TABLE),
    _of_model,
    thresholds=DriftThresholds,
)
