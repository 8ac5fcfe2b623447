"""Properties and counterexamples in VNN-LIB 1.0, the verification competition's format.

Only linear properties are read.

A file declares inputs X_0, X_1, … and outputs Y_0, Y_1, … and asserts what a counterexample would
be: bounds of inputs and linear constraints on outputs, joined by ``and`` and ``or``.

Demarchi et al., "Supporting standardization of neural networks verification with VNNLIB and
CoCoNet", FoMLAS 2023.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from gradum.core.bounds.property import Case, Polyhedron, Property
from gradum.errors import PropertyError
from gradum.files.bounded import read_unpacked
from gradum.messages import say
from gradum.ship.exchange.smt_lib import (
    Atom,
    Compound,
    Constraint,
    Expression,
    InputBound,
    OutputConstraint,
    Variable,
    constraint,
    expressions,
)
from gradum.tables.wording import shortened

TEXT_LIMIT = 64 * 2**20
"""The most bytes of a file, unpacked."""
CONSTRAINT_LIMIT = 2**20
"""The most constraints of all alternatives together, once ``or`` stands outermost."""
NUMBER_LIMIT = 2**24
"""The most numbers of all boxes and polyhedra together."""

_VARIABLE = re.compile(r"([XY])_(0|[1-9]\d{0,8})")

Alternative = list[Constraint]
"""Constraints that all hold."""


def read_property(path: str | os.PathLike) -> Property:
    """Read a property from a file in VNN-LIB, which may be packed by gzip.

    Raises
    ------
    PropertyError
        The file cannot be read, is larger than ``TEXT_LIMIT``, or is not a property: see
        `parsed_property`. The message is one line that names the file.
    """
    path = Path(path)
    try:
        text = read_unpacked(path, TEXT_LIMIT, PropertyError).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PropertyError(
            "{path} cannot be read: {cause}.", path=path, cause=str(error)
        ) from None
    try:
        return parsed_property(text)
    except PropertyError as error:
        raise PropertyError("{path}: {cause}", path=path, cause=error.message) from None


def parsed_property(text: str) -> Property:
    """Return the property that a text in VNN-LIB states.

    Alternatives with the same bounds of inputs become one case. A case whose box is empty is left
    out, because nothing violates it. Numbers are the nearest ones in float64.

    Raises
    ------
    PropertyError
        The text is not in VNN-LIB 1.0 or not linear, uses undeclared names, leaves an input without
        bounds, says nothing about outputs, or has only empty boxes. The message is one line, which
        names the line of the text.
    """
    variables: dict[str, Variable] = {}
    lines: dict[Variable, int] = {}
    assertions: list[list[Alternative]] = []
    for command in expressions(text):
        if command.head == "declare-const":
            name, variable = _declaration(command, variables)
            variables[name] = variable
            lines[variable] = command.line
        elif command.head == "assert" and len(command.parts) == 2:
            assertions.append(_alternatives(command.parts[1], variables))
        else:
            raise PropertyError(
                "Line {line}: {word} is not read; a property in VNN-LIB 1.0 is made of "
                "declare-const and assert.",
                line=command.line,
                word=repr(shortened(command.head)),
            )
    inputs, outputs = (_count(letter, lines) for letter in "XY")
    cases = _cases(assertions, inputs, outputs, lines)
    return Property(inputs, outputs, cases)


def _declaration(command: Compound, variables: dict[str, Variable]) -> tuple[str, Variable]:
    match command.parts[1:]:
        case [Atom(text=name), Atom(text="Real")] if match := _VARIABLE.fullmatch(name):
            if name in variables:
                raise PropertyError(
                    "Line {line}: {name} is declared again.", line=command.line, name=name
                )
            return name, Variable(match[1], int(match[2]))
    raise PropertyError(
        "Line {line}: a declaration is (declare-const X_0 Real), with X for an input or Y for "
        "an output.",
        line=command.line,
    )


def _count(letter: str, lines: dict[Variable, int]) -> int:
    """Return how many variables with a letter there are, which must be numbered from 0."""
    count = sum(variable.letter == letter for variable in lines)
    if count == 0:
        raise PropertyError("{name} is not declared.", name=Variable(letter, 0).name)
    for variable, line in lines.items():
        if variable.letter == letter and variable.index >= count:
            raise PropertyError(
                "Line {line}: {name} is declared, but not all variables before it.",
                line=line,
                name=variable.name,
            )
    return count


def _alternatives(expression: Expression, variables: dict[str, Variable]) -> list[Alternative]:
    """Bring a formula to disjunctive normal form: one of the alternatives holds."""
    if isinstance(expression, Atom):
        raise PropertyError(
            "Line {line}: {word} stands where a constraint in brackets should.",
            line=expression.line,
            word=repr(shortened(expression.text)),
        )
    if expression.head not in ("and", "or"):
        return [[constraint(expression, variables)]]
    parts = [_alternatives(part, variables) for part in expression.parts[1:]]
    if not parts:
        raise PropertyError(
            "Line {line}: nothing follows {word}.", line=expression.line, word=expression.head
        )
    if expression.head == "or":
        return [alternative for part in parts for alternative in part]
    return _conjunction(parts, expression.line)


def _conjunction(parts: Iterable[list[Alternative]], line: int) -> list[Alternative]:
    """Return the alternatives of a conjunction: every combination with one from each formula."""
    combined: list[Alternative] = [[]]
    for part in sorted(parts, key=len):  # formulas without alternatives are gathered once
        if len(part) == 1 and len(combined) == 1:
            combined[0].extend(part[0])
            continue
        size = len(part) * sum(map(len, combined)) + len(combined) * sum(map(len, part))
        if max(size, len(part) * len(combined)) > CONSTRAINT_LIMIT:
            raise PropertyError(
                "Line {line}: the alternatives come to more than {limit:,} constraints.",
                line=line,
                limit=CONSTRAINT_LIMIT,
            )
        combined = [before + after for before in combined for after in part]
    return combined


def _cases(
    assertions: Sequence[list[Alternative]], inputs: int, outputs: int, lines: dict[Variable, int]
) -> tuple[Case, ...]:
    common = _conjunction((part for part in assertions if len(part) == 1), 1)[0]
    alternatives = _conjunction((part for part in assertions if len(part) > 1), 1)
    of_box: dict[tuple[InputBound, ...], list[list[OutputConstraint]]] = {}
    for alternative in alternatives:
        bounds, constraints = _parted(alternative)
        of_box.setdefault(tuple(bounds), []).append(constraints)
    common_bounds, common_constraints = _parted(common)
    rows = sum(len(part) + len(common_constraints) for parts in of_box.values() for part in parts)
    if rows == 0:
        raise PropertyError("No assertion constrains an output.")
    if 2 * inputs * len(of_box) + outputs * rows > NUMBER_LIMIT:
        raise PropertyError(
            "The boxes and constraints hold more than {limit:,} numbers.", limit=NUMBER_LIMIT
        )
    start = np.full(inputs, -math.inf), np.full(inputs, math.inf)
    common_low, common_high, clash = _narrowed(*start, common_bounds)
    cases = []
    for bounds, parts in of_box.items():
        low, high, later_clash = _narrowed(common_low, common_high, bounds)
        clash = clash or later_clash
        if np.any(low > high):
            continue
        _check_bounded(low, high, lines)
        unsafe = (_polyhedron([*common_constraints, *part], outputs) for part in parts)
        cases.append(Case(low, high, tuple(unsafe)))
    if not cases:
        assert clash is not None
        raise PropertyError(
            "Line {line}: no number is within this bound of {name} and those before.",
            line=clash.line,
            name=Variable("X", clash.index).name,
        )
    return tuple(cases)


def _parted(alternative: Alternative) -> tuple[list[InputBound], list[OutputConstraint]]:
    return (
        [part for part in alternative if isinstance(part, InputBound)],
        [part for part in alternative if isinstance(part, OutputConstraint)],
    )


def _narrowed(
    low: np.ndarray, high: np.ndarray, bounds: Iterable[InputBound]
) -> tuple[np.ndarray, np.ndarray, InputBound | None]:
    """Return a box narrowed by bounds, and the first bound that leaves it empty."""
    low, high, clash = low.copy(), high.copy(), None
    for bound in bounds:
        index = bound.index
        if bound.is_upper:
            high[index] = min(high[index], bound.value)
        else:
            low[index] = max(low[index], bound.value)
        if clash is None and low[index] > high[index]:
            clash = bound
    return low, high, clash


def _check_bounded(low: np.ndarray, high: np.ndarray, lines: dict[Variable, int]) -> None:
    for index in np.flatnonzero(np.isinf(low) | np.isinf(high))[:1]:
        variable = Variable("X", int(index))
        values = {"line": lines[variable], "name": variable.name}
        raise PropertyError(
            say("Line {line}: {name} has no lower bound.", **values)
            if np.isinf(low[index])
            else say("Line {line}: {name} has no upper bound.", **values)
        )


def _polyhedron(constraints: Sequence[OutputConstraint], outputs: int) -> Polyhedron:
    coefficients = np.zeros((len(constraints), outputs))
    for row, part in zip(coefficients, constraints, strict=True):
        for index, weight in part.weights:
            row[index] = weight
    return Polyhedron(coefficients, np.array([part.limit for part in constraints]))


def counterexample_text(x: np.ndarray, y: np.ndarray) -> str:
    """Return an input [d] and its output [k] as ``((X_0 0.5) … (Y_1 2.0))``, one number per line.

    Every number has as many digits as are needed to read back its float64 to the bit.
    """
    names = [f"X_{i}" for i in range(len(x))] + [f"Y_{j}" for j in range(len(y))]
    numbers = [float(number) for number in (*x, *y)]
    pairs = (f"({name} {number!r})" for name, number in zip(names, numbers, strict=True))
    return "({})".format("\n ".join(pairs))
