"""The verdict in the reader's words: how good, which model to use and why, and what overfits."""

from __future__ import annotations

from msgspec import structs

from gradum.messages import say
from gradum.run.judging.by_class import ClassScores
from gradum.run.judging.judgement import Judgement
from gradum.run.judging.verdict import (
    beside_running,
    choice,
    cut_short_in_words,
    rivals_in_words,
)
from gradum.rungs.names import BASELINE
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, percent, percent_with_interval, rows_figure
from gradum.scores.interval import Interval
from gradum.tables.wording import shortened

MOST = 3  # sentences
UNEQUAL = 0.8
"""Share of the commonest class from which on accuracy says little: guessing has most of it."""


def with_headline(judgement: Judgement, spoken_of: str | None = None) -> Judgement:
    """Return a judgement with its headline, which files of earlier versions lack.

    The headline tells how good a rung is: the one in use, unless another is ``spoken_of``.
    """
    return structs.replace(judgement, headline=headline(judgement, spoken_of))


def headline(judgement: Judgement, spoken_of: str | None = None) -> tuple[str, ...]:
    """Return at most three sentences: how good a rung is, which one to use, what overfits.

    If a split by time or by group gives other scores, the second sentence says what to expect then.
    If the time limit cut short a rung that is not as good as the one in use, the next sentence
    names it. If rivals were judged, a sentence on how they compare comes before the one on
    overfitting.

    The first sentence is about the best rung, unless ``spoken_of`` is given, the rung that a run
    chose before. This rung is named if it is not the best, and the second sentence says that it
    predicts.

    For classes, the first sentence says how often the rung is right, in comparison with always
    guessing the commonest class; if this class has at least `UNEQUAL` of the rows, it also says how
    many of the rarer class the rung finds. For numbers, it says how far off the rung is, in
    comparison with always guessing the mean.
    """
    verdict = judgement.verdict
    test = {rung: parts["test"] for rung, parts in judgement.scores.items()}
    metric = verdict.metric
    if spoken_of is None:
        chosen = choice(
            metric, judgement.compared, verdict.used, verdict.enough, verdict.comparisons
        )
    else:
        chosen = beside_running(metric, spoken_of, verdict.used, verdict.comparisons)
    scores, first = test[spoken_of or verdict.used], ""
    if judgement.prevalence and {"accuracy", "balanced_accuracy"} <= scores.keys():
        first = _of_classes(scores, judgement.prevalence, judgement.by_class)
    elif "mae" in scores:
        first = _of_numbers(scores, test.get(BASELINE))
    if first and spoken_of not in (None, verdict.used):
        first = say(
            "{rung}, which the run uses: {sentence}",
            rung=say(KINDS[spoken_of].title),
            sentence=f"{first[:1].lower()}{first[1:]}",
        )
    overfits = "" if verdict.used == BASELINE else judgement.fit_check
    rivals = rivals_in_words(metric, judgement.rivals)
    unfair = cut_short_in_words([name for name in judgement.cut_short if name != verdict.used])
    flattered = judgement.split.shown if judgement.split else ()
    elsewhere = flattered[0].expectation if flattered else ""
    candidates = (first, elsewhere, chosen, unfair, rivals, overfits)
    return tuple(sentence for sentence in candidates if sentence)[:MOST]


def _of_classes(
    scores: dict[str, Interval],
    prevalence: dict[str, float],
    by_class: tuple[ClassScores, ...],
) -> str:
    commonest, share = max(prevalence.items(), key=lambda item: item[1])
    guess = say(
        "always guessing the commonest class, {label}, gives {share}",
        label=_quoted(commonest),
        share=percent(share),
    )
    right = percent_with_interval(scores["accuracy"])
    if share < UNEQUAL or len(by_class) < 2:
        return say("{right} right; {guess}.", right=right, guess=guess)
    if len(prevalence) > 2:
        return say(
            "Finds {found} of a class's rows on average over the {classes} classes, where "
            "guessing finds {blind}; {right} of all rows are right, but {guess}.",
            found=percent_with_interval(scores["balanced_accuracy"]),
            classes=len(by_class),
            blind=percent(1 / len(by_class)),
            right=right,
            guess=guess,
        )
    rare = min(by_class, key=lambda scores: scores.support)
    values = {"rows": rare.support, "label": _quoted(rare.label), "right": right, "guess": guess}
    if not rare.predicted or rare.hits == 0:
        return say(
            "Finds none of the {rows:,} rows that are {label}; {right} of all rows are right, but "
            "{guess}.",
            **values,
        )
    values |= {
        "recall": percent_with_interval(rare.recall),
        "predicted": rows_figure(rare.predicted),
    }
    if not rare.precision.known and rare.hits is not None:
        return say(
            "Finds {recall} of the {rows:,} rows that are {label}, and is right in {hits} of "
            "{predicted} that it calls so; {right} of all rows are right, but {guess}.",
            hits=rows_figure(rare.hits),
            **values,
        )
    return say(
        "Finds {recall} of the {rows:,} rows that are {label}, and {precision} of the {predicted} "
        "that it calls so are; {right} of all rows are right, but {guess}.",
        precision=percent_with_interval(rare.precision),
        **values,
    )


def _of_numbers(scores: dict[str, Interval], baseline: dict[str, Interval] | None) -> str:
    error = _with_range(scores["mae"])
    if "median_absolute_error" in scores:
        half = figure(scores["median_absolute_error"].value, digits=3)
        errors = say(
            "Off by {error} on average, by less than {half} in half of the rows",
            error=error,
            half=half,
        )
    else:
        errors = say("Off by {error} on average", error=error)
    if baseline is None:
        return say("{errors}.", errors=errors)
    guess = figure(baseline["mae"].value, digits=3)
    return say("{errors}; always guessing the mean is off by {guess}.", errors=errors, guess=guess)


def _with_range(interval: Interval) -> str:
    """Write ``1.72 [1.65–1.80]``."""
    value = figure(interval.value, digits=3)
    if not interval.known:
        return value
    return f"{value} [{figure(interval.low, digits=3)}–{figure(interval.high, digits=3)}]"


def _quoted(label: str) -> str:
    return repr(shortened(label))
