"""Scores by group in sentences: which groups differ, and which are too small to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradum.messages import listed, say, say_plural
from gradum.study.finding_words import TOO_FEW_ROWS
from gradum.study.groups.groups import Groups
from gradum.study.groups.measures import GroupMeasure
from gradum.tables.wording import SHOWN_NAMES, and_more


def group_sentences(found: Groups, measures: Sequence[GroupMeasure]) -> tuple[str, ...]:
    """Say which groups differ, what the intervals mean, and which groups are too small."""
    differences = list(_differences(found, measures))
    if not differences:
        differences.append(say("No group is shown to differ from the rest."))
    return (*differences, *_meaning(found), *_small(found))


def _differences(found: Groups, measures: Sequence[GroupMeasure]) -> Iterator[str]:
    """Say which groups differ, those that differ alike in one sentence."""
    titles = {measure.name: measure.title for measure in measures}
    alike: dict[tuple[str, str, str], list[str]] = {}
    for group, name in found.flagged:
        finding = group.scores[name].finding
        alike.setdefault((group.column, name, finding), []).append(repr(group.values))
    for (column, name, finding), groups in alike.items():
        yield say(
            "{measure} by {column}, {finding}: {groups}.",
            measure=say(titles[name]),
            column=column,
            finding=say(finding),
            groups=_named(groups),
        )


def _meaning(found: Groups) -> Iterator[str]:
    """Say what rates and intervals are."""
    if found.selected is not None:
        yield say(
            "Rates are of {label!r}: selected are the rows predicted as it.", label=found.selected
        )
    yield say(
        "Differences are those from all other rows; their intervals hold at once with 95% "
        "certainty, so that if no group differs, any is said to with a probability of at most 5%."
    )


def _small(found: Groups) -> Iterator[str]:
    """Name the groups of too few rows, and those of one."""
    metric = found.measures[0]
    few = [
        f"{group.values!r} ({group.rows})"
        for group in found.groups
        if group.scores[metric].finding == TOO_FEW_ROWS and group.rows > 1
    ]
    single = [repr(group.values) for group in found.groups if group.rows == 1]
    if few:
        yield say_plural(
            "{count} group has too few rows to say whether it differs: {groups}.",
            "{count} groups have too few rows to say whether they differ: {groups}.",
            len(few),
            groups=_named(few),
        )
    if single:
        yield say_plural(
            "{count} group is a single row: {groups}.",
            "{count} groups are single rows: {groups}.",
            len(single),
            groups=_named(single),
        )


def _named(groups: Sequence[str]) -> str:
    return and_more(listed(groups[:SHOWN_NAMES]), len(groups) - SHOWN_NAMES)
