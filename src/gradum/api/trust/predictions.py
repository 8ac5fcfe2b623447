"""Predictions from elsewhere, read from a table of scores and true values, to be examined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from gradum.api.trust.examined import ExaminedPredictions
from gradum.errors import SpecError, TableError
from gradum.messages import listed, say, say_plural, sentences
from gradum.run.dataset import Dataset, labelled
from gradum.rungs.rung import Prediction
from gradum.study.evidence import Evidence
from gradum.tables.check.check import widened
from gradum.tables.columns import Overrides
from gradum.tables.kinds.values import LARGEST
from gradum.tables.schema.schema import infer
from gradum.tables.table import Table
from gradum.tables.wording import nearest, number, quoted, rows_text

PROBABILITY, PREDICTION = "probability_", "prediction"
"""Names of columns in files of gradum's predictions."""
SUM = 0.01
"""How far the sum of a row's probabilities may be from 1: they may be rounded."""
SEED = 0
"""The seed of the resamples, so that the same predictions have the same intervals."""
MODEL = "model"
"""The name that takes the place of a rung's name for predictions from elsewhere."""


def labelled_rows(
    table: Table,
    target: str,
    *,
    numbers: Sequence[str] = (),
    others: Sequence[str] = (),
    task: str | None = None,
) -> Dataset:
    """Return the rows of a table that have a target.

    Parameters
    ----------
    target : str
        The column of the truth.
    numbers : sequence of str
        Columns that must be numbers.
    others : sequence of str
        Other columns that are needed.
    task : str, optional
        As in `gradum.fit`; recognised if not given.

    Raises
    ------
    SpecError
        A column does not exist, or is named in two roles.
    TableError
        The target or a number cannot be used.
    """
    if target in numbers:
        raise SpecError(
            "Column {column!r} is named both as the truth and as a score.",
            "Name another by --score or --target.",
            column=target,
        )
    wanted = list(dict.fromkeys((target, *numbers, *others)))
    for name in wanted:
        if name not in table.frame.columns:
            raise SpecError(
                say("{source} has no column {column!r}.", source=table.source, column=name),
                nearest(name, table.frame.columns),
            )
    part = replace(table, frame=table.frame.select(wanted))
    schema = infer(part, target=target, task=task, overrides=Overrides(numeric=tuple(numbers)))
    return labelled(part, schema, also=tuple(wanted))


def predictions_of_table(
    table: Table,
    target: str,
    scores: Sequence[str] = (),
    *,
    by: Sequence[str] = (),
    positive: str | None = None,
    task: str | None = None,
    sha256: Mapping[str, str] | None = None,
) -> ExaminedPredictions:
    """Read scores beside true values.

    Parameters
    ----------
    target : str
        The column of the truth.
    scores : sequence of str
        The predicted number; for two classes, the score of the second or the probabilities of both;
        for more classes, the probability of each, in the order of the sorted classes. If left out,
        the columns ``probability_…``, as in gradum's own predictions, or ``prediction`` for a
        number, or the only other column.
    by : sequence of str
        Columns that form groups.
    positive : str, optional
        For two classes, the class that a single column of scores is about; the second if left out.
    sha256 : mapping of str to str, optional
        Hashes of the files that were read.

    Raises
    ------
    SpecError
        A column does not exist, or the number of columns does not fit the target.
    TableError
        A score is missing, or probabilities are invalid.
    """
    names = tuple(scores) or _likely_scores(table, target, by)
    dataset = labelled_rows(table, target, numbers=names, others=by, task=task)
    names = _in_order_of_classes(names, dataset.classes)
    how = say("Scores are those of {columns}.", columns=quoted(names, len(names)))
    answers = _of_second(dataset.checked.complete(names), dataset, positive)
    return examined_answers(table.source, dataset, answers, by=by, how=how, sha256=sha256 or {})


