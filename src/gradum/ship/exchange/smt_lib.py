"""Bracketed expressions, as in SMT-LIB and VNN-LIB, and the linear constraints in them.

Expressions keep the numbers of the lines they begin on. Constraints are on inputs X_i and outputs
Y_j.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from gradum.errors import PropertyError
from gradum.tables.wording import shortened

DEPTH_LIMIT = 64

_TOKEN = re.compile(r"(?P<line>\n)|(?P<blank>[^\S\n]+|;[^\n]*)|(?P<text>[()]|[^\s();]+)")

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Atom:
    """A word or a number."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Compound:
    """An expression in brackets, and the line on which it opens."""

    parts: list[Atom | Compound]
    line: int

    @property
    def head(self) -> str:
        """The first word, empty if there is none."""
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Atom) else ""


Expression = Atom | Compound


def expressions(text: str) -> Iterator[Compound]:
    """Yield the outermost expressions of a text, in time linear in its length.

    A semicolon begins a comment, which ends with its line.

    Raises
    ------
    PropertyError
        Brackets do not match, something stands outside them, or they are nested deeper than
        ``DEPTH_LIMIT``. The message names the line.
    """
    unfinished: list[Compound] = []
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "line":
            line += 1
            continue
        if match.lastgroup == "blank":
            continue
        token = match["text"]
        if token == "(":
            if len(unfinished) == DEPTH_LIMIT:
                raise PropertyError(
                    "Line {line}: brackets are nested deeper than {limit}.",
                    line=line,
                    limit=DEPTH_LIMIT,
                )
            unfinished.append(Compound([], line))
        elif not unfinished:
            raise PropertyError("Line {line}: a bracket should open here.", line=line)
        elif token == ")":
            bracket = unfinished.pop()
            if unfinished:
                unfinished[-1].parts.append(bracket)
            else:
                yield bracket
        else:
            unfinished[-1].parts.append(Atom(token, line))
    if unfinished:
        raise PropertyError("Line {line}: this bracket is never closed.", line=unfinished[-1].line)


class Variable(NamedTuple):
    """X_index or Y_index."""

    letter: str
    index: int

    @property
    def name(self) -> str:
        """The name in the text."""
        return f"{self.letter}_{self.index}"


class InputBound(NamedTuple):
    """X_index ≤ value if it is an upper bound, X_index ≥ value if not."""

    index: int
    is_upper: bool
    value: float
    line: int


class OutputConstraint(NamedTuple):
    """Σ weights Y ≤ limit, with weights as pairs of an output and its weight."""

    weights: tuple[tuple[int, float], ...]
    limit: float


Constraint = InputBound | OutputConstraint


class _Linear(NamedTuple):
    """Σ weights · variables + constant."""

    weights: dict[Variable, float]
    constant: float

    def scaled(self, factor: float) -> _Linear:
        weights = {variable: factor * weight for variable, weight in self.weights.items()}
        return _Linear(weights, factor * self.constant)


def constraint(comparison: Compound, variables: Mapping[str, Variable]) -> Constraint:
    """Return the constraint that (<= a b) or (>= a b) states, where a and b are linear.

    Linear expressions are numbers, variables, sums (+ a …), differences (- a …), negatives (- a)
    and products (* a …) with variables in at most one factor. A number is the nearest one in
    float64.

    Raises
    ------
    PropertyError
        It states something else, or a number that no float64 holds; the message names the line.
    """
    line = comparison.line
    operands = comparison.parts[1:]
    if comparison.head not in ("<=", ">="):
        raise PropertyError(
            "Line {line}: {word} is not read; constraints are made of and, or, <= and >=.",
            line=line,
            word=repr(shortened(comparison.head)),
        )
    if len(operands) != 2:
        raise PropertyError("Line {line}: a comparison has two sides.", line=line)
    left, right = (_linear(operand, variables) for operand in operands)
    if comparison.head == ">=":
        left, right = right, left
    weights, constant = _sum([left, right.scaled(-1.0)])  # weights · variables + constant ≤ 0
    weights = {variable: weight for variable, weight in weights.items() if weight != 0.0}
    if not all(map(math.isfinite, [constant, *weights.values()])):
        _refuse_size(line)
    letters = {variable.letter for variable in weights}
    if "X" not in letters:
        pairs = tuple((variable.index, weight) for variable, weight in weights.items())
        return OutputConstraint(pairs, 0.0 - constant)  # never −0
    if len(weights) > 1:
        raise PropertyError(
            "Line {line}: an input is bounded by a number alone, not by other inputs or outputs.",
            line=line,
        )
    ((variable, weight),) = weights.items()
    value = (0.0 - constant) / weight + 0.0  # never −0
    if not math.isfinite(value):
        _refuse_size(line)
    return InputBound(variable.index, weight > 0.0, value, line)


def _linear(expression: Expression, variables: Mapping[str, Variable]) -> _Linear:
    if isinstance(expression, Atom):
        return _word(expression, variables)
    parts = [_linear(part, variables) for part in expression.parts[1:]]
    match expression.head, len(parts):
        case "-", 1:
            return parts[0].scaled(-1.0)
        case "-", count if count > 1:
            return _sum([parts[0], *(part.scaled(-1.0) for part in parts[1:])])
        case "+", count if count > 0:
            return _sum(parts)
        case "*", count if count > 0 and sum(bool(part.weights) for part in parts) <= 1:
            return _product(parts)
    raise PropertyError(
        "Line {line}: a side of a comparison is a number, a variable, or linear in variables "
        "by +, - and *.",
        line=expression.line,
    )


def _word(word: Atom, variables: Mapping[str, Variable]) -> _Linear:
    if word.text in variables:
        return _Linear({variables[word.text]: 1.0}, 0.0)
    if not _NUMBER.fullmatch(word.text):
        raise PropertyError(
            "Line {line}: {word} is neither a number nor declared before.",
            line=word.line,
            word=repr(shortened(word.text)),
        )
    value = float(word.text)
    if not math.isfinite(value):
        _refuse_size(word.line)
    return _Linear({}, value)


def _sum(parts: list[_Linear]) -> _Linear:
    weights: dict[Variable, float] = defaultdict(float)
    for part in parts:
        for variable, weight in part.weights.items():
            weights[variable] += weight
    return _Linear(weights, sum(part.constant for part in parts))


def _product(parts: list[_Linear]) -> _Linear:
    varying = [part for part in parts if part.weights]
    factor = math.prod(part.constant for part in parts if not part.weights)
    return varying[0].scaled(factor) if varying else _Linear({}, factor)


def _refuse_size(line: int) -> NoReturn:
    raise PropertyError("Line {line}: a number is too large for float64.", line=line)
