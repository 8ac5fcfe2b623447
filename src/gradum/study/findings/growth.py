"""The learning curve, and its extrapolation to twice the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from time import perf_counter

import msgspec
import numpy as np

from gradum.errors import SpecError
from gradum.messages import say, sentences
from gradum.randomness import stream
from gradum.run.dataset import FEWEST_ROWS, Dataset
from gradum.run.judge import Judge, first_repeat
from gradum.run.judging.judge_rungs import Seen
from gradum.run.run import Run
from gradum.rungs.context import ALONE, Context, ignore
from gradum.rungs.kind import Curve
from gradum.rungs.registry import KINDS
from gradum.scores.bootstrap import resampled
from gradum.scores.figures import figure, figures_apart
from gradum.scores.interval import Interval, interval
from gradum.scores.metrics import METRICS, score
from gradum.study.findings.extrapolation import doubled
from gradum.study.refitting import Refitted, refitted
from gradum.tables.split import Part, hold_out
from gradum.tables.wording import first_upper
from gradum.waiting import told

HALVINGS = 3
SHARE_OF_FIT = 0.25  # of the fit's seconds, for a curve that nobody asked for
LONGEST_SECONDS = 20.0
RESAMPLED_ROWS = 20_000
DRAWS = 8_000_000


class Growth(msgspec.Struct, frozen=True):
    """The score of the rung in use by the number of training rows."""

    metric: str
    """The verdict's metric."""
    points: tuple[tuple[int, Interval], ...] = ()
    """Training rows, including those that stop a network, and the score on the judged rows; the
    last point is the judged model. Under cross-validation, the mean number of the folds' rows and
    the score of all folds together."""
    forecast_rows: int = 0
    """Twice the rows of the last point."""
    forecast: Interval | None = None
    """The score expected at that number; None where the curve was not drawn."""
    gain: Interval | None = None
    """forecast − last point, paired on the same resamples."""
    sentence: str = ""
    """What another doubling would bring, in plain words."""
    skipped: str = ""
    """Why the curve was not drawn, and the option that draws it; empty if it was drawn."""
    models: tuple[int, ...] = ()
    """How many models of each judge each point averages; the second of a size is fitted if there is
    time."""


def growth(run: Run, context: Context = ALONE, *, asked: bool | None) -> Growth:
    """Fit the rung in use again on parts of the training rows, and extrapolate.

    An eighth, a quarter and a half of the training rows, each within the next, are split, encoded
    and learned from like the whole. They are drawn by class or by whole groups; under time, they
    are the latest rows. Each model judges the same rows. For a repeated cross-validation, the folds
    of the first repeat are used.

    Linear models are fitted on both halves, and on a part of each, and the scores of a size are
    averaged. What one half has by chance the other lacks, so their mean differs from the whole by
    little more than the cost of fewer rows.

    ``asked`` True draws the curve however long it takes, False never. None draws what is done
    within a quarter of the fit's seconds, or within `LONGEST_SECONDS`: small sizes first, and all
    sizes once before any is fitted again. The clock is read between fits and, at a solver's events,
    within them; a fit that runs out of time is discarded.
    """
    assert run.fitted.judgement is not None
    metric = run.fitted.judgement.verdict.metric
    judges = first_repeat(run.judges)
    skipped = _reason_to_skip(run, judges, asked)
    if skipped:
        return Growth(metric, skipped=skipped)
    quiet = replace(context, tell=ignore)  # the run's own rungs were already reported and judged
    seconds = np.inf if asked else _allowed(run)
    try:
        curves = _curves(run, judges, quiet.until(perf_counter() + seconds))
    except SpecError:
        why = (  # there are enough rows
            say("There are too few times to learn from an eighth of them.")
            if run.dataset.time is not None
            else say("There are too few groups to learn from an eighth of them.")
        )
        return Growth(metric, skipped=why)
    if context.stop():
        return Growth(metric, skipped=say("Interrupted before the learning curve was drawn."))
    if curves is None:
        why = say(
            "The learning curve was not drawn within {seconds:.1f} s; --learning-curve draws it.",
            seconds=max(seconds, 0.0),
        )
        return Growth(metric, skipped=why)
    return _extrapolate(run, metric, judges, curves)


