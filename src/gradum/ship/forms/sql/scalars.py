"""The numbers, truths and texts of one row, and the algebra that keeps expressions small.

What is known in advance is a plain value of Python; all else is a `Scalar`. Equal ones are one
object, so that what is computed twice is found by looking. A missing number is NULL. Functions are
written by what DuckDB, PostgreSQL and SQLite share, and within their bounds: PostgreSQL refuses an
exponential that overflows or underflows, and has no error function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.ship.recording.program import OPERATIONS

MOST_SHIFT = 1e6
"""How far a number may be moved before it is multiplied; beyond it, digits would be lost."""
LARGEST_EXPONENT = 700.0
LARGEST_NUMBER = 1.7976931348623157e308
SEVERAL = 8  # of which the largest is found at once


@dataclass(frozen=True, eq=False, slots=True)
class Scalar:
    """A value of one row that is not known in advance."""

    operation: str
    """What computes it: ``input``, ``sum``, ``choice``, ``keys``, ``case``, ``call``, or a sign
    that stands between its parts."""
    parts: tuple[Any, ...]
    """Scalars and plain values. An ``input`` has a kind and a column: its ``text``, its ``number``,
    whether this is ``within`` a limit, or the number ``held`` there, with what stands for others. A
    ``sum`` has its constant, then weights and scalars in turn. A ``choice`` has what it depends on,
    ``keys`` or conditions, and a plain value for each and for none of them."""


class Scalars:
    """All scalars of a query."""

    def __init__(self) -> None:
        self._known: dict[Any, Scalar] = {}

    def made(self, operation: str, *parts: Any) -> Scalar:
        """Return the one scalar that is computed so."""
        key = (operation, parts, tuple(map(type, parts)))
        return self._known.setdefault(key, Scalar(operation, parts))

    def apply(self, operation: str, *values: Any) -> Any:
        """Return an operation of `OPERATIONS` of single values."""
        scalars = [value for value in values if isinstance(value, Scalar)]
        if not scalars:
            return folded(operation, *values)
        first = scalars[0]
        if first.operation == "choice" and all(
            scalar.operation == "choice" and scalar.parts[0] is first.parts[0] for scalar in scalars
        ):
            branches = [
                value.parts[1:] if isinstance(value, Scalar) else [value] * (len(first.parts) - 1)
                for value in values
            ]
            chosen = [folded(operation, *each) for each in zip(*branches, strict=True)]
            return self.choice(first.parts[0], chosen)
        return BUILT[operation](self, *values)

    def choice(self, selector: Scalar, values: Sequence[Any]) -> Any:
        """Return a known value for each branch of a selector, the last for none of them."""
        if all(value == values[0] for value in values):
            return values[0]
        if selector.operation == "conditions" and len(selector.parts) == 1:
            if values[0] is True:
                return selector.parts[0]
            if values[0] is False:
                return self.negated(selector.parts[0])
        return self.made("choice", selector, *values)

    def total(self, terms: Sequence[tuple[float, Any]], constant: float = 0.0) -> Any:
        """Return constant + Σ weight · value, with equal values taken together."""
        weights: dict[Scalar, float] = {}
        for weight, value in terms:
            if not isinstance(value, Scalar):
                constant += float(weight * value)
            elif value.operation == "sum" and _is_merged(weight, value):
                constant += weight * value.parts[0]
                for inner, scalar in weighted(value):
                    weights[scalar] = weights.get(scalar, 0.0) + weight * inner
            else:
                weights[value] = weights.get(value, 0.0) + float(weight)
        constant += self._choices_joined(weights)
        weights = {scalar: weight for scalar, weight in weights.items() if weight}
        if not weights:
            return constant
        (first, weight), *others = weights.items()
        if not others and weight == 1.0 and not constant:
            return first
        return self.made(
            "sum", constant, *(part for pair in weights.items() for part in pair[::-1])
        )

    def _choices_joined(self, weights: dict[Scalar, float]) -> float:
        """Join choices of one selector where that makes fewer numbers; return what is known."""
        constant = 0.0
        members: dict[Scalar, list[Scalar]] = {}
        for scalar in weights:
            if scalar.operation == "choice":
                members.setdefault(scalar.parts[0], []).append(scalar)
        for selector, choices in members.items():
            if 1 < len(choices) >= len(selector.parts) - 2:
                own = [weights.pop(choice) for choice in choices]
                branches = np.array([choice.parts[1:] for choice in choices], float)
                joined = self.choice(selector, (np.array(own) @ branches).tolist())
                if isinstance(joined, Scalar):
                    weights[joined] = 1.0
                else:
                    constant += joined
        return constant

    def call(self, function: str, *values: Any) -> Scalar:
        """Return a function that all databases have by one name."""
        return self.made("call", function, *values)

    def infix(self, sign: str, first: Any, second: Any) -> Scalar:
        """Return what a sign between two values means."""
        return self.made(sign, first, second)

    def where(self, condition: Any, first: Any, second: Any) -> Any:
        """Return the first where the condition holds; a comparison with NULL does not hold."""
        if not isinstance(condition, Scalar):
            return first if condition else second
        if first is second:
            return first
        if condition.operation == "not":
            return self.where(condition.parts[0], second, first)
        if _reads(condition, "within") and _reads(first, "number") and isinstance(second, float):
            _, column, largest = condition.parts
            if column == first.parts[1]:
                return self.made("input", "held", column, largest, second)
        if isinstance(first, Scalar) or isinstance(second, Scalar):
            return self.made("case", condition, first, second)
        return self.choice(self.made("conditions", condition), [first, second])

    def negated(self, condition: Any) -> Any:
        """Return whether a condition does not hold."""
        if not isinstance(condition, Scalar):
            return not condition
        return condition.parts[0] if condition.operation == "not" else self.made("not", condition)

    def both(self, first: Any, second: Any) -> Any:
        """Return whether two conditions hold."""
        if not isinstance(first, Scalar):
            return second if first else False
        if not isinstance(second, Scalar):
            return first if second else False
        return self.infix("AND", first, second)

    def either(self, first: Any, second: Any) -> Any:
        """Return whether one of two conditions holds."""
        if not isinstance(first, Scalar):
            return True if first else second
        if not isinstance(second, Scalar):
            return True if second else first
        return self.infix("OR", first, second)

    def all_of(self, conditions: Sequence[Any]) -> Any:
        """Return whether all conditions hold."""
        held: Any = True
        for condition in conditions:
            held = self.both(held, condition)
        return held

    def extreme(self, sign: str, values: Sequence[Any]) -> Any:
        """Return the value that is ``>=`` or ``<=`` all others."""
        if len(values) > SEVERAL:
            groups = [values[at : at + SEVERAL] for at in range(0, len(values), SEVERAL)]
            return self.extreme(sign, [self.extreme(sign, group) for group in groups])
        found = values[-1]
        for at in reversed(range(len(values) - 1)):
            ahead = [self.apply(sign, values[at], other) for other in values[at + 1 :]]
            found = self.where(self.all_of(ahead), values[at], found)
        return found

    def place(self, values: Sequence[Any]) -> Any:
        """Return the place of the largest value, the first of equal ones."""
        if len(values) == 1 or not any(isinstance(value, Scalar) for value in values):
            return int(np.argmax(values))
        if all(map(_is_mark, values)):
            conditions = [self.apply("equal", value, 1) for value in values]
            last = 0
        else:
            conditions = [
                self.all_of([self.apply("greater_equal", value, o) for o in values[at + 1 :]])
                for at, value in enumerate(values[:-1])
            ]
            last = len(values) - 1
        selector = self.made("conditions", *conditions)
        return self.choice(selector, [*range(len(conditions)), last])

    def looked_up(self, text: Any, keys: Sequence[str], values: Sequence[int], default: int) -> Any:
        """Return the number of a text in a table."""
        if not isinstance(text, Scalar):
            return dict(zip(keys, values, strict=True)).get(text, default)
        branches: dict[int, list[str]] = {}
        for key, value in zip(keys, values, strict=True):
            branches.setdefault(int(value), []).append(key)
        branches.pop(default, None)
        selector = self.made("keys", text, *(tuple(known) for known in branches.values()))
        return self.choice(selector, [*branches, default])

    def looked_up_folded(
        self,
        text: Any,
        letters: Sequence[str],
        become: Sequence[str],
        keys: Sequence[str],
        values: Sequence[int],
    ) -> Any:
        """Return the number of a text in a table, 0 for others, once its letters are replaced.

        Databases put texts in lower case each in their own way; they replace alike.
        """
        for letter, other in zip(letters, become, strict=True):
            text = self.call("replace", text, letter, other)
        return self.looked_up(text, keys, values, 0)

    def chosen(self, row: Sequence[Any], place: Any) -> Any:
        """Return the value at a place."""
        if not isinstance(place, Scalar):
            return row[int(place)]
        if place.operation == "choice" and not any(isinstance(value, Scalar) for value in row):
            return self.choice(place.parts[0], [row[int(value)] for value in place.parts[1:]])
        found = row[-1]
        for at in reversed(range(len(row) - 1)):
            found = self.where(self.apply("equal", place, at), row[at], found)
        return found

    def cut(self, text: Any, separator: str, place: int) -> Any:
        """Return one part of a text; without a separator, parts stand between blanks."""
        sign = separator or " "
        for _ in range(place):
            text = self.call("substr", self._from_sign(text, sign, bare=not separator), 2)
        tail = self._from_sign(text, sign, bare=not separator)
        text = text if separator else self.call("ltrim", text, " ")
        before = self.infix("-", self.call("length", text), self.call("length", tail))
        return self.call("substr", text, 1, before)

    def _from_sign(self, text: Any, sign: str, *, bare: bool) -> Scalar:
        """Return what stands from the first sign on; databases search by other names each."""
        text = self.call("ltrim", text, " ") if bare else text
        return self.call("ltrim", text, self.call("replace", text, sign, ""))


def folded(operation: str, *values: Any) -> Any:
    """Return an operation of known values as a plain value."""
    with np.errstate(all="ignore"):
        found = OPERATIONS[operation](*values)
    return found.item() if isinstance(found, np.generic | np.ndarray) else found


def weighted(scalar: Scalar) -> list[tuple[float, Scalar]]:
    """Return the weights and scalars of a sum."""
    return list(zip(scalar.parts[1::2], scalar.parts[2::2], strict=True))


def _is_merged(weight: float, inner: Scalar) -> bool:
    near = abs(weight * inner.parts[0]) <= MOST_SHIFT
    return near and (weight == 1.0 or len(inner.parts) == 3)


def _is_mark(value: Any) -> bool:
    """Whether a value is 1 or 0 by one condition."""
    return (
        isinstance(value, Scalar)
        and value.operation == "choice"
        and value.parts[0].operation == "conditions"
        and sorted(value.parts[1:]) == [0, 1]
    )


def _reads(value: Any, kind: str) -> bool:
    return isinstance(value, Scalar) and value.operation == "input" and value.parts[0] == kind


def _at_most(scalars: Scalars, first: Any, second: Any) -> Any:
    """Compare; whether a column's size is within a limit is asked of the column itself."""
    is_size = isinstance(first, Scalar) and first.parts[0] == "abs"
    if is_size and _reads(first.parts[1], "number") and isinstance(second, float):
        return scalars.made("input", "within", first.parts[1].parts[1], second)
    return scalars.infix("<=", first, second)


