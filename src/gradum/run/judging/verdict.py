"""The verdict: the rung to use, the rung that is enough, and the differences between rungs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from msgspec import structs

from gradum.margins import EQUAL, first_least
from gradum.messages import say
from gradum.rungs.names import BASELINE
from gradum.rungs.registry import KINDS
from gradum.scores.figures import with_interval
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS
from gradum.tables.wording import first_upper

SHOWN_RIVALS = 3
"""The most rivals that a sentence names."""


Shows = Literal["better", "worse", "nothing"]
"""What a difference shows of the first of two; nothing if its interval covers zero."""


class Comparison(msgspec.Struct, frozen=True):
    """A rung compared with a simpler one on the same rows: the metric's difference, rung - against.

    ``finding`` puts into words what the difference ``shows`` of the rung.
    """

    rung: str
    against: str
    difference: Interval
    finding: str
    shows: Shows | None = None

    def __post_init__(self) -> None:
        """Take what the difference shows from the words, if a file says it in no other way."""
        if self.shows is None:
            structs.force_setattr(self, "shows", _shown_in_english(self.finding))


class Verdict(msgspec.Struct, frozen=True):
    """The choice among the rungs."""

    metric: str
    """The metric that compares the rungs, on rows that none of them was trained on or stopped
    by."""
    used: str
    """The best-scoring rung, which predicts unless another is asked for."""
    enough: str
    """The simplest rung within one standard error of the best: the error of the paired difference,
    since both predicted the same rows."""
    comparisons: tuple[Comparison, ...]
    """Every rung compared with each simpler one."""
    sentences: tuple[str, ...]
    """The verdict in words: which rung to use and why, then every comparison."""
    best: str = ""
    """The best-scoring rung of a forecast where another one is used, because the latest errors are
    unlike all before; see `gradum.run.judging.latest_stretch`. Empty where it is the one used."""


class Standing(msgspec.Struct, frozen=True):
    """A rival of the ladder: an estimator of another library, judged on the same rows."""

    name: str
    """The rival's name."""
    scores: dict[str, Interval]
    """Metric -> value with its 95% bootstrap interval, on the judging rows."""
    against: str
    """The rung in use, with which the rival is compared."""
    difference: Interval
    """The metric of the verdict, rival - rung, paired."""
    finding: str
    """What the difference shows, in words."""
    shows: Shows | None = None
    """What the difference shows of the rival."""

    def __post_init__(self) -> None:
        """Take what the difference shows from the words, if a file says it in no other way."""
        if self.shows is None:
            structs.force_setattr(self, "shows", _shown_in_english(self.finding))


def standing(
    name: str, scores: dict[str, Interval], against: str, difference: Interval, metric: str
) -> Standing:
    """Return the standing of a rival, by the paired difference rival - rung."""
    sign = METRICS[metric].sign
    nothing = EQUAL * abs(scores[metric].value)
    shows = _shown(difference, sign, nothing)
    finding = _in_words(name, _title(against), shows)
    return Standing(name, scores, against, difference, finding, shows)


def rivals_in_words(metric: str, standings: tuple[Standing, ...]) -> str:
    """Say in one sentence how the first `SHOWN_RIVALS` rivals stand; empty if there are none.

    Even a better rival is not used, and the sentence says so.
    """
    if not standings:
        return ""
    shown = [
        say(
            "{finding} ({metric} differs by {difference})",
            finding=rival.finding if place else first_upper(rival.finding),
            metric=METRICS[metric].words,
            difference=with_interval(rival.difference, sign=True),
        )
        for place, rival in enumerate(standings[:SHOWN_RIVALS])
    ]
    more = len(standings) - len(shown)
    shown += [say("{more:,} more in the table", more=more)] if more else []
    rivals = say("; ").join(shown)
    if any(rival.shows == "better" for rival in standings):
        return say(
            "{rivals}; a rival is only judged, and predictions use {model}.",
            rivals=rivals,
            model=model_in_words(standings[0].against),
        )
    return say("{rivals}.", rivals=rivals)


def cut_short_in_words(rungs: Sequence[str]) -> str:
    """Say that a time limit makes the comparison unfair to some rungs; empty if there are none."""
    if not rungs:
        return ""
    return say(
        "The comparison is unfair to {models}, which the time limit cut short; allow more with "
        "--time-limit (time_limit).",
        models=say(" and ").join(map(model_in_words, rungs)),
    )