def _reason_to_skip(run: Run, judges: Sequence[Judge], asked: bool | None) -> str:
    used = run.fitted.used
    kind = KINDS[used]
    if run.dataset.drawn_from is not None:
        return say(
            "The model learned from a table of {rows:,} rows, which do not fit in memory: no "
            "learning curve was drawn.",
            rows=run.dataset.drawn_from,
        )
    rows = min(len(_learned(judge)) for judge in judges)
    fewest = FEWEST_ROWS * 2**HALVINGS
    if kind.curve is None:
        rung = first_upper(say(kind.in_words))
        return say("{rung} is in use, which more rows hardly change.", rung=rung)
    if rows < fewest and len(judges) > 1:
        return say(
            "A learning curve needs at least {fewest} training rows; there are {rows} in the "
            "smallest fold.",
            fewest=fewest,
            rows=rows,
        )
    if rows < fewest:
        return say(
            "A learning curve needs at least {fewest} training rows; there are {rows}.",
            fewest=fewest,
            rows=rows,
        )
    if asked is not None:
        return "" if asked else say("Left out, as asked; --learning-curve draws it.")
    if kind.curve.unasked:
        return ""
    # A pack takes most of the training time, which its curve would nearly double.
    expected = kind.curve.models * sum(judge.rungs[used].seconds for judge in judges)
    return say(
        "The learning curve would take about {seconds:.0f} s; --learning-curve draws it.",
        seconds=expected * (1.0 - 0.5**HALVINGS),
    )


def _allowed(run: Run) -> float:
    """Return the seconds allowed for a curve that nobody asked for."""
    limit, taken = run.fitted.spec.time_limit, run.fitted.provenance.seconds
    left = np.inf if limit is None else limit - taken
    return min(SHARE_OF_FIT * taken, LONGEST_SECONDS, left)


def _shape(run: Run) -> Curve:
    """Return how to draw the curve of the rung in use."""
    curve = KINDS[run.fitted.used].curve
    assert curve is not None
    return curve


def _learned(judge: Judge) -> np.ndarray:
    return np.flatnonzero((judge.parts == Part.TRAIN) | (judge.parts == Part.VALIDATION))


_Drawn = tuple[np.ndarray, np.ndarray]
"""The rows that a model is made from, and the part of each."""


def _curves(
    run: Run, judges: Sequence[Judge], context: Context
) -> list[list[tuple[Refitted, ...]]] | None:
    """Return each judge's models of each size, from the fewest rows up to the judged model.

    Every judge has equally many models of each size. None if there was no time for one of each.
    """
    dataset, used = run.dataset, run.fitted.used
    spec, kind = run.fitted.spec, KINDS[used]
    settings = spec.of_rung(used).settings
    specs = [
        spec.with_settings(used, kind.smaller(settings, judge.rungs[used])) for judge in judges
    ]
    plans = [_plan(run, judge, place) for place, judge in enumerate(judges)]
    curves: list[list[tuple[Refitted, ...]]] = [[() for _ in range(HALVINGS)] for _ in judges]
    fits = list(product(range(min(len(plan[0]) for plan in plans)), range(HALVINGS)))
    for model, size in told(fits, say("report: learning curve"), len(fits)):
        again = [
            refitted(spec, dataset, *plan[size][model], context)
            for spec, plan in zip(specs, plans, strict=True)
            if not context.over()
        ]
        if context.over():
            break
        for curve, each in zip(curves, again, strict=True):
            curve[size] = (*curve[size], each)
    if not all(curves[0]):
        return None
    wholes = [Refitted(len(_learned(judge)), judge.encoder, judge.rungs[used]) for judge in judges]
    return [[*curve, (whole,)] for curve, whole in zip(curves, wholes, strict=True)]


def _plan(run: Run, judge: Judge, place: int) -> list[list[_Drawn]]:
    """Draw the rows of one judge's smaller models for each size, from few rows to many."""
    dataset, spec = run.dataset, run.fitted.spec
    rng = stream(spec.seed, "study", "growth", place)
    parts = _halves(dataset, _learned(judge), rng)[: _shape(run).models]
    sizes = []
    for halving in range(HALVINGS):
        if halving:
            parts = [_halves(dataset, part, rng)[0] for part in parts]
        sizes.append([(part, _parts(dataset, part, spec.split.validation, rng)) for part in parts])
    return sizes[::-1]