def _multiply(scalars: Scalars, first: Any, second: Any) -> Any:
    if not isinstance(first, Scalar):
        return scalars.total([(first, second)])
    if not isinstance(second, Scalar):
        return scalars.total([(second, first)])
    return scalars.infix("*", first, second)


def _divide(scalars: Scalars, first: Any, second: Any) -> Any:
    """Divide; a product with the reciprocal would round otherwise, and days have to be whole."""
    return first if second == 1 else scalars.infix("/", first, second)


def _exp(scalars: Scalars, x: Scalar) -> Any:
    below = scalars.apply("less", x, -LARGEST_EXPONENT)
    above = scalars.apply("greater", x, LARGEST_EXPONENT)
    within = scalars.where(above, math.exp(LARGEST_EXPONENT), scalars.call("exp", x))
    return scalars.where(below, 0.0, within)


def _log(scalars: Scalars, x: Scalar) -> Any:
    return scalars.where(scalars.apply("greater", x, 0.0), scalars.call("ln", x), math.nan)


def _rint(scalars: Scalars, x: Scalar) -> Any:
    up = scalars.call("floor", scalars.total([(1.0, x)], 0.5))
    half = scalars.call("floor", scalars.total([(0.5, up)]))
    odd = scalars.negated(scalars.apply("equal", scalars.total([(2.0, half)]), up))
    tie = scalars.apply("equal", scalars.total([(1.0, up), (-1.0, x)]), 0.5)
    return scalars.where(scalars.both(tie, odd), scalars.total([(1.0, up)], -1.0), up)


