"""The verdict in the reader's words: how good, beside guessing, and which model predicts."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from gradum.core.losses import resolve
from gradum.messages import say, say_plural
from gradum.run.judging.by_class import ClassScores
from gradum.run.judging.judgement import Judgement
from gradum.run.judging.verdict import (
    beside_running,
    chosen_in_words,
    cut_short_in_words,
    model_in_words,
    rivals_in_words,
)
from gradum.rungs.names import BASELINE
from gradum.scores.figures import (
    figure,
    in_unit,
    percent,
    percent_with_interval,
    rows_figure,
    with_range,
)
from gradum.scores.interval import Interval
from gradum.scores.out_of import count_out_of, few_of, out_of
from gradum.tables.wording import first_upper, shortened

MOST = 7  # sentences
UNEQUAL = 0.8
"""Share of the commonest class from which on accuracy says little: guessing has most of it."""


def with_headline(judgement: Judgement, spoken_of: str | None = None) -> Judgement:
    """Return a judgement with its headline, which files of earlier versions lack.

    The headline tells how good a rung is: the one in use, unless another is ``spoken_of``.
    """
    return structs.replace(judgement, headline=headline(judgement, spoken_of))


def headline(judgement: Judgement, spoken_of: str | None = None) -> tuple[str, ...]:
    """Return at most `MOST` sentences: how good a model is, and which one predicts.

    If a split by time or by group gives other scores, a sentence says what to expect then. If the
    time limit cut short a rung that is not as good as the one in use, the next sentence names it.
    If rivals were judged, the last sentence says how they compare.

    The first sentences are about the best rung, unless ``spoken_of`` is given, the rung that a run
    chose before. This rung is named if it is not the best, and a later sentence says that it
    predicts.

    For classes, the first sentence says in how many rows the rung is right, in comparison with
    always guessing the commonest class. Of two classes, the next one says how many of the rarer
    class the rung finds, and how often it is right about it, and comes first if the commonest class
    has at least `UNEQUAL` of the rows; then the AUC is given as pairs that are ranked rightly. For
    numbers, the first sentence says how far off the rung is, in comparison with always guessing the
    mean; before it stands the share explained of a deviance, if one is learned by.
    """
    verdict = judgement.verdict
    test = {rung: parts["test"] for rung, parts in judgement.scores.items()}
    naive = bool(judgement.from_naive)
    if spoken_of is None:
        chosen = chosen_in_words(verdict, list(judgement.compared), naive=naive)
    else:
        chosen = beside_running(spoken_of, verdict.used, verdict.comparisons, naive=naive)
    rung = spoken_of or verdict.used
    scores, good = test[rung], []
    if judgement.prevalence and {"accuracy", "balanced_accuracy"} <= scores.keys():
        ranks = rung != BASELINE
        good = _of_classes(scores, judgement.prevalence, judgement.by_class, ranks=ranks)
    elif "pinball" in scores:
        good = [
            say(
                "Explains {share} of the pinball loss that always guessing one quantile has.",
                share=percent_with_interval(scores["pinball_explained"]),
            )
        ]
    elif "mae" in scores:
        good = [_of_series(rung, judgement) or _of_numbers(scores, test.get(BASELINE), judgement)]
        if "deviance" in scores:
            explained = say(
                "Explains {share} of the deviance that always guessing the mean has.",
                share=percent_with_interval(scores["deviance_explained"]),
            )
            good.insert(0, explained)
    if good and spoken_of not in (None, verdict.used):
        good[0] = say(
            "{model}, which the run uses: {sentence}",
            model=first_upper(model_in_words(spoken_of, naive=naive)),
            sentence=good[0][:1].lower() + good[0][1:],
        )
    rivals = rivals_in_words(verdict.metric, judgement.rivals)
    unfair = cut_short_in_words([name for name in judgement.cut_short if name != verdict.used])
    flattered = judgement.split.shown if judgement.split else ()
    elsewhere = flattered[0].expectation if flattered else ""
    if flattered and flattered[0].useless:
        good, elsewhere = [elsewhere, *good], ""
    candidates = (*good, elsewhere, chosen, unfair, rivals)
    return tuple(sentence for sentence in candidates if sentence)[:MOST]


def _of_classes(
    scores: dict[str, Interval],
    prevalence: dict[str, float],
    by_class: tuple[ClassScores, ...],
    *,
    ranks: bool,
) -> list[str]:
    """Say how often the model is right, what it finds of a rare class, and how well it ranks.

    ``ranks`` says whether it gives rows different probabilities at all. A constant does not, and
    its AUC over several folds, whose constants differ, means nothing.
    """
    # Of two equally common classes, the second counts as the rarer one.
    rarest = min(reversed(prevalence), key=prevalence.__getitem__)
    commonest, share = max(prevalence.items(), key=lambda item: item[1])
    ranked = _ranked(scores, rarest) if ranks and len(prevalence) == 2 else []
    right = _right(scores["accuracy"], prevalence)
    if len(by_class) < 2 or (share < UNEQUAL and len(prevalence) > 2):
        return [right, *ranked]
    if len(prevalence) > 2:
        found, all_classes = out_of(scores["balanced_accuracy"]), len(by_class)
        on_average = say(
            "Finds {found} of {base:,} rows of a class{range} on average over the {classes} "
            "classes; guessing finds {blind}.",
            found=found.count,
            base=found.base,
            range=found.range,
            classes=all_classes,
            blind=count_out_of(1 / all_classes, found.base),
        )
        return [on_average, right]
    rows = sum(each.support for each in by_class)
    rarer = _of_rare(min(by_class, key=lambda each: each.label != rarest), rows)
    if ranked and scores["auc"].low > 0.5 and not scores["accuracy"].low > share:
        ranked.append(
            say(
                "So use its probabilities, to sort rows from most to least likely {label}; its "
                "answers for single rows are not shown to beat always answering {commonest}.",
                label=_quoted(rarest),
                commonest=_quoted(commonest),
            )
        )
    return [rarer, right, *ranked] if share >= UNEQUAL else [right, rarer, *ranked]


def _right(accuracy: Interval, prevalence: dict[str, float]) -> str:
    commonest, share = max(prevalence.items(), key=lambda item: item[1])
    right = out_of(accuracy)
    return say(
        "Right in {right} of {base:,} rows{range}; always answering {label}, the most frequent "
        "class, is right in {guess}.",
        right=right.count,
        base=right.base,
        range=right.range,
        label=_quoted(commonest),
        guess=count_out_of(share, right.base),
    )


def _of_rare(rare: ClassScores, rows: int) -> str:
    """Say how many of a rare class are found among some rows, and how often the answer is right."""
    label = _quoted(rare.label)
    if not rare.predicted or rare.hits == 0:
        return say(
            "Finds none of the {rows:,} rows that are {label}.", rows=rare.support, label=label
        )
    found, base = few_of(rare.recall.value)
    values = {
        "found": found,
        "base": base,
        "label": label,
        "recall": percent_with_interval(rare.recall),
    }
    if not rare.precision.known and rare.hits is not None:
        return say(
            "Finds {found:,} of {base:,} rows that are {label} ({recall}); it says {label} for "
            "{predicted} of all {rows:,} rows, and is right for {hits}.",
            rows=rows,
            predicted=rows_figure(rare.predicted),
            hits=int(rare.hits + 0.5),
            **values,
        )
    times, of = few_of(rare.precision.value)
    return say_plural(
        "Finds {found:,} of {base:,} rows that are {label} ({recall}); when it says {label}, it is "
        "right {count:,} time in {of:,} ({precision}).",
        "Finds {found:,} of {base:,} rows that are {label} ({recall}); when it says {label}, it is "
        "right {count:,} times in {of:,} ({precision}).",
        times,
        of=of,
        precision=percent_with_interval(rare.precision),
        **values,
    )


def _ranked(scores: dict[str, Interval], rarer: str) -> list[str]:
    """Say what the AUC means: how often a row of the rarer class is ranked above another.

    It is the same for either of two classes.
    """
    if "auc" not in scores or np.isnan(scores["auc"].value):
        return []
    pairs = out_of(scores["auc"])
    return [
        say(
            "In {pairs} of {base:,} pairs{range}, it ranks a row that is {label} above a row "
            "that is not; chance does so in {half:,}.",
            label=_quoted(rarer),
            pairs=pairs.count,
            base=pairs.base,
            range=pairs.range,
            half=pairs.base // 2,
        )
    ]


def _of_numbers(
    scores: dict[str, Interval], baseline: dict[str, Interval] | None, judgement: Judgement
) -> str:
    unit = judgement.unit
    error = with_range(scores["mae"], unit)
    if "median_absolute_error" in scores:
        half = in_unit(figure(scores["median_absolute_error"].value), unit)
        errors = say(
            "Off by {error} on average, by less than {half} in half of the rows",
            error=error,
            half=half,
        )
    else:
        errors = say("Off by {error} on average", error=error)
    if baseline is None:
        return say("{errors}.", errors=errors)
    guess = in_unit(figure(baseline["mae"].value), unit)
    if judgement.from_naive:
        return _of_forecast(errors, guess, scaled=judgement.from_naive == "scaled")
    if judgement.loss and resolve(judgement.loss).judged_by == "mae":
        return say(
            "{errors}; always guessing the median is off by {guess}.", errors=errors, guess=guess
        )
    return say("{errors}; always guessing the mean is off by {guess}.", errors=errors, guess=guess)


def _of_series(rung: str, judgement: Judgement) -> str:
    """Say how far off forecasts of several series are, in the target's own unit."""
    own, naive = (judgement.own_units.get(name, {}).get("mae") for name in (rung, BASELINE))
    if own is None or naive is None:
        return ""
    error, guess = (with_range(each, judgement.unit) for each in (own, naive))
    if rung == BASELINE or not naive.value > 0:
        return say("Off by {error} on average.", error=error)
    return say(
        "Off by {error} on average, {share} of the error of repeating the last season, which is "
        "off by {guess}.",
        error=error,
        share=percent(own.value / naive.value),
        guess=guess,
    )


def _of_forecast(errors: str, guess: str, *, scaled: bool) -> str:
    """Say how far off forecasts are, beside the seasonal naive one."""
    if scaled:
        return say(
            "{errors}, in multiples of each series' usual change; repeating the last season is off "
            "by {guess}.",
            errors=errors,
            guess=guess,
        )
    return say("{errors}; repeating the last season is off by {guess}.", errors=errors, guess=guess)


def _quoted(label: str) -> str:
    return repr(shortened(label))