def _likely_scores(table: Table, target: str, by: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that look like scores, if none were named."""
    others = [name for name in table.frame.columns if name != target and name not in by]
    shares = tuple(name for name in others if name.startswith(PROBABILITY))
    if shares:
        return shares
    if PREDICTION in others:
        return (PREDICTION,)
    if len(others) == 1:
        return (others[0],)
    if not others:
        raise SpecError(
            "{source} has no columns of scores.",
            "Give a table of scores beside the truth.",
            source=table.source,
        )
    raise SpecError(
        "Which columns of {source} are scores is not clear: {columns}.",
        "Name them by --score.",
        source=table.source,
        columns=quoted(others),
    )


def _in_order_of_classes(names: Sequence[str], classes: Sequence) -> tuple[str, ...]:
    """Return columns named after the classes in class order; leave others in their order."""
    called = [f"{PROBABILITY}{label}" for label in classes]
    return tuple(called) if sorted(called) == sorted(names) else tuple(names)


def _of_second(answers: np.ndarray, dataset: Dataset, positive: str | None) -> np.ndarray:
    """Return scores (n, 1) of the second of two classes: 1 minus those of the first if given so."""
    if positive is None:
        return answers
    labels = [str(label) for label in dataset.classes]
    if len(labels) != 2 or answers.shape[1] != 1:
        raise SpecError(
            "A single class can be named only for one column of scores of two classes.",
            "Leave out --positive.",
        )
    if positive not in labels:
        raise SpecError(
            say("There is no class {label!r}.", label=positive),
            nearest(positive, labels, say("classes")),
        )
    return answers if positive == labels[1] else 1 - answers


def examined_answers(
    name: str,
    dataset: Dataset,
    answers: np.ndarray,
    *,
    by: Sequence[str],
    how: str,
    sha256: Mapping[str, str],
) -> ExaminedPredictions:
    """Return answers (n, k) beside the true values of n rows.

    Raises
    ------
    SpecError, TableError
        As in `predictions_of_table`.
    """
    prediction, only_ranked = _prediction(dataset, answers)
    evidence = Evidence(
        MODEL,
        dataset.truth,
        np.arange(len(dataset)),
        dataset.numbers + 1,
        prediction,
        widened(dataset.frame),
        dataset.schema,
        SEED,
        len(dataset),
    )
    classes = evidence.classes
    meaning = ""
    if len(classes) == 2 and answers.shape[1] == 1:
        meaning = say("They are of {label!r}, the second of two classes.", label=classes[1])
    elif classes:
        meaning = say("They are of the classes {classes}, in this order.", classes=listed(classes))
    notes = sentences((how, meaning, *dataset.remarks))
    return ExaminedPredictions(name, evidence, only_ranked, notes, tuple(by), dict(sha256))


def _prediction(dataset: Dataset, answers: np.ndarray) -> tuple[Prediction, bool]:
    """Return the predictions from answers (n, k), and whether only their order counts."""
    _refuse_beyond(dataset, answers)
    count, classes = answers.shape[1], len(dataset.classes)
    if not classes and count == 1:
        return Prediction(answers[:, 0], None), False
    if classes == 2 and count == 1:
        score = answers[:, 0]
        only_ranked = bool(score.min() < 0 or score.max() > 1)
        share = (rankdata(score) - 0.5) / len(score) if only_ranked else score
        return Prediction.of_classes(np.column_stack([1 - share, share])), only_ranked
    if count != max(classes, 1):
        raise SpecError(
            say("A number has one column of predictions, and {count:,} were given.", count=count)
            if not classes
            else say_plural(
                "{target!r} has {classes:,} classes, and {count:,} column of scores was given.",
                "{target!r} has {classes:,} classes, and {count:,} columns of scores were given.",
                count,
                target=dataset.schema.target.name if dataset.schema.target else "",
                classes=classes,
            ),
            say("Give one column for each class, or say by --task what the target is."),
        )
    return Prediction.of_classes(_probabilities(dataset, answers)), False


def _refuse_beyond(dataset: Dataset, answers: np.ndarray) -> None:
    """Refuse answers (n, k) that single precision cannot hold."""
    beyond = np.any(~(np.abs(answers) <= LARGEST), axis=1)
    if beyond.any():
        raise TableError(
            "Scores are infinite or beyond {largest} in {rows}.",
            "Give a smaller number in every row.",
            largest=number(LARGEST),
            rows=_some_rows(dataset, beyond),
        )


def _probabilities(dataset: Dataset, answers: np.ndarray) -> np.ndarray:
    """Return answers (n, K) as probabilities of all classes whose sums have no rounding errors."""
    sums = answers.sum(axis=1)
    wrong = (answers.min(axis=1) < 0) | (np.abs(sums - 1) > SUM)
    if wrong.any():
        raise TableError(
            "Scores are no probabilities of all classes, as they do not add up to 1 or are "
            "negative, in {rows}.",
            "Give probabilities.",
            rows=_some_rows(dataset, wrong),
        )
    return answers / sums[:, None]


def _some_rows(dataset: Dataset, mask: np.ndarray) -> str:
    numbers = dataset.numbers[mask] + 1
    return rows_text(numbers[:5].tolist(), len(numbers))