def _expit(scalars: Scalars, x: Scalar) -> Any:
    """Write 1 / (1 + e⁻ˣ) as ½ + ½ tanh(x / 2), which neither overflows nor underflows."""
    return scalars.total([(0.5, scalars.call("tanh", scalars.total([(0.5, x)])))], 0.5)


def _erf(scalars: Scalars, x: Scalar) -> Any:
    """Write erf to 1.5e-7: Abramowitz & Stegun, Handbook of Mathematical Functions, 7.1.26."""
    size = scalars.call("abs", x)
    t = scalars.infix("/", 1.0, scalars.total([(0.3275911, size)], 1.0))
    series: Any = 0.0
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = scalars.apply("multiply", t, scalars.apply("add", series, factor))
    square = scalars.total([(-1.0, scalars.infix("*", x, x))])
    gone = scalars.apply("multiply", series, _exp(scalars, square))
    positive = scalars.total([(-1.0, gone)], 1.0)
    negative = scalars.total([(1.0, gone)], -1.0)
    return scalars.where(scalars.apply("greater_equal", x, 0.0), positive, negative)


def _compared(sign: str) -> Callable[..., Any]:
    return lambda scalars, first, second: scalars.infix(sign, first, second)


def _called(function: str) -> Callable[..., Any]:
    return lambda scalars, *values: scalars.call(function, *values)


