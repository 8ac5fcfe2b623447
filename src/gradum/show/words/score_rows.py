"""The scores of a judgement as rows of a table: a metric, and the score of each rung and rival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from gradum.messages import say
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS

if TYPE_CHECKING:  # a table is understood without what learns
    from gradum.run.judging.judgement import Judgement


class ScoreRow(NamedTuple):
    """A metric on the test rows."""

    metric: str
    title: str
    scores: list[Interval | None]
    """Of each rung, then of each rival; None where it has none."""
    decides: bool
    """Whether models are compared by these."""


def score_rows(judgement: Judgement, metrics: Iterable[str] = tuple(METRICS)) -> Iterator[ScoreRow]:
    """Yield a row for each of some metrics that a rung or rival has.

    Errors are in the target's own unit. Where models are compared by their multiples of each
    series' usual change, a second row has these.
    """
    verdict, own = judgement.verdict, judgement.own_units
    tested = {rung: parts["test"] for rung, parts in judgement.scores.items()}
    tested |= {rival.name: rival.scores for rival in judgement.rivals}
    for name in metrics:
        scores = [of_model.get(name) for of_model in tested.values()]
        if not any(scores):
            continue
        compared = name == verdict.metric
        in_own = [own.get(each, {}).get(name) for each in tested]
        if any(in_own):
            yield ScoreRow(name, METRICS[name].titled(judgement.unit), in_own, False)
            if compared:
                yield ScoreRow(name, compared_title(judgement, name), scores, True)
        else:
            yield ScoreRow(name, METRICS[name].titled(judgement.unit), scores, compared)


def compared_title(judgement: Judgement, metric: str) -> str:
    """Return the title of a metric in the unit in which models are compared."""
    title = say(METRICS[metric].title)
    scaled = any(metric in scores for scores in judgement.own_units.values())
    return say("{metric}, scaled", metric=title) if scaled else title
