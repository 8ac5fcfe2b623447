"""The guarantee of intervals and sets in words and numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from gradum.margins import LAST_DIGITS
from gradum.messages import marked, say, say_plural, sentences
from gradum.run.intervals.conformal.guarantee import Name, Terms
from gradum.run.intervals.conformal.law import NEW_ROWS, cross_bound, fewest_scores, split_range
from gradum.scores.figures import figure, percent
from gradum.tables.wording import quoted

PROMISES: dict[Name, tuple[str, str]] = {  # for intervals, and for sets
    "split": (
        marked(
            "The interval of a new row like the {rows:,} that judged holds its target with a "
            "probability of at least {share} (split conformal)."
        ),
        marked(
            "The set of a new row like the {rows:,} that judged holds its class with a "
            "probability of at least {share} (split conformal)."
        ),
    ),
    "cross": (
        marked(
            "The interval of a new row like the {rows:,} that judged holds its target with a "
            "probability of about {share}, and of at least {least} for certain "
            "(CV+ by {folds} models)."
        ),
        marked(
            "The set of a new row like the {rows:,} that judged holds its class with a "
            "probability of about {share}, and of at least {least} for certain "
            "(CV+ by {folds} models)."
        ),
    ),
    "adaptive": (
        marked(
            "In the long run, {share} of the times are covered, whatever happens, as long as "
            "outcomes come in: a row whose target and time are given adjusts the intervals of "
            "later rows. Nothing is promised for rows that come after the last outcome (adaptive)."
        ),
        marked(
            "In the long run, at least {share} of the times are covered, whatever happens, as "
            "long as outcomes come in: a row whose target and time are given adjusts the sets of "
            "later rows. Nothing is promised for rows that come after the last outcome (adaptive)."
        ),
    ),
    "none": (
        marked("No guarantee: {reason} Intervals aim at {share} and may miss it. {remedy}"),
        marked("No guarantee: {reason} Sets aim at {share} and may miss it. {remedy}"),
    ),
}

COST_OF_CHOOSING = 40.0
"""Divided by √n: the points of coverage that the best of four rungs on n judged rows may lack.

Measured where choosing costs most: all rungs are equally good and their errors are unrelated. It
was 33 / √n points at 80%, where it is about as large as at any coverage (`python -m benchmarks
guarantees`).
"""

TOO_FEW = (  # for intervals, and for sets
    marked(
        "At {share}, at least {fewest:,} rows or groups must judge, but only {size:,} did: every "
        "interval is infinite."
    ),
    marked(
        "At {share}, at least {fewest:,} rows or groups must judge, but only {size:,} did: every "
        "set has all classes."
    ),
)
TOO_FEW_BY_LEVEL = (
    marked(
        "At {share}, at least {fewest:,} rows or groups of each value must judge: intervals are "
        "infinite for values of column {column!r} that have fewer, such as {names}."
    ),
    marked(
        "At {share}, at least {fewest:,} rows or groups of each value must judge: sets have all "
        "classes for values of column {column!r} that have fewer, such as {names}."
    ),
)
ALWAYS_IN = marked(
    "At {share}, at least {fewest:,} rows or groups of each class must judge: classes that have "
    "fewer, such as {names}, are in every set."
)


TOGETHER = (  # for intervals, and for sets
    marked(
        "That is so of such rows together, and rows of one kind may be covered less: "
        "--interval-by (interval_by) of a fit holds the share for each value of a column."
    ),
    marked(
        "That is so of such rows together, and rows of one class may be covered less: --by-class "
        "(by_class) holds the share for each class."
    ),
)

WITHOUT_BOUND: tuple[Name, ...] = ("none", "adaptive")
"""Guarantees that say nothing of a single new row."""


class Statement(msgspec.Struct, frozen=True):
    """What is promised for a new row that is like the judged rows."""

    name: Name
    """The kind: "split", "cross", "adaptive" or "none"; see `Terms`."""
    coverage: float
    """1 − α, what was asked for."""
    at_least: float | None
    """The least probability that the row's target is in its interval or set; None without a
    guarantee."""
    low: float | None
    high: float | None
    """The shares of 1,000 new rows between which coverage lies in 95 of 100 cases; None if no law
    tells them."""
    rows: int
    """How many rows judged."""
    sentence: str
    """All this in words."""


@dataclass(frozen=True)
class Support:
    """How many scores support intervals or sets."""

    size: float
    """n: the number of rows or groups, or the total weight in units of a new row's."""
    groups: bool = False
    """Whether n counts groups."""
    weighted: bool = False
    """Whether some rows count more than others."""
    by: str | None = None
    """The column whose levels are each covered separately; "" for each class."""
    chosen: bool = False
    """Whether the rung was chosen among several by its score on the same rows."""
    sizes: tuple[tuple[str | None, float], ...] = ()
    """The levels or classes, None for a missing value, each with its own n."""

    def enough(self, coverage: float) -> list[float]:
        """Return n, or the n of each level or class, of those for which intervals can be finite."""
        sizes = [self.size] if self.by is None else [size for _, size in self.sizes]
        return [size for size in sizes if suffices(size, coverage)]

    def lacking(self, coverage: float) -> list[str | None]:
        """Return the levels or classes that have too few scores of their own."""
        return [name for name, size in self.sizes if not suffices(size, coverage)]


