"""The part on groups: whether the model serves any group worse, or decides unevenly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Annotated

from msgspec import Meta, structs

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.messages import listed, marked, say, say_plural, sentences
from gradum.scores.figures import figure, percent
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS
from gradum.scores.outcome import Task
from gradum.show.answers.groups import group_tables, key_to_rates
from gradum.show.document.document import TextTable
from gradum.show.document.trust_section import PartFinding
from gradum.study.groups.groups import Group, Groups
from gradum.study.groups.scoring import scores_by_group
from gradum.study.trust import Check, Gauge, Line, Obstacle
from gradum.tables.wording import number, quoted

SCORE = Line("groups.score", marked("No group is shown to be served worse"))
SELECTION = Line("groups.selection", marked("No uneven selection of groups is shown"))
RATES = Line("groups.rates", marked("No uneven rates of errors are shown"))
UNNAMED = marked("No column of groups was named.")
ERROR_RATES = {
    "true_positive_rate": marked("true positives"),
    "false_positive_rate": marked("false positives"),
}
SHARES = ("selection_rate", *ERROR_RATES)
ALONE = 0.05
"""The level at which groups are named, as in any study; each line fails at its own level."""
WEAKER_BY = marked("a score worse by {gap} in the group {where}")
SELECTED_BY = marked("a selection rate {gap} apart in the group {where}")
ERRING_BY = marked("a rate of errors {gap} apart in the group {where}")


class GroupThresholds(PartThresholds, frozen=True):
    """Thresholds of groups."""

    most_weaker: Annotated[
        int,
        Meta(
            ge=0,
            description=marked(
                "Groups of a column that may be shown to score worse than all other rows (a "
                "count). The intervals of all groups hold simultaneously, so a group that is "
                "shown is not a chance finding, and none is allowed."
            ),
        ),
    ] = 0
    least_selection_ratio: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=marked(
                "For two classes: the lowest selection rate of a group divided by the highest, "
                "where the rows show that they differ (a ratio). 0.8 is the four-fifths rule of "
                "the Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D)."
            ),
        ),
    ] = 0.8
    most_rate_gap: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description=marked(
                "For two classes: how far the true or false positive rates of groups may lie "
                "apart, where the rows show that they differ (a difference of shares). A tenth is "
                "the usual bound on equalised odds."
            ),
        ),
    ] = 0.1


def _of_model(examined: ExaminedModel, thresholds: GroupThresholds) -> PartFinding:
    if not examined.by:
        remedy = say("To check it: gradum trust {run} --by COLUMN", run=examined.run_name)
        return _unchecked(Obstacle(say(UNNAMED), remedy), examined.model.task)
    rows = examined.grouped_rows
    if isinstance(rows, Obstacle):
        return _unchecked(rows, examined.model.task)
    judgement = examined.model.fitted.judgement
    metric = rows.truth.metric if judgement is None else judgement.verdict.metric
    where = say("Scored on the rows that judged the run.")
    if rows is examined.new_rows:
        where = say(
            "Scored on the rows of {source} that are new to the run.", source=examined.table_name
        )
    learned = examined.learned
    scores = scores_by_group(rows, examined.by, metric, learned)
    first = (where,)
    if learned is not None and rows.task == "binary":
        allowed = say(
            "Intervals of differences allow for the error of learning: of {rows:,} rows, a model "
            "without any fault learns somewhat different levels for groups that are alike.",
            rows=learned,
        )
        first = (where, allowed)
    return _finding(scores, _checks(scores, examined.by, rows.task, thresholds), first)


def _of_predictions(examined: ExaminedPredictions, thresholds: GroupThresholds) -> PartFinding:
    rows, by = examined.evidence, examined.by
    if not by:
        return _unchecked(Obstacle(say(UNNAMED), say("Name it by --by.")), rows.task)
    if not examined.only_ranked:
        scores = scores_by_group(rows, by, rows.truth.metric)
        return _finding(scores, _checks(scores, by, rows.task, thresholds))
    scores = scores_by_group(rows, by, "auc")
    ranked = structs.replace(scores, measures=("auc",))  # no row is decided, so there are no rates
    why = examined.no_probabilities
    decided = [line.blocked(why) for line in (SELECTION, RATES)]
    checks = [*(_scored(ranked, column, thresholds) for column in by), *decided]
    return PartFinding(checks, tables=_tables(ranked), details=ranked)


def _unchecked(why: Obstacle, task: Task) -> PartFinding:
    """Return the lines that a task has, all unchecked."""
    lines = PART.lines if task == "binary" else (SCORE,)
    return PartFinding([line.blocked(why) for line in lines])


def _checks(
    scores: Groups, columns: Sequence[str], task: Task, thresholds: GroupThresholds
) -> list[Check]:
    demands = (_scored, _selected, _erring) if task == "binary" else (_scored,)
    return [demand(scores, column, thresholds) for demand in demands for column in columns]


def _finding(scores: Groups, checks: Sequence[Check], first: Sequence[str] = ()) -> PartFinding:
    remarks = (*first, *scores.sentences, *key_to_rates(scores))
    return PartFinding(checks, remarks, _tables(scores), details=scores)


def _tables(scores: Groups) -> list[TextTable]:
    return list(group_tables(scores))


def _scored(scores: Groups, column: str, thresholds: GroupThresholds) -> Check:
    """Compare the number of weaker groups of a column with what is allowed."""
    metric, most = scores.measures[0], thresholds.most_weaker
    groups, line = _comparable(scores, column, metric), METRICS[metric]
    if not groups:
        return _too_few(SCORE, column)
    worse = [group for group in groups if line.sign * _difference(group, metric).value > 0]
    p_value = _least_p(worse, metric, most)
    weaker = _differing(worse, metric)
    reason = say("No difference in {metric} for the worse is shown.", metric=line.words)
    if weaker:
        reason = say(
            "Worse by {metric} than all other rows: {groups}.",
            metric=line.words,
            groups=quoted(weaker),
        )
    check = SCORE.judged(
        len(weaker) <= most,
        sentences((reason, _left_out(scores, column, len(groups)))),
        figure=say_plural(
            "{weaker} of {count:,} group",
            "{weaker} of {count:,} groups",
            len(groups),
            weaker=len(weaker),
        ),
        threshold=say("at most {most}", most=most),
        value=float(len(weaker)),
        limit=float(most),
        about=column,
    )
    return check.tested(p_value, _gauge(groups, metric, WEAKER_BY))


def _selected(scores: Groups, column: str, thresholds: GroupThresholds) -> Check:
    """Compare the ratio of the least to the greatest selection rate with what is demanded."""
    measure, least = "selection_rate", thresholds.least_selection_ratio
    groups = _comparable(scores, column, measure)
    rates = [group.scores[measure].value or 0.0 for group in groups]
    if len(groups) < 2:
        return _too_few(SELECTION, column)
    ratio = min(rates) / max(rates) if max(rates) > 0 else 1.0
    check = SELECTION.judged(
        ratio >= least,
        _shown_in(_differing(groups, measure)),
        figure=say(
            "{low} to {high}, a ratio of {ratio}",
            low=percent(min(rates)),
            high=percent(max(rates)),
            ratio=figure(ratio, digits=2),
        ),
        threshold=say("no ratio shown below {least}", least=number(least)),
        value=ratio,
        limit=least,
        about=column,
    )
    gauge = _gauge(groups, measure, SELECTED_BY, allowed=(1 - least) * max(rates))
    return check.tested(_least_p(groups, measure), gauge)


def _erring(scores: Groups, column: str, thresholds: GroupThresholds) -> Check:
    """Compare the larger gap of true or false positive rates with what is allowed."""
    most = thresholds.most_rate_gap
    gaps = [gap for gap in scores.gaps if gap.column == column and gap.measure in ERROR_RATES]
    if not gaps:
        return _too_few(RATES, column)
    groups = {gap.measure: _comparable(scores, column, gap.measure) for gap in gaps}
    p_values = {measure: _least_p(of_rate, measure) for measure, of_rate in groups.items()}
    failing = [gap for gap in gaps if gap.value > most]
    widest = min(failing, key=lambda gap: p_values[gap.measure], default=gaps[0])
    differing = chain.from_iterable(_differing(groups[gap.measure], gap.measure) for gap in gaps)
    check = RATES.judged(
        not failing,
        _shown_in(list(dict.fromkeys(differing))),
        figure=listed([f"{say(ERROR_RATES[gap.measure])} {percent(gap.value)}" for gap in gaps]),
        threshold=say("no gap shown above {most}", most=percent(most)),
        value=max(gap.value for gap in failing or gaps),
        limit=most,
        about=column,
    )
    gauge = _gauge(groups[widest.measure], widest.measure, ERRING_BY, len(gaps), most)
    return check.tested(min(len(gaps) * p_values[widest.measure], 1.0), gauge)


def _difference(group: Group, measure: str) -> Interval:
    difference = group.scores[measure].difference
    assert difference is not None
    return difference


def _least_p(groups: Sequence[Group], measure: str, allowed: int = 0) -> float:
    """Return the p-value for more than ``allowed`` groups differing; 1 if there are no more."""
    found = sorted(group.scores[measure].p_value or 0.0 for group in groups)
    return found[allowed] if allowed < len(found) else 1.0


def _gauge(
    groups: Sequence[Group], measure: str, finds: str, measures: int = 1, allowed: float = 0.0
) -> Gauge:
    """Return the gauge of what the line would find in the largest group; of two, one tells both."""
    largest = max(groups, key=lambda group: group.rows)
    comparisons = 2.0 * measures * max(len(groups) - 1, 1)
    error = _difference(largest, measure).standard_error
    unit = "points" if measure in SHARES else "metric"
    return Gauge(finds, unit, error, comparisons, allowed, where=largest.values)


def _comparable(scores: Groups, column: str, measure: str) -> list[Group]:
    """Return the groups of a column with enough rows to be compared by a measure."""
    return [
        group
        for group in scores.groups
        if group.column == column and group.scores[measure].difference is not None
    ]


def _too_few(line: Line, column: str) -> Check:
    return line.not_checked(
        say("Fewer than two groups have rows enough to be compared."),
        say("Give more rows."),
        about=column,
    )


def _left_out(scores: Groups, column: str, compared: int) -> str:
    """Say how many groups of a column could not be compared; nothing if all could."""
    few = sum(group.column == column for group in scores.groups) - compared
    if not few:
        return ""
    return say_plural(
        "{count:,} group has too few rows to say.",
        "{count:,} groups have too few rows to say.",
        few,
    )


def _differing(groups: Sequence[Group], measure: str) -> list[str]:
    """Name the groups that differ from all other rows by this measure alone."""
    return [group.values for group in groups if (group.scores[measure].p_value or 0.0) <= ALONE]


def _shown_in(differing: Sequence[str]) -> str:
    """Name the groups that differ."""
    if not differing:
        return say("No difference from all other rows is shown.")
    return say("Shown to differ from all other rows: {groups}.", groups=quoted(differing))


PART = TrustPart(
    "groups",
    marked("Is it as good in every group?"),
    (SCORE, SELECTION, RATES),
    _of_model,
    _of_predictions,
    GroupThresholds,
)
