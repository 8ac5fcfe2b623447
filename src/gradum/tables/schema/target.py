"""Recognise what is to be predicted: a quantity, one of two classes, or one of many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from msgspec.structs import replace

from gradum.errors import ColumnError, SpecError, TargetError
from gradum.messages import listed, say, say_plural
from gradum.tables.columns import Column, Label, Target
from gradum.tables.doubts.slips import slip_doubts
from gradum.tables.kinds import KINDS, Kind
from gradum.tables.kinds.case_folding import merged
from gradum.tables.kinds.kind import Reading
from gradum.tables.kinds.numeric import NumericKind, too_close
from gradum.tables.kinds.numeric.quantities import differing_units
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.suspects import suspicions
from gradum.tables.kinds.values import LARGEST, Values
from gradum.tables.unreadable import Unreadable
from gradum.tables.wording import (
    full_stop,
    joined_clauses,
    number,
    quoted,
    row_count,
    rows_text,
    rows_where,
    shortened,
    span,
    value_count,
)

TASKS = ("regression", "binary", "multiclass", "classification")
KEPT = ("None", "-", ".")  # markers of missing features that are more likely a class's name
MOST_CLASSES = 10_000
MOST_TEXT_CLASSES = 1_000
FEW_WHOLE_NUMBERS = 10
ROWS_PER_CLASS = 10
SKEWED = 2.0
MANY_ZEROS = 0.2
MOSTLY, FEWEST_COUNTS = 0.6, 3  # the share of zeros among whole numbers that may be counts
FEW_UNREADABLE = 0.05  # of a target of numbers: rows that are left out unasked
EXACT = 2.0**53  # whole numbers beyond it are inexact in float64; as classes they stay text


def recognise_target(
    values: Values,
    task: str | None = None,
    log: bool = False,
    loss: str = "",
    keep_case: bool = False,
) -> tuple[Column, Target]:
    """Return the target's column and task.

    Parameters
    ----------
    values : Values
        The target column, with ``kept=KEPT``.
    task : str, optional
        "regression", "binary", "multiclass", or "classification" for either of the latter.
    log : bool
        Whether the logarithm of the target is to be learned.
    loss : str
        The loss that is to be learned by, if one was named.
    keep_case : bool
        Whether classes that differ in upper and lower case alone stay different.

    Raises
    ------
    TargetError
        The target cannot be learned, or not as this task.
    SpecError
        The task is unknown, or a logarithm of classes is asked for.
    """
    if task is not None and task not in TASKS:
        raise SpecError(
            "There is no task {task!r}.", "Choose among {tasks}.", task=task, tasks=quoted(TASKS, 4)
        )
    _refuse_unusable(values, task)
    reading = _numbers(values, task, loss)
    if reading is not None:
        typed = NumericKind().parse(values.raw, reading.parse)
        if _is_quantity(typed, task):
            return _regression(values, reading, typed, log, loss)
        if values.is_text and (typed.abs() >= EXACT).any():
            reading = None
    if log:
        raise SpecError(
            "Target {name!r} is a class, which has no logarithm.",
            "Leave out --log-target.",
            name=values.name,
        )
    return _classes(values, reading, task, loss, keep_case)


def _refuse_unusable(values: Values, task: str | None) -> None:
    name, dtype = values.name, values.raw.dtype
    if values.is_nested:
        raise TargetError(
            "Target {name!r} holds lists or bytes instead of single values.",
            "Choose another target, or take one value out of each.",
            name=name,
        )
    if values.beyond:
        raise TargetError(
            "Target {name!r} holds only numbers that are infinite or beyond "
            "{largest}, which count as missing.",
            "Make the values smaller, for example by dividing them by a constant, or choose "
            "another target.",
            name=name,
            largest=number(LARGEST),
        )
    if not values.present:
        raise TargetError(
            "Target {name!r} is missing in all {rows}.",
            "Fill it in, or choose another target.",
            name=name,
            rows=row_count(values.missing),
        )
    if values.distinct == 1:
        known = {"name": name, "value": shortened(values.levels["level"][0])}
        raise TargetError(
            say_plural(
                "Target {name!r} is constant: its only value is {value!r}, and {rows} have none.",
                "Target {name!r} is constant: all {count:,} values are {value!r}, and {rows} have "
                "none.",
                values.present,
                rows=row_count(values.missing),
                **known,
            )
            if values.missing
            else say_plural(
                "Target {name!r} is constant: its only value is {value!r}.",
                "Target {name!r} is constant: all {count:,} values are {value!r}.",
                values.present,
                **known,
            ),
            say("There is nothing to learn; choose another target."),
        )
    typed = dtype.is_temporal() and dtype != pl.Duration
    many = task is None and values.distinct > FEW_WHOLE_NUMBERS  # too many to be classes
    for kind in KINDS.values() if typed or many else ():
        if kind.instead_of_target and kind.recognise(values) is not None:
            raise TargetError(
                say("Target {name!r} holds {kind}.", name=name, kind=say(kind.in_words)),
                say(kind.instead_of_target),
            )


def _numbers(values: Values, task: str | None, loss: str = "") -> Reading | None:
    """Return the reading of a target of numbers, None if it holds words or codes."""
    if task == "regression":
        claim = say(
            "Target {name!r} is to be a number (--task regression, or --horizon)", name=values.name
        )
        remedy = say("Correct these values, or name them by --missing; or leave out that option.")
        if loss:
            claim = say(
                "Target {name!r} is to be a number (--loss {loss})", name=values.name, loss=loss
            )
            remedy = say("Correct these values, or name them by --missing; or leave out --loss.")
        try:
            return NumericKind().insist(values, claim, remedy, 1 - FEW_UNREADABLE)
        except ColumnError as error:
            raise TargetError(error.message, error.remedy) from None
    if not (values.is_number or values.is_text or values.raw.dtype == pl.Duration):
        return None
    reading = NumericKind().understand(values, 1 - FEW_UNREADABLE)
    if reading is not None and reading.unread > FEW_UNREADABLE * values.present:
        found = _unreadable(values, reading.parse)
        if found is not None:
            raise _too_many_unreadable(values, found)
    return reading


def _unreadable(values: Values, parse: Parse) -> Unreadable | None:
    """Return what is no number in a target; None if it all means a missing value."""
    # The reading takes these words for markers of missing values.
    marked = Column(
        values.name, "numeric", "target", parse=replace(parse, missing=tuple(values.markers))
    )
    typed = NumericKind().parse(values.raw, parse)
    return Unreadable.of(values.raw, typed, marked, values.numbers)


def _too_many_unreadable(values: Values, found: Unreadable) -> TargetError:
    return TargetError(
        "Target {name!r} holds numbers, but {rows} ({examples}) cannot be read as such: "
        "{share:.0%} of its values.",
        "Correct them; or leave these rows out by --missing {word!r}, which names a value that "
        "means none.",
        name=values.name,
        rows=rows_text(found.rows, found.count),
        examples=quoted(found.examples),
        share=found.count / values.present,
        word=found.examples[0].strip(),
    )


def _is_quantity(typed: pl.Series, task: str | None) -> bool:
    if task is not None:
        return task == "regression"
    numbers = typed.drop_nulls()
    distinct = numbers.n_unique()
    if distinct <= 2:
        return False
    whole = bool((numbers == numbers.floor()).all())
    return not (
        whole and distinct <= FEW_WHOLE_NUMBERS and len(numbers) >= ROWS_PER_CLASS * distinct
    )


def _regression(
    values: Values, reading: Reading, typed: pl.Series, log: bool, loss: str
) -> tuple[Column, Target]:
    name, numbers = values.name, typed.drop_nulls()
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]
    if low == high:
        raise TargetError(
            "Target {name!r} is constant: all its numbers are {low}.",
            "There is nothing to learn; choose another target.",
            name=name,
            low=number(low),
        )
    if too_close(numbers):
        raise TargetError(
            "Target {name!r} varies from {low} to {high} only: the squares of such "
            "differences vanish.",
            "Multiply it by a constant.",
            name=name,
            low=number(low),
            high=number(high),
        )
    if log and low <= 0:
        bad = (typed <= 0).fill_null(False)
        raise TargetError(
            "Target {name!r} has no logarithm in {rows}: the values there are not above 0, "
            "such as {low}.",
            "Correct them, or leave out --log-target.",
            name=name,
            rows=rows_text(rows_where(bad), int(bad.sum())),
            low=number(low),
        )
    advised = not (log or loss) and _is_skewed(numbers)
    if log:
        learned = say("Numbers {range}: regression on the logarithm", range=span(low, high))
    elif loss:
        learned = say("Numbers {range}: regression by {loss}", range=span(low, high), loss=loss)
    else:
        learned = say("Numbers {range}: regression", range=span(low, high))
    clauses = [learned]
    if advised:
        clauses.append(
            say("positive and strongly skewed, so --log-target or --loss gamma may help")
        )
    elif not (log or loss):
        clauses += _suited_loss(numbers)
    clauses += [reading.stored] if reading.stored else []
    slips = slip_doubts(values, NumericKind(), reading.parse)
    clauses += [*suspicions(name, typed), *(slip.sentence for slip in slips)]
    conversions = [replace(doubt, option="") for doubt in reading.doubts]  # it cannot be a class
    missing = typed.null_count()
    if reading.unread and (found := _unreadable(values, reading.parse)) is not None:
        rows, examples = rows_text(found.rows, found.count), quoted(found.examples)
        clauses.append(say("no number in {rows} ({examples})", rows=rows, examples=examples))
    if values.infinite:
        clauses.append(
            say(
                "{values} taken as missing, being no usable number",
                values=value_count(values.infinite),
            )
        )
    if missing:
        clauses.append(_left_out(missing))
    reason = full_stop(joined_clauses(clauses))
    column = Column(
        name,
        "numeric",
        "target",
        reason,
        reading.parse,
        numbers.n_unique(),
        missing,
        (*conversions, *slips),
    )
    target = Target(name, "regression", (), reason, log=log, log_advised=advised, loss=loss)
    return column, target


def padding(values: Values) -> str:
    """Return the clause on spaces that were removed."""
    return say_plural(
        "spaces around {count:,} value removed",
        "spaces around {count:,} values removed",
        values.padded,
    )


def case_twins(values: Values) -> str:
    """Return the clause on levels that differ only in case."""
    return say(
        "{levels} differ only in upper and lower case: write them alike if they are one",
        levels=quoted(values.case_twins),
    )


def _left_out(missing: int) -> str:
    return say("{rows} without it left out", rows=row_count(missing))


def _suited_loss(numbers: pl.Series) -> list[str]:
    """Name the loss that suits numbers of which many are 0, and say why; empty if none does."""
    zeros = float((numbers == 0).mean())  # type: ignore[arg-type]
    if numbers.min() != 0 or zeros < MANY_ZEROS:
        return []
    if (numbers == numbers.floor()).all():
        return [
            say(
                "whole numbers from 0, {zeros:.0%} of them 0, so --loss poisson may suit them",
                zeros=zeros,
            )
        ]
    return [
        say("amounts from 0, {zeros:.0%} of them 0, so --loss tweedie may suit them", zeros=zeros)
    ]


def _is_skewed(numbers: pl.Series) -> bool:
    """Whether positive numbers have a long right tail that the logarithm removes."""
    y = numbers.to_numpy()
    if y.min() <= 0 or len(y) < 20:
        return False
    skewness = _skewness(y)
    return skewness > SKEWED and abs(_skewness(np.log(y))) < skewness / 2


def _skewness(y: np.ndarray) -> float:
    """Return m₃ / m₂^(3/2), the third central moment in units of the deviation."""
    distance = y - y.mean()
    return float(np.mean(distance**3) / np.mean(distance**2) ** 1.5)


def _classes(
    values: Values, reading: Reading | None, task: str | None, loss: str, keep_case: bool
) -> tuple[Column, Target]:
    name = values.name
    if reading is None and values.is_text and task is None:
        _refuse_differing_units(values)
    labels, counts = _labels(values, reading)
    spelled: dict[Label, list[Label]] = {}
    if reading is None and values.is_text and not keep_case:
        labels, counts, spelled = merge_spellings(labels, counts)
    _refuse_classes(values, labels, task, words=reading is None)
    if values.raw.dtype == pl.Boolean:
        kind, parse = _of_labels(bool, name), Parse()
    elif reading is not None and all(abs(float(label)) < EXACT for label in labels):
        kind, parse = _of_labels(float, name), reading.parse
    else:
        kind = _of_labels(str, name)
        spellings = tuple(map(str, labels)) if spelled else ()
        parse = Parse(missing=tuple(values.markers), kept=values.kept, spellings=spellings)
    by_count = "binary" if len(labels) == 2 else "multiclass"
    clauses = [say_classes(labels, counts, numbers=reading is not None, asked=task is not None)]
    missing = len(values.raw) - sum(counts)
    if task is None and _are_counts(labels, counts, numbers=reading is not None):
        clauses.append(say("if they are counts, --loss poisson learns their mean"))
    clauses += [
        say(
            "{others} taken as {label!r}, as only upper and lower case differ (--keep-case tells "
            "them apart)",
            others=quoted(others),
            label=label,
        )
        for label, others in spelled.items()
    ]
    if not spelled and kind.names_groups and values.case_twins:
        clauses.append(case_twins(values))
    if values.padded:
        clauses.append(padding(values))
    if missing:
        clauses.append(_left_out(missing))
    reason = full_stop(joined_clauses(clauses))
    column = Column(name, kind.name, "target", reason, parse, len(labels), missing)
    return column, Target(name, by_count, tuple(labels), reason, loss=loss)


def merge_spellings(
    labels: Sequence[Label], counts: Sequence[int], known: Collection[Label] = ()
) -> tuple[list[Label], list[int], dict[Label, list[Label]]]:
    """Merge labels that differ in case alone into one that is known, or the commonest.

    Return them, sorted, with their counts and the others of each. Nothing is merged where a single
    label would be left.
    """
    table = merged(pl.DataFrame({"level": labels, "rows": counts}))
    if len(table) in (1, len(labels)):
        return list(labels), list(counts), {}
    whole: dict[Label, int] = {}
    spelled: dict[Label, list[Label]] = {}
    for commonest, rows, others in table.select("level", "rows", "others").iter_rows():
        label = next((each for each in others if each in known), commonest)
        label = commonest if commonest in known else label
        whole[label] = rows
        if others:
            spelled[label] = [each for each in (commonest, *others) if each != label]
    return sorted(whole), [whole[label] for label in sorted(whole)], spelled


def _are_counts(labels: Sequence[Label], counts: Sequence[int], *, numbers: bool) -> bool:
    """Whether labels are 0, 1, 2 … of which most are 0, and each is rarer than the one before."""
    if not numbers or len(labels) < FEWEST_COUNTS or counts[0] < MOSTLY * sum(counts):
        return False
    rising = all(float(label) == place for place, label in enumerate(labels))
    return rising and all(one > other for one, other in pairwise(counts))


def _refuse_differing_units(values: Values) -> None:
    """Refuse amounts in different currencies, say, if they are too many to be classes."""
    if values.distinct <= FEW_WHOLE_NUMBERS:
        return
    if units := differing_units(values.levels["level"]):
        raise TargetError(
            "Target {name!r} holds amounts in units that cannot be converted into one: {units}.",
            "Write them in one unit, or add a column for each.",
            name=values.name,
            units=listed(units[:3], "and"),
        )


def _of_labels(label: type, name: str) -> Kind:
    """Return the kind of column whose values are labels like these."""
    for kind in KINDS.values():
        if label in kind.labels:
            return kind
    raise TargetError(
        "No kind of column holds such classes as target {name!r} has.",
        "Choose another target.",
        name=name,
    )


def _labels(values: Values, reading: Reading | None) -> tuple[list[Label], list[int]]:
    """Return the labels as given, sorted, with their counts."""
    if values.raw.dtype == pl.Boolean:
        labels = values.raw.drop_nulls()
    elif reading is None:
        table = values.levels.sort("level")
        return table["level"].to_list(), table["count"].to_list()
    elif values.is_number and not values.raw.dtype.is_decimal():
        labels = values.finite
    else:
        labels = _as_written(values, reading)
    table = labels.alias("label").value_counts(name="count").sort("label")
    return table["label"].to_list(), table["count"].to_list()


def _as_written(values: Values, reading: Reading) -> pl.Series:
    """Return numbers stored as text, as integers if none is written with decimals."""
    typed = NumericKind().parse(values.raw, reading.parse).drop_nulls()
    read = ~values.levels["level"].is_in(list(reading.parse.missing))
    whole = values.levels["level"].filter(read).str.contains(r"^[+-]?\d+$").all()
    whole = whole and (typed.abs() < EXACT).all()
    return typed.cast(pl.Int64) if whole else typed


def _refuse_classes(values: Values, labels: list[Label], task: str | None, words: bool) -> None:
    name, count = values.name, len(labels)
    if count < 2:
        raise TargetError(
            "Target {name!r} has a single class.", "Choose another target.", name=name
        )
    if task == "binary" and count != 2:
        raise TargetError(
            "Target {name!r} has {count:,} classes, not two: {labels}.",
            "Give --task multiclass, or leave out --task.",
            name=name,
            count=count,
            labels=quoted(labels),
        )
    if words and count == values.present and count > 2:
        raise TargetError(
            "Target {name!r} has a label of its own in each of {rows}.",
            "Choose a target whose values repeat.",
            name=name,
            rows=row_count(count),
        )
    most = MOST_TEXT_CLASSES if words else MOST_CLASSES
    if count >= most:
        raise TargetError(
            say(
                "Target {name!r} has {count:,} classes; only fewer than {most:,} can be "
                "told apart.",
                name=name,
                count=count,
                most=most,
            ),
            say("Group rare labels into one, or choose another target.")
            if words
            else say("Give --task regression, or choose another target."),
        )


def say_classes(labels: list[Label], counts: list[int], numbers: bool, asked: bool) -> str:
    """Return the clause that names classes and their rows."""
    if len(labels) == 2:
        pairs = [
            say("{value!r} ({rows:,})", value=label, rows=rows)
            for label, rows in zip(labels, counts, strict=True)
        ]
        return say("Two classes, {pairs}", pairs=listed(pairs, "and"))
    if numbers and not asked:
        return say(
            "Only {count} distinct whole numbers, taken as classes; --task regression if they "
            "are quantities",
            count=len(labels),
        )
    least, most = min(counts), max(counts)
    rows = f"{least:,}" if least == most else say("{least:,} to {most:,}", least=least, most=most)
    return say("{count:,} classes with {rows} rows each", count=len(labels), rows=rows)
