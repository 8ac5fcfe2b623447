"""A small tree that imitates a model as well as a small tree can, and how well it does.

The tree is grown on the model's answers for rows that the model learned from, and judged by its
answers for other rows. The tree's fidelity is R², the share of the answers' variance that it
explains,

    R² = 1 − Σ_i w_i ‖a_i − t_i‖² / Σ_i w_i ‖a_i − mean a‖²,

with a_i the model's answer for a row (a number or the probability of each class), and t_i the
tree's. Below `READABLE` the tree is not shown, as it would explain something else (C. Rudin, Stop
explaining black box machine learning models, Nature Machine Intelligence 1, 2019). The linear
rung's answers are compared with those of the rung in use in the same way.

Shapes: n rows, k answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import polars as pl

from gradum.margins import first_greatest
from gradum.messages import listed, say
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.run.judging.judge_rungs import Seen
from gradum.run.run import Run
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Prediction, Rung
from gradum.scores.figures import percent_with_interval, with_interval
from gradum.scores.interval import Interval, interval
from gradum.study.explanation.questions import Question
from gradum.study.explanation.tree import Leaf, grow, tree_answers
from gradum.study.resampling import RESAMPLES
from gradum.tables.encode import Unencoded
from gradum.tables.split import Part

DEPTH = 4
READABLE = 0.8
MOST_GROWN, MOST_JUDGED = 5_000, 3_000  # rows
FEWEST_JUDGED = 20
LEAST_SHARE, FEWEST_ROWS = 0.01, 10  # in a leaf
JUDGED_SHARE = 1 / 3  # of the rows, if none were held out


class Fidelity(msgspec.Struct, frozen=True):
    """How far one model agrees with another."""

    variance: Interval
    """R² of the answers."""
    decisions: Interval | None = None
    """The share of rows for which both predict the same class; None for numbers."""


class Rule(msgspec.Struct, frozen=True):
    """A leaf of the tree, in words."""

    conditions: tuple[str, ...]
    """Conditions that all hold: "age < 31", "status is 'none'"."""
    answer: tuple[float, ...]
    """The tree's answer: a number, or the probability of each class."""
    decision: str
    """The class that the leaf predicts; empty for numbers."""
    share: float
    """Its share of the rows that the tree was grown on."""


class Surrogate(msgspec.Struct, frozen=True):
    """A tree of at most four questions in place of the rung in use."""

    rung: str
    classes: tuple[str, ...]
    """In the order of the answers; empty for numbers."""
    fidelity: Fidelity
    """The tree's fidelity on rows that it was not grown on."""
    rules: tuple[Rule, ...]
    """Empty where the fidelity is below `READABLE`."""
    linear: Fidelity | None
    """The linear rung's fidelity on the same rows; None where it is in use or there is none."""
    grown: int
    judged: int
    """The numbers of rows that the tree was grown on, and judged by."""
    left_out: tuple[str, ...]
    """Text columns, about which the tree does not ask."""
    sentences: tuple[str, ...]
    """How to interpret the tree."""

    def __post_init__(self) -> None:
        """Refuse answers that no page could show, as a file may have been written by hand."""
        answers = len(self.classes) or None
        for rule in self.rules:
            if not rule.answer or answers not in (None, len(rule.answer)):
                raise ValueError(f"there is no rule of {len(rule.answer)} answers")
            if self.classes and rule.decision not in self.classes:
                raise ValueError(f"there is no class {rule.decision!r}")


def surrogate(run: Run) -> Surrogate | None:
    """Grow a tree on the answers of the rung in use, and judge both the tree and the linear rung.

    The tree is judged by rows that judged the model, or by a third of the rows if none were held
    out, but never by a row that it was grown on. At most `MOST_GROWN` and `MOST_JUDGED` rows are
    taken.

    Returns None if the rung in use answers the same for all rows, all columns are texts, or there
    are too few rows.
    """
    fitted, dataset = run.fitted, run.dataset
    rung = fitted.rung()
    features = [column for column in fitted.schema.features if column.traits.has_domain]
    grown, judged = _divided(run)
    if rung.input_layer is None or not features or min(len(grown), len(judged)) < FEWEST_JUDGED:
        return None
    frame, weight = dataset.frame, dataset.weight
    of_grown, of_judged = (_Answers.of(fitted, rung, frame[rows]) for rows in (grown, judged))
    if min(np.ptp(answers.values, axis=0).max() for answers in (of_grown, of_judged)) <= 0:
        return None
    questions = [Question.of(frame[column.name][grown], column.kind) for column in features]
    leaves = grow(
        [question.codes(frame[question.column][grown]) for question in questions],
        of_grown.values,
        weight[grown],
        depth=DEPTH,
        least_rows=max(FEWEST_ROWS, int(np.ceil(LEAST_SHARE * len(grown)))),
    )
    asked = [question.codes(frame[question.column][judged]) for question in questions]
    judge = _Judge(run, judged, of_judged)
    fidelity = judge.fidelity(_Answers.of_values(rung, tree_answers(leaves, asked)))
    linear = None
    if fitted.linear is not None and fitted.used != fitted.linear.name:
        linear = judge.fidelity(_Answers.of(fitted, fitted.linear, frame[judged]))
    readable = fidelity.variance.value >= READABLE
    left_out = [column.name for column in fitted.schema.features if not column.traits.has_domain]
    classes = tuple(str(label) for label in fitted.classes)
    return Surrogate(
        rung.name,
        classes,
        fidelity,
        tuple(_rules(leaves, questions, rung, classes)) if readable else (),
        linear,
        len(grown),
        len(judged),
        tuple(left_out),
        tuple(_sentences(rung.name, fidelity, linear, len(judged), left_out)),
    )