def decide(
    metric: str,
    scores: dict[str, Interval],
    differences: dict[tuple[str, str], Interval],
    running: str | None = None,
    *,
    naive: bool = False,
) -> Verdict:
    """Choose among rungs, given simplest first.

    Parameters
    ----------
    metric : str
        The metric's name.
    scores : dict
        Each rung's score, simplest rung first.
    differences : dict
        The paired difference ``(rung, simpler) -> rung - simpler``.
    running : str, optional
        The rung that a run chose before, on other rows, and that predicts.
    naive : bool
        Whether the baseline is the naive forecast.
    """
    sign = METRICS[metric].sign
    rungs = list(scores)
    # Rungs with the same predictions differ by rounding alone; its size is told by the simplest
    # one.
    size = abs(scores[rungs[0]].value)
    nothing = EQUAL * size
    values = np.array([sign * scores[rung].value for rung in rungs])
    used = rungs[int(first_least(values, scale=size))]
    enough = next(r for r in rungs if _within_one_error(r, used, differences, sign, nothing))
    comparisons = tuple(
        _compared(rung, against, interval, sign, nothing)
        for (rung, against), interval in differences.items()
    )
    if running is None:
        chosen = choice(rungs, used, enough, comparisons, naive=naive)
    else:
        chosen = beside_running(running, used, comparisons, naive=naive)
    opening = (chosen,) if chosen else ()
    return Verdict(metric, used, enough, comparisons, (*opening, *_pairwise(metric, comparisons)))


def retold(verdict: Verdict, rungs: Sequence[str], *, naive: bool) -> Verdict:
    """Return a verdict on rungs, the simplest first, in words of the present language.

    ``naive`` tells whether the baseline is the naive forecast.

    A file has those of the language in which its run was made.
    """
    comparisons = tuple(
        structs.replace(
            item, finding=_in_words(_title(item.rung), _title(item.against), item.shows)
        )
        for item in verdict.comparisons
    )
    chosen = chosen_in_words(verdict, rungs, naive=naive)
    sentences = (*((chosen,) if chosen else ()), *_pairwise(verdict.metric, comparisons))
    return structs.replace(verdict, comparisons=comparisons, sentences=sentences)


def _title(rung: str) -> str:
    return say(KINDS[rung].title)


def _within_one_error(
    rung: str, best: str, differences: dict[tuple[str, str], Interval], sign: float, nothing: float
) -> bool:
    if rung == best:
        return True
    interval = differences.get((best, rung))
    # A rung that is more complex than the best is never "simplest within one error".
    return interval is not None and -sign * interval.value <= interval.standard_error + nothing


def _compared(
    rung: str, against: str, difference: Interval, sign: float, nothing: float
) -> Comparison:
    shows = _shown(difference, sign, nothing)
    finding = _in_words(_title(rung), _title(against), shows)
    return Comparison(rung, against, difference, finding, shows)


def _shown(interval: Interval, sign: float, nothing: float) -> Shows:
    """Return what an interval shows: nothing if it covers zero, or if there is none."""
    low, high = sorted((sign * interval.low, sign * interval.high))
    if high < -nothing:
        return "better"
    if low > nothing:
        return "worse"
    return "nothing"


def _in_words(one: str, other: str, shows: Shows | None) -> str:
    if shows == "better":
        return say("{one} is better than {other}", one=one, other=other)
    if shows == "worse":
        return say("{one} is worse than {other}", one=one, other=other)
    return say("no difference shown between {one} and {other}", one=one, other=other)


def _shown_in_english(finding: str) -> Shows:
    """Return what a finding shows in a file of an earlier version, which was always in English."""
    if " is better than " in finding:
        return "better"
    return "worse" if " is worse than " in finding else "nothing"


