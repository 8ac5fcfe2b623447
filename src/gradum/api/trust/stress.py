"""The part on stress: how many answers stay the same when a row changes a little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.errors import SpecError
from gradum.messages import marked, say, say_plural, sentences
from gradum.questions.stress.kept_answers import kept_answers
from gradum.questions.stress.proof import SECONDS
from gradum.questions.stress.question import stress
from gradum.questions.stress.result import Attack
from gradum.questions.stress.words import (
    attack_sentences,
    corruption_sentences,
    corruption_tables,
    curve_table,
)
from gradum.scores.figures import percent, percent_with_interval
from gradum.scores.interval import NORMAL_95, Interval, wilson
from gradum.show.document.trust_section import PartFinding
from gradum.study.trust import Check, Gauge, Line, at_most, share_error
from gradum.tables.wording import number

KEPT = Line("stress.kept", marked("Small changes of a row leave its answer as it is"))
PROVED = Line("stress.proved", marked("Small changes are proved to leave answers as they are"))
LEFT_BY = marked("a share of unchanged answers {gap} below {where}")


class StressThresholds(PartThresholds, frozen=True):
    """Thresholds of answers when rows change."""

    rows: Annotated[
        int,
        Meta(
            ge=0,
            description=marked(
                "Rows of the table to attack (a count). An attack takes a while, so none are "
                "attacked by default; 100 rows estimate a share to within about ten points."
            ),
        ),
    ] = 0
    epsilon: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description=marked(
                "How far every column may move at once (a share of its interquartile range). A "
                "hundredth is finer than most columns are measured."
            ),
        ),
    ] = 0.01
    least_kept: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=marked(
                "The share of rows whose answers must stay. The line fails if the attack shows "
                "that fewer do. In many sound models, one row in ten lies near a border between "
                "answers."
            ),
        ),
    ] = 0.9
    least_proved: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=marked(
                "The share of rows whose answers must be proved to stay; 0 asks for no proofs. "
                "The line fails if the attack leaves fewer answers unchanged. Proofs take up to a "
                "second a row; if they leave open what the attack does not change, the line "
                "counts as not checked."
            ),
        ),
    ] = 0.0


def _of_model(examined: ExaminedModel, thresholds: StressThresholds) -> PartFinding:
    if not thresholds.rows or examined.table is None:
        remedy = say(
            "To check it: set rows under [stress] of a file of --thresholds, and name a TABLE; or "
            "gradum stress {run} TABLE",
            run=examined.run_name,
        )
        reason = say("No change of rows was tried.")
        return PartFinding([line.not_checked(reason, remedy) for line in (KEPT, PROVED)])
    try:
        test = stress(
            examined.model,
            examined.table,
            rows=thresholds.rows,
            certify=SECONDS if thresholds.least_proved else 0.0,
        )
    except SpecError as error:  # nothing in the model may move, or it does not know its rows
        return PartFinding(
            [line.not_checked(error.message, error.remedy) for line in (KEPT, PROVED)]
        )
    attack, corruptions = test.found.attack, test.found.corruptions
    classes, title = bool(examined.model.classes), say("What accidents do")
    return PartFinding(
        [_kept(attack, thresholds), proof_check(attack, thresholds, test.found.notes)],
        [*attack_sentences(attack), *corruption_sentences(corruptions), *test.found.notes],
        [curve_table(attack), *corruption_tables(corruptions, classes=classes, title=title)],
        [kept_answers(attack)],
        test.found,
    )


def _kept(attack: Attack, thresholds: StressThresholds) -> Check:
    """Compare the share of rows for which no change was found within ε with the demand."""
    epsilon, least, rows = thresholds.epsilon, thresholds.least_kept, len(attack.rows)
    if not rows:
        return KEPT.not_checked(say("No row was attacked."), say("Allow more time."))
    stay = sum(row.radius is None or row.radius > epsilon for row in attack.rows)
    share = Interval(stay / rows, *wilson(stay / rows, rows, NORMAL_95), 0.0)
    check = KEPT.judged(
        share.value >= least,
        say_plural(
            "Of {count:,} row an attack changed the answers of {changed:,} by moving columns by up "
            "to {epsilon} of their interquartile ranges. A stronger one might change more.",
            "Of {count:,} rows an attack changed the answers of {changed:,} by moving columns by "
            "up to {epsilon} of their interquartile ranges. A stronger one might change more.",
            rows,
            changed=rows - stay,
            epsilon=percent(epsilon, decimals=1),
        ),
        figure=percent_with_interval(share),
        threshold=_demand(least, epsilon),
        value=share.value,
        limit=least,
    )
    gauge = Gauge(LEFT_BY, "points", share_error(least, rows), 1.0, where=percent(least))
    return check.tested(at_most(stay, rows, least), gauge)


def proof_check(attack: Attack, thresholds: StressThresholds, notes: Sequence[str]) -> Check:
    """Compare the share of rows that are proved to keep their answers within ε with the demand."""
    epsilon, least, rows = thresholds.epsilon, thresholds.least_proved, len(attack.rows)
    if not least:
        remedy = say("To check it: set least_proved under [stress] of a file of --thresholds")
        return PROVED.not_checked(say("No proofs were asked for."), remedy)
    if not attack.is_certified:
        return PROVED.not_checked(sentences(notes), say("Choose a model that can be certified."))
    proved = sum((row.certified_radius or 0.0) >= epsilon for row in attack.rows)
    stay = sum(row.radius is None or row.radius > epsilon for row in attack.rows)
    reason = say_plural(
        "Of {count:,} row {proved:,} is proved to be answered alike while columns move by up to "
        "{epsilon} of their interquartile ranges; an attack changed the answers of {changed:,}.",
        "Of {count:,} rows {proved:,} are proved to be answered alike while columns move by up to "
        "{epsilon} of their interquartile ranges; an attack changed the answers of {changed:,}.",
        rows,
        proved=proved,
        changed=rows - stay,
        epsilon=percent(epsilon, decimals=1),
    )
    if proved / rows < least <= stay / rows:
        return PROVED.not_checked(reason, say("Ask for more time: gradum stress --certify SECONDS"))
    return PROVED.judged(
        proved / rows >= least,
        reason,
        figure=percent(proved / rows),
        threshold=_demand(least, epsilon),
        value=proved / rows,
        limit=least,
    )


def _demand(least: float, epsilon: float) -> str:
    """Say what share of answers must stay the same at which ε."""
    return say("at least {least} at {epsilon}", least=percent(least), epsilon=number(epsilon))


PART = TrustPart(
    "stress",
    marked("Do small changes of a row change its answer?"),
    (KEPT, PROVED),
    _of_model,
    thresholds=StressThresholds,
)