def _divided(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to grow on and the rows to judge by, drawn by chance if there are many."""
    rng = stream(run.fitted.spec.seed, "study", "surrogate")
    held_out = run.parts == Part.TEST
    if not held_out.any():
        groups = run.dataset.groups
        units = np.arange(len(run.parts)) if groups is None else groups
        names = np.unique(units)
        chosen = rng.choice(names, int(JUDGED_SHARE * len(names)), replace=False)
        held_out = np.isin(units, chosen)
    return _some(~held_out, MOST_GROWN, rng), _some(held_out, MOST_JUDGED, rng)


def _some(chosen: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    rows = np.flatnonzero(chosen)
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


@dataclass(frozen=True, eq=False)
class _Answers:
    """A model's answers for n rows.

    ``values`` (n, k) are numbers, or the probabilities of the classes, or of the second of two.
    ``decisions`` (n,) are the predicted classes.
    """

    values: np.ndarray
    decisions: np.ndarray | None

    @classmethod
    def of(cls, fitted: Fitted, rung: Rung, frame: pl.DataFrame) -> _Answers:
        predicted: Prediction = rung.predict(Unencoded(fitted.encoder, frame))
        probability = predicted.probability
        if probability is None:
            return cls(predicted.value.reshape(len(frame), -1), None)
        two = probability.shape[1] == 2
        return cls(probability[:, 1:] if two else probability, predicted.value)

    @classmethod
    def of_values(cls, rung: Rung, values: np.ndarray) -> _Answers:
        """Decide as the rung does, given the same probabilities."""
        if rung.target_scale is not None:
            return cls(values, None)
        probability = _of_each_class(values)
        if rung.class_weight is not None:
            probability = probability * np.asarray(rung.class_weight)
        return cls(values, first_greatest(probability))


def _of_each_class(values: np.ndarray) -> np.ndarray:
    return np.concatenate([1 - values, values], axis=1) if values.shape[1] == 1 else values


@dataclass(frozen=True, eq=False)
class _Judge:
    """The judged rows, with the answers of the rung in use."""

    run: Run
    rows: np.ndarray
    answers: _Answers

    def fidelity(self, other: _Answers) -> Fidelity:
        """Compare another model's answers with these."""
        truth, values = self.run.dataset.truth, self.answers.values
        values = values - values.mean(axis=0)  # about this centre, sums of squares do not cancel
        apart = np.square(self.answers.values - other.values).sum(axis=1)
        square = np.square(values).sum(axis=1)
        weight = truth.weight[self.rows]

        def variance(weights: np.ndarray) -> np.ndarray:
            total = weights.sum(axis=1)
            spread = weights @ square - np.square(weights @ values).sum(axis=1) / total
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(spread > 0, 1.0 - weights @ apart / spread, np.nan)

        rng = stream(self.run.fitted.spec.seed, "study", "fidelity")
        resamples = truth.resamples(Seen(self.rows, {}), rng)
        resamples = replace(resamples, count=min(resamples.count, RESAMPLES))
        drawn = [weight[None, :], *(counts * weight for counts in resamples)]
        of_variance = _around(variance, drawn)
        if self.answers.decisions is None or other.decisions is None:
            return Fidelity(of_variance)
        equal = (self.answers.decisions == other.decisions).astype(np.float64)

        def share(weights: np.ndarray) -> np.ndarray:
            return weights @ equal / weights.sum(axis=1)

        return Fidelity(of_variance, _around(share, drawn))


def _around(measure: Callable[[np.ndarray], np.ndarray], drawn: list[np.ndarray]) -> Interval:
    """Return the value under the rows' own weights, the first, with the resamples' interval."""
    values = np.concatenate([measure(weights) for weights in drawn])
    return interval(float(values[0]), values[1:])


def _rules(
    leaves: Sequence[Leaf], questions: Sequence[Question], rung: Rung, classes: tuple[str, ...]
) -> Iterator[Rule]:
    answers = _Answers.of_values(rung, np.stack([leaf.answer for leaf in leaves]))
    decisions = answers.decisions
    values = answers.values if decisions is None else _of_each_class(answers.values)
    for place, leaf in enumerate(leaves):
        asked = sorted(leaf.allowed.items())
        conditions = [questions[column].words(allowed) for column, allowed in asked]
        decision = "" if decisions is None else classes[decisions[place]]
        answer = tuple(values[place].tolist())
        yield Rule(tuple(filter(None, conditions)), answer, decision, leaf.share)


def _sentences(
    rung: str, fidelity: Fidelity, linear: Fidelity | None, rows: int, left_out: Sequence[str]
) -> Iterator[str]:
    answering = say(KINDS[rung].in_words)
    places = {"rung": answering, "depth": DEPTH, "rows": rows}
    variance = with_interval(fidelity.variance, digits=2)
    if fidelity.variance.value >= READABLE:
        yield say(
            "A tree of at most {depth} questions imitates {rung} with R² {variance}, on {rows:,} "
            "rows that it was not grown on.",
            variance=variance,
            **places,
        )
    else:
        yield say(
            "No short list of rules imitates {rung}: the best one has R² {variance}, and is not "
            "shown.",
            variance=variance,
            rung=answering,
        )
    if fidelity.decisions is not None:
        yield say(
            "It predicts the same class in {decisions} of the rows.",
            decisions=percent_with_interval(fidelity.decisions),
        )
    if left_out:
        yield say("It does not ask about texts: {columns}.", columns=listed(list(left_out)))
    if linear is None:
        return
    yield say(
        "The linear model imitates {rung} with R² {variance}.",
        rung=answering,
        variance=with_interval(linear.variance, digits=2),
    )
    if linear.decisions is not None:
        yield say(
            "It predicts the same class in {decisions} of the rows.",
            decisions=percent_with_interval(linear.decisions),
        )
