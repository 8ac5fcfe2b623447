"""The part on coverage: what intervals and sets promise, and whether the rows kept to it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.errors import SpecError
from gradum.messages import marked, say, say_plural
from gradum.scores.figures import figure, percent, percent_with_interval
from gradum.show.pictures.coverage import coverage_pictures
from gradum.show.trust_section import PartFinding
from gradum.study.coverage.coverage import COVERAGE, Coverage
from gradum.study.coverage.groups import SHORT
from gradum.study.coverage.new_rows import NewCoverage
from gradum.study.trust.check import Check, Line, Obstacle

GUARANTEE = Line("coverage.guarantee", marked("Intervals or sets have a guarantee"))
GROUPS = Line("coverage.groups", marked("No group is shown to be covered less"))
TABLE = Line("coverage.table", marked("New rows are covered as promised"))


class CoverageThresholds(PartThresholds, frozen=True):
    """Thresholds of intervals of numbers, and of sets of classes."""

    most_short_groups: Annotated[
        int,
        Meta(
            ge=0,
            description=marked(
                "Groups of judged rows that may be shown to be covered less than the others (a "
                "count). All groups are tested together at 5%, so that one that is shown is no "
                "chance find, and none is allowed."
            ),
        ),
    ] = 0
    least_p: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=marked(
                "The probability of so few covered new rows, were they like those that judged, "
                "below which they are covered less than promised (a share of cases). At 0.05 one "
                "table of twenty fails by chance."
            ),
        ),
    ] = 0.05


def _of_model(examined: ExaminedModel, thresholds: CoverageThresholds) -> PartFinding:
    model = examined.model
    judged = None if model.findings is None else model.findings.coverage
    checks = (_guarantee(examined), _groups(judged, thresholds), _table(examined, thresholds))
    if judged is None:
        return PartFinding(checks)
    sentences, pictures = (judged.overall, judged.sentence), coverage_pictures(judged, model.target)
    return PartFinding(checks, sentences, (), pictures, {"judged": judged})


def _guarantee(examined: ExaminedModel) -> Check:
    """Say what is promised at the usual coverage; without a promise, nothing can hold or fail."""
    try:
        statement = examined.model.guarantee(COVERAGE)
    except SpecError as error:
        return GUARANTEE.blocked(Obstacle.of(error))
    if statement.name == "none":
        return GUARANTEE.not_checked(statement.sentence)
    least = statement.at_least
    return GUARANTEE.judged(
        True,
        statement.sentence,
        figure=(
            say("{share} in the long run", share=percent(COVERAGE))
            if least is None
            else say("at least {share}", share=percent(least, decimals=1))
        ),
        threshold=say("any"),
        value=least,
    )


def _groups(judged: Coverage | None, thresholds: CoverageThresholds) -> Check:
    if judged is None:
        return GROUPS.not_checked(
            say("The judged rows have no intervals, or are not at hand."),
            say("Name the run folder of a finished run."),
        )
    if not judged.tested:
        return GROUPS.not_checked(judged.sentence, say("Judge on more rows."))
    short = sum(group.finding == SHORT for group in judged.groups)
    return GROUPS.judged(
        short <= thresholds.most_short_groups,
        judged.sentence,
        figure=say_plural(
            "{short} of {count:,} group", "{short} of {count:,} groups", judged.tested, short=short
        ),
        threshold=say("at most {most}", most=thresholds.most_short_groups),
        value=float(short),
        limit=float(thresholds.most_short_groups),
    )


def _table(examined: ExaminedModel, thresholds: CoverageThresholds) -> Check:
    evaluation = examined.evaluation
    if isinstance(evaluation, Obstacle):
        return TABLE.blocked(evaluation)
    covered = evaluation.coverage
    if covered is None:
        return TABLE.not_checked(
            say("There is no new row, or no interval of one."),
            say("Give rows that are new to the run."),
        )
    if covered.p_value is None:
        return _against_guarantee(examined, covered)
    return TABLE.judged(
        covered.p_value >= thresholds.least_p,
        covered.sentence,
        figure=say(
            "{share}, p = {p}",
            share=percent_with_interval(covered.share),
            p=figure(covered.p_value, digits=2),
        ),
        threshold=say("p of at least {least}", least=figure(thresholds.least_p)),
        value=covered.p_value,
        limit=thresholds.least_p,
    )


def _against_guarantee(examined: ExaminedModel, covered: NewCoverage) -> Check:
    """Hold the share that is covered against the least that is promised, where no law is known."""
    least = examined.model.guarantee(COVERAGE).at_least
    share = covered.share
    if least is None:
        return TABLE.not_checked(
            say("{finding} Nothing was promised of these rows.", finding=covered.sentence)
        )
    return TABLE.judged(
        share.high >= least,
        covered.sentence,
        figure=percent_with_interval(share),
        threshold=say("an interval up to {least} or more", least=percent(least, decimals=1)),
        value=share.value,
        limit=least,
    )


PART = TrustPart(
    "coverage",
    marked("Coverage"),
    (GUARANTEE, GROUPS, TABLE),
    _of_model,
    thresholds=CoverageThresholds,
)