BUILT: dict[str, Callable[..., Any]] = {
    "add": lambda scalars, a, b: scalars.total([(1.0, a), (1.0, b)]),
    "subtract": lambda scalars, a, b: scalars.total([(1.0, a), (-1.0, b)]),
    "multiply": _multiply,
    "divide": _divide,
    "maximum": lambda scalars, a, b: scalars.extreme("greater_equal", [a, b]),
    "minimum": lambda scalars, a, b: scalars.extreme("less_equal", [a, b]),
    "negative": lambda scalars, x: scalars.total([(-1.0, x)]),
    "absolute": _called("abs"),
    "exp": _exp,
    "log": _log,
    "sqrt": _called("sqrt"),
    "tanh": _called("tanh"),
    "sin": _called("sin"),
    "cos": _called("cos"),
    "rint": _rint,
    "floor": _called("floor"),
    "isnan": lambda scalars, x: scalars.made("is null", x),
    "isinf": lambda scalars, x: scalars.infix(">", scalars.call("abs", x), LARGEST_NUMBER),
    "expit": _expit,
    "erf": _erf,
    "equal": _compared("="),
    "less": _compared("<"),
    "less_equal": _at_most,
    "greater": _compared(">"),
    "greater_equal": _compared(">="),
    "logical_not": lambda scalars, x: scalars.negated(x),
    "logical_and": lambda scalars, a, b: scalars.both(a, b),
    "logical_or": lambda scalars, a, b: scalars.either(a, b),
    "where": lambda scalars, condition, a, b: scalars.where(condition, a, b),
    "join": lambda scalars, a, b: scalars.infix("||", a, b),
}
"""How each operation of single values is written."""
