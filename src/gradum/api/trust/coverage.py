"""The part on coverage: what intervals and sets promise, and whether the promise was kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta

from gradum.api.prediction import guarantee
from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.errors import SpecError
from gradum.messages import listed, marked, say, say_plural
from gradum.scores.figures import percent, percent_with_interval
from gradum.scores.interval import effective_rows
from gradum.show.document.trust_section import PartFinding
from gradum.show.pictures.coverage import coverage_pictures
from gradum.study.coverage.coverage import COVERAGE, Coverage
from gradum.study.coverage.covered_groups import GroupCoverage
from gradum.study.coverage.new_rows import NewCoverage
from gradum.study.trust import Check, Gauge, Line, Obstacle, at_most, share_error

GUARANTEE = Line("coverage.guarantee", marked("Intervals or sets have a guarantee"))
GROUPS = Line("coverage.groups", marked("No group is shown to be covered less"))
TABLE = Line("coverage.table", marked("New rows are covered as promised"))
SHORT_OF = marked("a group of the size of {where} that is covered {gap} too seldom")
UNCOVERED = marked("a coverage {gap} below {where}")


class CoverageThresholds(PartThresholds, frozen=True):
    """Thresholds of intervals of numbers, and of sets of classes."""

    most_short_groups: Annotated[
        int,
        Meta(
            ge=0,
            description=marked(
                "Groups of judged rows that may be shown to be covered less than most_gap allows "
                "(a count). All groups are tested together, so a group that is shown is not a "
                "chance finding, and none is allowed."
            ),
        ),
    ] = 0
    most_gap: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=marked(
                "How far the coverage of a group may lie below the coverage asked for (a "
                "difference of shares). The guarantee is for all rows together, and no sound "
                "model covers all groups alike; at five points below 90%, a missed row is half as "
                "likely again."
            ),
        ),
    ] = 0.05


def _of_model(examined: ExaminedModel, thresholds: CoverageThresholds) -> PartFinding:
    model = examined.model
    judged = None if model.findings is None else model.findings.coverage
    short = short_groups(judged, model.target, thresholds)
    checks = (_guarantee(examined), short, _table(examined))
    if judged is None:
        return PartFinding(checks)
    sentences = (judged.overall, judged.sentence, *_of_classes(judged, model.target))
    pictures = coverage_pictures(judged, model.target)
    return PartFinding(checks, sentences, (), pictures, {"judged": judged})


def _of_classes(judged: Coverage, target: str) -> Iterator[str]:
    """Say how many rows of each class are covered, and whether anything is promised of that."""
    classes = [group for group in judged.groups if group.column == target]
    if classes:
        shares = [f"{group.values!r} {percent(group.share.value)}" for group in classes]
        if judged.by_class:
            yield say("Coverage by true class: {shares}.", shares=listed(shares))
            return
        yield say(
            "Coverage by true class: {shares}. This is not a demand: the share that sets promise "
            "holds for the rows of all classes together; gradum predict --by-class holds it for "
            "each class.",
            shares=listed(shares),
        )


def _guarantee(examined: ExaminedModel) -> Check:
    """Say what is promised at the usual coverage; without a promise, nothing can hold or fail."""
    try:
        statement = guarantee(examined.model, COVERAGE)
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


def short_groups(judged: Coverage | None, target: str, thresholds: CoverageThresholds) -> Check:
    """Test whether the groups of columns are covered less than is allowed.

    If the coverage is at least q = asked − allowed, x or fewer of m rows are covered with at most
    the binomial probability P(X ≤ x); m is the effective number of rows if rows belong together.
    Each group has the same share of the level (Bonferroni). Classes form no groups: a row's class
    is not known when it is predicted, and nothing is promised by class.
    """
    if judged is None:
        return GROUPS.not_checked(
            say("The judged rows have no intervals, or are not at hand."),
            say("Name the run folder of a finished run."),
        )
    groups = [
        group for group in judged.groups if group.p_value is not None and group.column != target
    ]
    if not groups:
        return GROUPS.not_checked(
            say("No column that is looked at has groups with enough rows to be judged."),
            say("Fit with --slice COLUMN, or judge on more rows."),
        )
    most, least = thresholds.most_short_groups, judged.nominal - thresholds.most_gap
    ranked = sorted(groups, key=lambda group: (_p_short(group, least), group.share.value))
    worst = ranked[min(most, len(groups) - 1)]
    p_value = _p_short(worst, least) if most < len(groups) else 1.0
    below = sum(group.share.value < least for group in groups)
    check = GROUPS.judged(
        below <= most,
        say(
            "Where {column} is {values}, {share} of {rows:,} rows are covered; no other group is "
            "stronger evidence of a gap.",
            column=worst.column,
            values=worst.values,
            share=percent_with_interval(worst.share),
            rows=worst.rows,
        ),
        figure=say_plural(
            "{below} of {count:,} group below {least}",
            "{below} of {count:,} groups below {least}",
            len(groups),
            below=below,
            least=percent(least),
        ),
        threshold=say("at most {most} shown below {least}", most=most, least=percent(least)),
        value=float(below),
        limit=float(most),
    )
    gauge = _gauge(groups, least, thresholds.most_gap)
    return check.tested(min(len(groups) * p_value, 1.0), gauge)


def _gauge(groups: Sequence[GroupCoverage], least: float, allowed: float) -> Gauge:
    """Return the gauge of what the line would find in the largest group."""
    largest = max(groups, key=lambda group: group.rows)
    error, where = share_error(least, _effective(largest)), f"{largest.column} {largest.values}"
    return Gauge(SHORT_OF, "points", error, len(groups), allowed, beyond=True, where=where)


def _effective(group: GroupCoverage) -> float:
    return effective_rows(group.share.value, group.share.standard_error, group.rows)


def _p_short(group: GroupCoverage, least: float) -> float:
    """Return P(X ≤ x) for x covered among m rows, if a share ``least`` is covered."""
    rows = _effective(group)
    return at_most(group.share.value * rows, rows, least)


def _table(examined: ExaminedModel) -> Check:
    """Test whether new rows are covered less than is promised."""
    evaluation = examined.evaluation
    if isinstance(evaluation, Obstacle):
        return TABLE.blocked(evaluation)
    found = evaluation.coverage
    if found is None:
        return TABLE.not_checked(
            say("There is no new row, or no interval of one."),
            say("Give rows that are new to the run."),
        )
    if found.p_value is not None:
        return new_coverage(found, found.nominal, found.p_value)
    least = guarantee(examined.model, COVERAGE).at_least
    if least is None:
        return TABLE.not_checked(
            say("{finding} Nothing was promised for these rows.", finding=found.sentence)
        )
    return new_coverage(found, least, at_most(found.covered, found.rows, least))


def new_coverage(found: NewCoverage, least: float, p_value: float) -> Check:
    """Compare the share of new rows that are covered with the least that is promised.

    This uses the law of the threshold, which is beta-binomial, or the binomial one if none is
    known.
    """
    check = TABLE.judged(
        found.share.value >= least,
        found.sentence,
        figure=percent_with_interval(found.share),
        threshold=say("not shown below {least}", least=percent(least, decimals=1)),
        value=found.share.value,
        limit=least,
    )
    where = percent(least, decimals=1)
    error = share_error(least, found.rows)
    return check.tested(p_value, Gauge(UNCOVERED, "points", error, 1.0, where=where))


PART = TrustPart(
    "coverage",
    marked("Do intervals hold what they promise?"),
    (GUARANTEE, GROUPS, TABLE),
    _of_model,
    thresholds=CoverageThresholds,
)