def suffices(size: float, coverage: float) -> bool:
    """Whether so many scores bound an interval."""
    return size >= fewest_scores(coverage) * (1 - LAST_DIGITS)


def state(terms: Terms, coverage: float, support: Support, *, classes: bool) -> Statement:
    """State what terms promise at a coverage, for intervals or for sets of ``classes``."""
    enough, low, high = support.enough(coverage), None, None
    if terms.name in WITHOUT_BOUND:
        least = None
    elif not enough:
        least = 1.0  # nothing is left out
    elif terms.name == "cross":
        least = min(cross_bound(coverage, size, terms.folds) for size in enough)
    else:
        least = coverage
        if support.by is None and not support.groups and not support.weighted:
            low, high = split_range(coverage, round(support.size))
    parts = [_without_end(coverage, support, classes=classes)]
    if enough or terms.name in WITHOUT_BOUND:
        promise = say(
            PROMISES[terms.name][classes],
            share=_percent(coverage),
            least=_percent(least or 0.0),
            rows=terms.rows,
            folds=terms.folds,
            reason=terms.reason,
            remedy=terms.remedy,
        )
        of_whom = _of_whom(terms, support, classes=classes)
        parts = [promise.rstrip(), _range(low, high), of_whom, *parts]
    return Statement(terms.name, coverage, least, low, high, terms.rows, sentences(parts))


def _percent(share: float) -> str:
    return percent(share, decimals=1)


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return say(
        "Of {rows:,} new rows, {low} to {high} are covered in 95 of 100 cases.",
        rows=NEW_ROWS,
        low=_percent(low),
        high=_percent(high),
    )


def _of_whom(terms: Terms, support: Support, *, classes: bool) -> str:
    """Say which new rows the promise is about, where it is not about all alike."""
    if terms.name in WITHOUT_BOUND:
        return ""
    parts = [say(TOGETHER[classes])] if support.by is None else []
    if support.groups:
        parts.append(say("New rows are of groups other than those that judged."))
    if support.weighted:
        parts.append(say("New rows come as often as their weights say."))
    if support.by == "":
        parts.append(say("This holds for the rows of each class by themselves."))
    elif support.by is not None:
        parts.append(
            say("This holds for each value of column {column!r} by itself.", column=support.by)
        )
    if support.chosen:
        points = figure(COST_OF_CHOOSING / math.sqrt(support.size), digits=1)
        parts.append(
            say_plural(
                "The model was chosen on the same rows, which can lower this share by up to "
                "{points} point.",
                "The model was chosen on the same rows, which can lower this share by up to "
                "{points} points.",
                1 if points == "1" else 2,
                points=points,
            )
        )
    return sentences(parts)


def _without_end(coverage: float, support: Support, *, classes: bool) -> str:
    """Say where there are too few scores to leave anything out."""
    lacking = [say("missing") if name is None else name for name in support.lacking(coverage)]
    if support.by is None:
        message = "" if support.enough(coverage) else TOO_FEW[classes]
    elif not lacking:
        message = ""
    else:
        message = ALWAYS_IN if support.by == "" else TOO_FEW_BY_LEVEL[classes]
    if not message:
        return ""
    return say(
        message,
        share=_percent(coverage),
        fewest=fewest_scores(coverage),
        size=round(support.size),
        names=quoted(lacking),
        column=support.by,
    )