def choice(
    rungs: Sequence[str],
    used: str,
    enough: str,
    comparisons: tuple[Comparison, ...],
    *,
    naive: bool = False,
) -> str:
    """Say which rung predicts and why, without statistics; empty if there is only one.

    Parameters
    ----------
    rungs : sequence of str
        The rungs that have a score, the simplest first.
    used, enough : str
        The best rung, and the simplest within one standard error of it.
    comparisons : tuple of Comparison
        Every rung compared with each simpler one.
    naive : bool
        Whether the baseline is the naive forecast.
    """
    if len(rungs) < 2:
        return ""
    model = model_in_words(used, naive=naive)
    if used == BASELINE:
        if naive:
            return say("Predictions use the naive forecast: no model does better.")
        return say("Use no model: none does better than guessing.")
    if enough == BASELINE and not naive:
        return say(
            "No column is shown to help: guessing does as well. Predictions use {model}; add "
            "--rung enough to guess.",
            model=model,
        )
    if enough != used:
        return say(
            "Predictions use {model}. As far as these rows show, {simpler}, which is simpler, does "
            "as well: add --rung enough to use it.",
            model=model,
            simpler=model_in_words(enough, naive=naive),
        )
    unsure = [item.against for item in comparisons if item.rung == used and item.shows == "nothing"]
    if unsure:
        return say(
            "Predictions use {model}: it does best, though its lead over {others} may be chance.",
            model=model,
            others=_models(unsure, naive=naive),
        )
    simpler = rungs.index(used)
    first = model_in_words(BASELINE, naive=naive)
    others = first if simpler == 1 else say("every simpler model")
    if simpler < len(rungs) - 1:
        return say(
            "Predictions use {model}: it does better than {others}, beyond chance, and no larger "
            "model does better.",
            model=model,
            others=others,
        )
    return say(
        "Predictions use {model}: it does better than {others}, beyond chance.",
        model=model,
        others=others,
    )


def chosen_in_words(verdict: Verdict, rungs: Sequence[str], *, naive: bool) -> str:
    """Say which of the rungs, given simplest first, a verdict chose and why, as `choice` does."""
    if verdict.best:
        return _of_late(verdict.used, verdict.best)
    return choice(rungs, verdict.used, verdict.enough, verdict.comparisons, naive=naive)


def _of_late(used: str, best: str) -> str:
    """Say why another rung than the best is used."""
    return say(
        "Predictions use {model}: {best} did best over all judged rows, but on the latest it errs "
        "far more than before, and {model} less.",
        model=model_in_words(used, naive=True),
        best=model_in_words(best, naive=True),
    )


def beside_running(
    running: str, best: str, comparisons: tuple[Comparison, ...], *, naive: bool = False
) -> str:
    """Say which rung predicts, and whether another does better on rows that the run did not judge.

    Empty if there is no other rung.

    Parameters
    ----------
    running, best : str
        The rung that the run chose, and the best on these rows.
    comparisons : tuple of Comparison
        Every rung compared with each simpler one, on these rows.
    naive : bool
        Whether the baseline is the naive forecast.
    """
    model = model_in_words(running, naive=naive)
    if running == best:
        others = any(running in (item.rung, item.against) for item in comparisons)
        if not others:
            return ""
        return say("Predictions use {model}, which does best on these rows too.", model=model)
    leads = [item for item in comparisons if {item.rung, item.against} == {running, best}]
    if not leads:
        return say("Predictions use {model}, which the run chose.", model=model)
    values = {"model": model, "best": model_in_words(best, naive=naive)}
    if leads[0].shows == "nothing":
        return say(
            "Predictions use {model}, which the run chose; on these rows {best} does better, which "
            "may be chance.",
            **values,
        )
    return say(
        "Predictions use {model}, which the run chose; on these rows {best} does better, beyond "
        "chance: add --rung {name} to use it.",
        name=best,
        **values,
    )


def model_in_words(rung: str, *, naive: bool = False) -> str:
    """Name a rung for readers who know no ladder: "the linear model", but "guessing".

    If the baseline is a forecast (``naive``), it is "the naive forecast".
    """
    if rung != BASELINE:
        return say(KINDS[rung].in_words)
    return say("the naive forecast") if naive else say("guessing")


def _models(rungs: list[str], *, naive: bool) -> str:
    names = say(" and ").join(model_in_words(rung, naive=naive) for rung in rungs[:2])
    return say("{names} and others", names=names) if len(rungs) > 2 else names


def _pairwise(metric: str, comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
    return tuple(
        say(
            "{finding}: {metric} differs by {difference}.",
            finding=first_upper(item.finding),
            metric=METRICS[metric].words,
            difference=with_interval(item.difference, sign=True),
        )
        for item in comparisons
    )