def _halves(dataset: Dataset, rows: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Halve the rows, the half that has every class first; under time, take only the later half.

    The other half is left out if it lacks a class.
    """
    parts = _parts(dataset, rows, 0.5, rng)
    one, other = rows[parts == Part.TRAIN], rows[parts == Part.VALIDATION]
    if dataset.time is not None:
        return [other]
    lacks = dataset.classes and len(np.unique(dataset.target[one])) > len(
        np.unique(dataset.target[other])
    )
    return [one] if lacks else [one, other]


def _parts(
    dataset: Dataset, rows: np.ndarray, validation: float, rng: np.random.Generator
) -> np.ndarray:
    """Divide rows into two parts as the run divided its rows."""
    keys = {
        name: None if values is None else values[rows]
        for name, values in dataset.split_keys.items()
    }
    return hold_out(len(rows), **keys, test=0.0, validation=validation, rng=rng)


def _extrapolate(
    run: Run, metric: str, judges: Sequence[Judge], curves: Sequence[Sequence[tuple[Refitted, ...]]]
) -> Growth:
    """Score the curves and extrapolate them.

    The standard error σ of the last score is estimated by

        σ² = e² + c d² m / n,

    where e is the standard error of the last doubling's change, d that of a single model's change,
    m the number of rows that each judge judges, and n the number that it learned from. d² m is how
    much the losses of single rows differ between two models. The mean of the last change varies by
    chance in the m rows, as e² says, and a model's own score by chance in the n rows. c is the
    kind's `Curve.chance`.

    Maximum likelihood without a penalty has c = 3/8: with excess losses δ'Hδ / 2 and δ of
    covariance H⁻¹ / n, one doubling changes them with variance 3p / 8n², and p / n is how much the
    losses of single rows differ between half of the rows and all. Choosing a penalty each time adds
    to this.
    """
    rng = stream(run.fitted.spec.seed, "study", "growth")
    seen = Seen.pool([_predicted(run, *pair) for pair in zip(judges, curves, strict=True)])
    outcomes = run.dataset.truth.outcomes(seen).values()
    measured = np.array([score(outcome)[metric] for outcome in outcomes])
    drawn, resampled_rows = _resample(run, seen, metric, rng)
    of_size = _means([len(models) for models in curves[0]])
    scores, samples = of_size @ measured, of_size @ drawn
    sizes = np.mean(
        [[np.mean([model.rows for model in models]) for models in curve] for curve in curves],
        axis=0,
    )
    change = interval(scores[-1] - scores[-2], samples[-1] - samples[-2])
    alone = [interval(0.0, one - drawn[-1]).standard_error for one in drawn[of_size[-2] > 0]]
    rows = resampled_rows / len(judges)
    error = np.sqrt(
        change.standard_error**2 + _shape(run).chance * np.square(alone).mean() * rows / sizes[-1]
    )
    sign, best = (-1.0, 1.0) if METRICS[metric].greater_is_better else (1.0, 0.0)
    value, draws = doubled(
        sign * scores, sign * samples, sizes, error=error, least=sign * best, rng=rng
    )
    gain = interval(sign * value, sign * draws)
    forecast = interval(float(scores[-1]) + gain.value, samples[-1] + sign * draws)
    points = tuple(
        (round(rows), interval(float(point), sample))
        for rows, point, sample in zip(sizes, scores, samples, strict=True)
    )
    last_rows, last = points[-1]
    sentence = _sentence(metric, last, forecast, gain)
    if len(judges) < len(run.judges):
        of_first = say("The curve is of the first of the repeated cross-validations.")
        sentence = sentences([sentence, of_first])
    models = tuple(len(models) for models in curves[0])
    return Growth(metric, points, 2 * last_rows, forecast, gain, sentence, models=models)


def _means(models: Sequence[int]) -> np.ndarray:
    """Return the matrix (p, Σ models) that averages the models of each size."""
    size = np.repeat(np.arange(len(models)), models)
    return (size == np.arange(len(models))[:, None]) / np.array(models, np.float64)[:, None]


def _resample(
    run: Run, seen: Seen, metric: str, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Return the scores of every size on the same resamples (p, B), and the numbers of rows."""
    truth, rows = run.dataset.truth, np.arange(len(seen.rows))
    if len(rows) > RESAMPLED_ROWS:
        rows = np.sort(rng.choice(rows, RESAMPLED_ROWS, replace=False))
    predictions = {name: prediction.take(rows) for name, prediction in seen.predictions.items()}
    sample = Seen(seen.rows[rows], predictions)
    drawn = truth.resamples(sample, rng)
    drawn = replace(drawn, count=int(np.clip(DRAWS // len(rows), 200, drawn.count)))
    outcomes = list(truth.outcomes(sample).values())
    return resampled(outcomes, drawn, [metric])[metric], len(rows)


def _predicted(run: Run, judge: Judge, curve: Sequence[tuple[Refitted, ...]]) -> Seen:
    """Let one judge's models predict the rows that it judges."""
    rows = np.flatnonzero(judge.parts == Part.TEST)
    frame = run.dataset.frame[rows]
    return Seen(
        rows,
        {
            str(place): model.rung.predict(model.encoder.transform(frame))
            for place, model in enumerate(model for models in curve for model in models)
        },
    )


def _sentence(metric: str, last: Interval, forecast: Interval, gain: Interval) -> str:
    gains = gain.low > 0 if METRICS[metric].greater_is_better else gain.high < 0
    at_last, at_twice = (
        figures_apart(last.value, forecast.value)
        if gains
        else (figure(last.value), figure(forecast.value))
    )
    low, high = figure(gain.low, sign=True), figure(gain.high, sign=True)
    values = {
        "metric": METRICS[metric].words,
        "last": at_last,
        "forecast": at_twice,
        "change": f"{figure(gain.value, sign=True)} [{low}, {high}]",
    }
    if gains:
        return say(
            "Twice the rows would improve the score: {metric} from {last} to about {forecast}, a "
            "change of {change}.",
            **values,
        )
    return say(
        "No gain is shown from twice the rows: {metric} from {last} to about {forecast}, a change "
        "of {change}.",
        **values,
    )
