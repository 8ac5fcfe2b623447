"""Rivals: models of other libraries, judged on the ladder's rows and folds, and never kept.

A `Rival` is an estimator: it learns from the training and validation rows of each fit, and predicts
the rows that judge it, under the default settings of its library. It gets the columns as they are:
numbers with NaN for missing values, dates as seconds, categories as codes in the order of their
names. Text is left out. A pack may also learn from one. Other rivals continue series
(`gradum.run.forecast.forecasters`). `gradum.api.rival_names` finds the code of a rival.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import signature
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.dataset import Dataset
from gradum.run.events.events import RivalFitted
from gradum.run.spec.spec import Spec
from gradum.rungs import balance
from gradum.rungs.context import Context
from gradum.rungs.rung import Prediction
from gradum.rungs.teacher import Teacher
from gradum.tables.schema.schema import Column, Target
from gradum.tables.split import Part
from gradum.tables.wording import quoted, shortened

Places = Sequence[int]
"""The places of the columns that hold codes of categories."""


class Contestant(Protocol):
    """Whatever of other libraries is judged on the rows of the ladder."""

    @property
    def title(self) -> str:
        """What readers call it."""
        ...

    @staticmethod
    def remarks(rivals: Any, dataset: Dataset, fits: Sequence[np.ndarray]) -> tuple[str, ...]:
        """Say what such rivals learned from, and which option a repeated run needs again."""
        ...

    def refuse_unsuited(self, dataset: Dataset) -> None:
        """Raise SpecError if it cannot predict such rows."""
        ...

    def answer(
        self,
        dataset: Dataset,
        parts: np.ndarray,
        fits: int,
        spec: Spec,
        context: Context,
        notes: list[str],
    ) -> Prediction:
        """Return what it says of the rows that judge a fit, one of so many; NaN says nothing."""
        ...


@dataclass(frozen=True)
class Rival:
    """An estimator that is not yet fitted.

    ``make`` takes a target, the places of the categorical columns, and the number of columns, and
    returns a new estimator; it raises SpecError if the estimator cannot predict such a target.
    """

    title: str
    make: Callable[[Target, Places, int], Any]
    fit_options: Callable[[Places], dict[str, Any]] = lambda places: {}
    rows: Callable[[np.ndarray, Places], np.ndarray] = lambda matrix, places: matrix

    @staticmethod
    def remarks(
        rivals: Sequence[Rival], dataset: Dataset, fits: Sequence[np.ndarray]
    ) -> tuple[str, ...]:
        """Say what data the rivals learned from."""
        return (_learned(rivals, dataset),)

    def refuse_unsuited(self, dataset: Dataset) -> None:
        """Refuse a target that the estimator cannot predict, and a table of text alone."""
        columns, places = _columns(dataset)
        self.make(dataset.schema.learned_target, places, len(columns))

    def answer(
        self,
        dataset: Dataset,
        parts: np.ndarray,
        fits: int,
        spec: Spec,
        context: Context,
        notes: list[str],
    ) -> Prediction:
        """Fit a new estimator to the rows learned from, and predict those that judge.

        Raises
        ------
        SpecError
            The estimator fails, or predicts something that is not a number.
        """
        learned = np.flatnonzero(np.isin(parts, (Part.TRAIN, Part.VALIDATION)))
        judged, rng = np.flatnonzero(parts == Part.TEST), stream(spec.seed, "rival")
        return self.predict(dataset, learned, judged, spec, rng, notes)

    def predict(
        self,
        dataset: Dataset,
        learned: np.ndarray,
        asked: np.ndarray,
        spec: Spec,
        rng: np.random.Generator,
        notes: list[str],
    ) -> Prediction:
        """Fit a new estimator to some rows, and predict others; ``rng`` gives its seed."""
        columns, places = _columns(dataset)
        estimator = self.make(dataset.schema.learned_target, places, len(columns))
        estimator = seeded(estimator, rng)
        rows = self.rows(_matrix(dataset.frame, columns, learned), places)
        options = dict(self.fit_options(places))
        if dataset.weighted:
            options |= _weights(estimator, self, dataset.weight[learned], notes)
        _fit(estimator, self, rows[learned], dataset.target[learned], options, notes)
        return _predicted(estimator, self, rows[asked], dataset, learned, spec)


@dataclass(frozen=True)
class Contest:
    """What rivals said of the rows that judge: for each fit, a mapping of those that predicted.

    ``notes`` say what a reader must know about the rivals.
    """

    fits: tuple[dict[str, Prediction], ...] = ()
    notes: tuple[str, ...] = ()

    def pooled(self, fits: int) -> dict[str, Prediction]:
        """Concatenate the predictions of the first fits, for the rivals that took part in each."""
        done = self.fits[:fits]
        if not done:
            return {}
        titles = [title for title in done[0] if all(title in fit for fit in done)]
        return {title: Prediction.join(fit[title] for fit in done) for title in titles}


NO_CONTEST = Contest()


def refuse_in_blocks(rivals: Sequence[Contestant], spec: Spec) -> None:
    """Refuse rivals for a table that is read in blocks: they learn from rows in memory."""
    if rivals and spec.blocks:
        raise SpecError(
            "A rival learns from rows in memory, and this table is read in blocks.",
            "Allow more memory with --max-memory, or leave out --against.",
        )


def contest(
    rivals: Sequence[Contestant],
    dataset: Dataset,
    fits: Sequence[np.ndarray],
    spec: Spec,
    context: Context,
) -> Contest:
    """Let each rival learn from each fit's rows, and predict the rows that judge it.

    Rivals come before the ladder, so that a rival that fails costs no training.

    Parameters
    ----------
    fits : sequence of ndarray of shape (n,)
        The `Part` of each row in each fit that judges.
    spec : Spec
        Says whether classes are balanced.
    context : Context
        Its seed is that of every rival. Its stop ends the contest, and no rival begins after its
        end.

    Raises
    ------
    SpecError
        A rival cannot predict such a target, fails, or predicts something that is not a number.
    """
    if not rivals:
        return NO_CONTEST
    notes, late, predicted = [], {}, []
    for rival in rivals:
        rival.refuse_unsuited(dataset)
    for kind in dict.fromkeys(map(type, rivals)):
        notes += kind.remarks([each for each in rivals if type(each) is kind], dataset, fits)
    for fold, parts in enumerate(fits, 1):
        predictions = {}
        for rival in rivals:
            if context.stop():
                return Contest()
            if perf_counter() > context.end:
                late[rival.title] = None
                continue
            began = perf_counter()
            answer = rival.answer(dataset, parts, len(fits), spec, context, notes)
            predictions[rival.title] = answer
            several = len(fits) if len(fits) > 1 else 0
            seconds = perf_counter() - began
            context.tell(RivalFitted(rival.title, fold if several else 0, several, seconds))
        predicted.append(predictions)
    if late:
        notes.append(
            say(
                "The time limit left no time for {names}; allow more with --time-limit "
                "(time_limit).",
                names=say(" and ").join(late),
            )
        )
    return Contest(tuple(predicted), tuple(dict.fromkeys(notes)))


def teacher_of(rival: Rival, dataset: Dataset, spec: Spec) -> Teacher:
    """Return a rival as the teacher of a pack, fitted only to rows that the pack learns from.

    Raises
    ------
    SpecError
        All columns are text, or the rival cannot predict such a target. When asked, the teacher
        raises it if the rival fails.
    """
    rival.refuse_unsuited(dataset)

    def ask(learned: np.ndarray, asked: np.ndarray) -> np.ndarray:
        said = rival.predict(dataset, learned, asked, spec, stream(spec.seed, "teacher"), [])
        return said.value if said.probability is None else said.probability

    return Teacher(rival.title, ask, np.arange(len(dataset)))


def kept_from(rival: Rival, dataset: Dataset) -> tuple[str, ...]:
    """Say what is kept from a teacher: text, and weights if it takes none."""
    target = dataset.schema.learned_target
    columns, places = _columns(dataset)
    notes: list[str] = []
    if text := [column.name for column in dataset.schema.features if not column.traits.has_domain]:
        notes.append(
            say(
                "{teacher} teaches without the text in {columns}.",
                teacher=rival.title,
                columns=quoted(text),
            )
        )
    if dataset.weighted:
        estimator = rival.make(target, places, len(columns))
        _weights(estimator, rival, dataset.weight, notes)
    return tuple(notes)


def _columns(dataset: Dataset) -> tuple[list[Column], list[int]]:
    """Return the columns that rivals see, and the places of the categorical ones among them."""
    columns = [column for column in dataset.schema.features if column.traits.has_domain]
    if not columns:
        raise SpecError(
            "All columns are text, which no estimator of another library takes.",
            "Leave out --against and teacher.",
        )
    return columns, [place for place, column in enumerate(columns) if column.traits.names_groups]


def _learned(rivals: Sequence[Rival], dataset: Dataset) -> str:
    """Say what data the rivals learned from, and which option a repeated run needs again."""
    titles = say(" and ").join(rival.title for rival in rivals)
    text = [column.name for column in dataset.schema.features if not column.traits.has_domain]
    without = say(" (not the text in {columns})", columns=quoted(text)) if text else ""
    if len(rivals) == 1:
        return say(
            "{rival} is judged under default settings, fitted to the training and validation "
            "rows{without}, and never saved; a repeated run needs --against again.",
            rival=titles,
            without=without,
        )
    return say(
        "{rivals} are judged under default settings, fitted to the training and validation "
        "rows{without}, and never saved; a repeated run needs --against again.",
        rivals=titles,
        without=without,
    )


def _matrix(frame: pl.DataFrame, columns: Iterable[Column], learned: np.ndarray) -> np.ndarray:
    """Return columns as float64 (n, k); NaN is missing, or a category that no learned row has."""
    return np.column_stack([_numbers(frame[column.name], column, learned) for column in columns])


def _numbers(values: pl.Series, column: Column, learned: np.ndarray) -> np.ndarray:
    if column.traits.names_groups:
        words = values.cast(pl.String)
        levels = words[learned].drop_nulls().unique().sort()
        codes = words.replace_strict(levels, np.arange(len(levels)), default=None)
        return codes.cast(pl.Float64).fill_null(np.nan).to_numpy()
    if values.dtype == pl.Time:
        return (values.to_physical().cast(pl.Float64) / 1e9).fill_null(np.nan).to_numpy()
    if values.dtype.is_temporal():
        return (values.dt.epoch("us").cast(pl.Float64) / 1e6).fill_null(np.nan).to_numpy()
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def seeded(estimator: Any, rng: np.random.Generator) -> Any:
    """Give every part of an estimator that has a random state but no seed one from ``rng``."""
    number = int(rng.integers(2**31 - 1))
    names = [
        name
        for name, value in estimator.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state" and value is None
    ]
    return estimator.set_params(**dict.fromkeys(names, number)) if names else estimator


def _weights(
    estimator: Any, rival: Rival, weight: np.ndarray, notes: list[str]
) -> dict[str, np.ndarray]:
    if "sample_weight" in signature(estimator.fit).parameters:
        return {"sample_weight": weight}
    notes.append(
        say(
            "{rival} takes no weights: it learned from the rows as if all were equal.",
            rival=rival.title,
        )
    )
    return {}


def _fit(
    estimator: Any,
    rival: Rival,
    rows: np.ndarray,
    target: np.ndarray,
    options: dict[str, Any],
    notes: list[str],
) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            estimator.fit(rows, target, **options)
        except Exception as error:  # of whatever kind the library raises
            raise SpecError(
                "{rival} failed while it was fitted: {error}.",
                "Name an estimator that takes numbers with NaN for what is missing, or "
                "leave it out.",
                rival=rival.title,
                error=first_line(error),
            ) from error
    if heard:
        notes.append(
            say("{rival} warned: {error}.", rival=rival.title, error=first_line(heard[0].message))
        )


def _predicted(
    estimator: Any,
    rival: Rival,
    rows: np.ndarray,
    dataset: Dataset,
    learned: np.ndarray,
    spec: Spec,
) -> Prediction:
    """Return a fitted rival's predictions for rows; its labels are balanced if the ladder's are."""
    classes = len(dataset.classes)
    ask = estimator.predict_proba if classes else estimator.predict
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answers = np.asarray(ask(rows), np.float64)
            if not classes:
                answers = answers.reshape(len(rows))
            else:
                known = np.asarray(estimator.classes_).astype(np.intp)
                probability = np.zeros((len(rows), classes))
                probability[:, known] = answers
                answers = probability
    except Exception as error:  # of whatever kind the library raises
        raise SpecError(
            "{rival} failed while it predicted: {error}.",
            "Leave it out.",
            rival=rival.title,
            error=first_line(error),
        ) from error
    if not np.isfinite(answers).all():
        raise SpecError("{rival} predicted what is no number.", "Leave it out.", rival=rival.title)
    if not classes:
        return Prediction(answers, None)
    if spec.class_weight is None:
        return Prediction.of_classes(answers)
    totals = np.bincount(dataset.target[learned], dataset.weight[learned], classes)
    weighed = answers * balance.balance(totals)
    return Prediction.of_classes(answers, weighed / weighed.sum(axis=1, keepdims=True))


def first_line(error: object) -> str:
    """Return the first line of a library's message, without its full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return shortened(lines[0], 200).rstrip(".")
