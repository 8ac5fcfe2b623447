"""A program for one row: every array becomes the scalars in it, each computed of the columns."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from gradum.errors import ExportError, TooLargeError
from gradum.ship.forms.sql.scalars import BUILT, Scalar, Scalars
from gradum.ship.recording.program import OPERATIONS, ROWS_AXIS, RecordedNode, RecordedProgram

MOST_PRODUCTS = 50_000
"""The most multiplications of a row."""
DIGITS = "123456789"


def expanded(program: RecordedProgram) -> dict[str, np.ndarray]:
    """Return each answer of a program to one row: arrays [1, ...] of scalars and plain values.

    Raises
    ------
    ExportError
        It takes too many multiplications, or an operation that databases do not share.
    """
    if any(node.operation == "tokens" for node in program.nodes):
        raise _no_words()
    refuse_size(sum(map(_products, program.nodes)), MOST_PRODUCTS)
    scalars = Scalars()
    values: dict[RecordedNode, np.ndarray] = {}
    for name, node in program.inputs.items():
        kind = "text" if node.dtype == object else "number"
        values[node] = _filled((1, 1), scalars.made("input", kind, name))
    for node in program.nodes:
        if node not in values:
            taken = [values[parent] for parent in node.parents]
            values[node] = EXPANDED[node.operation](scalars, node, *taken)
    return {name: values[node] for name, node in program.outputs.items()}


def refuse_size(count: int, most: int) -> None:
    """Refuse a model of too many multiplications."""
    if count > most:
        raise TooLargeError(
            "The model is too large for SQL: {count:,} multiplications for a row, where "
            "databases manage about {most:,}.",
            "Add --compress 1% (compress=0.01) to distil an ensemble into a smaller model, or "
            "export --rung linear.",
            count=count,
            most=most,
        )


def _products(node: RecordedNode) -> int:
    """Return how many multiplications of a row an operation takes, if it is a product."""
    if node.operation != "matmul":
        return 0
    rows = [length for length in node.shape if length != ROWS_AXIS]
    return math.prod(rows) * node.parents[0].shape[-1]


def _filled(shape: tuple[int, ...], *values: Any) -> np.ndarray:
    array = np.empty(shape, object)
    array.ravel()[:] = values
    return array


def _constant(scalars: Scalars, node: RecordedNode) -> np.ndarray:
    """Return plain values; those of float32 with as many digits as that has."""
    value = node.settings["value"]
    plain = [float(str(x)) for x in value.ravel()] if value.dtype == np.float32 else value.ravel()
    return _filled(value.shape, *(plain if isinstance(plain, list) else plain.tolist()))


def _by_each(operation: str) -> Callable[..., np.ndarray]:
    """Write an operation of single values."""

    def expand(scalars: Scalars, node: RecordedNode, *arrays: np.ndarray) -> np.ndarray:
        each = np.broadcast(*arrays)
        return _filled(each.shape, *(scalars.apply(operation, *values) for values in each))

    return expand


def _by_axis(function: Callable[[Scalars, list[Any]], Any]) -> Callable[..., np.ndarray]:
    """Write an operation that makes one value of those along an axis."""

    def expand(scalars: Scalars, node: RecordedNode, x: np.ndarray) -> np.ndarray:
        axis = node.settings["axis"]
        moved = np.moveaxis(x, axis, -1)
        shape = moved.shape[:-1]
        found = _filled(shape, *(function(scalars, list(moved[at])) for at in np.ndindex(shape)))
        return np.expand_dims(found, axis) if node.settings.get("keepdims") else found

    return expand


def _matmul(
    scalars: Scalars, node: RecordedNode, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    columns = np.swapaxes(second, -1, -2)[..., None, :, :]
    pairs = np.broadcast_arrays(first[..., :, None, :], columns)
    shape = pairs[0].shape[:-1]
    return _filled(shape, *(_product(scalars, *(p[at] for p in pairs)) for at in np.ndindex(shape)))


def _product(scalars: Scalars, first: np.ndarray, second: np.ndarray) -> Any:
    terms = []
    for one, other in zip(first, second, strict=True):
        if not isinstance(other, Scalar):
            terms.append((other, one))
        elif not isinstance(one, Scalar):
            terms.append((one, other))
        else:
            terms.append((1.0, scalars.apply("multiply", one, other)))
    return scalars.total(terms)


def _cast(scalars: Scalars, node: RecordedNode, x: np.ndarray) -> np.ndarray:
    kinds = node.parents[0].dtype.kind, node.dtype.kind
    return _filled(x.shape, *(_as_kind(scalars, value, *kinds) for value in x.ravel()))


PLAIN = {"f": float, "i": int, "b": bool, "O": lambda value: value}


def _as_kind(scalars: Scalars, value: Any, of: str, kind: str) -> Any:
    if not isinstance(value, Scalar):
        return PLAIN[kind](value)
    if value.operation == "choice":
        known = [PLAIN[kind](each) for each in value.parts[1:]]
        return scalars.choice(value.parts[0], known)
    if of == "b":
        return scalars.where(value, PLAIN[kind](1), PLAIN[kind](0))
    if of == "O":
        return scalars.made("number of", value)
    if (of, kind) != ("f", "i"):
        return value
    negative = scalars.apply("negative", value)  # cut off towards 0
    rising = scalars.apply("negative", scalars.apply("floor", negative))
    below = scalars.apply("less", value, 0.0)
    return scalars.where(below, rising, scalars.apply("floor", value))


def _take(scalars: Scalars, node: RecordedNode, x: np.ndarray, places: np.ndarray) -> np.ndarray:
    axis = node.settings["axis"]
    moved = np.moveaxis(x, axis, -1)
    shape = (*moved.shape[:-1], *places.shape)
    each = (
        scalars.chosen(list(moved[at]), place)
        for at in np.ndindex(moved.shape[:-1])
        for place in places.ravel()
    )
    ends = range(moved.ndim - 1, len(shape))
    return np.moveaxis(_filled(shape, *each), list(ends), [axis + k for k in range(places.ndim)])


def _sort(scalars: Scalars, node: RecordedNode, x: np.ndarray) -> np.ndarray:
    """Sort by exchanging neighbours, as often as there are values."""
    axis = node.settings["axis"]
    ordered = np.moveaxis(x.copy(), axis, -1)
    for at in np.ndindex(ordered.shape[:-1]):
        row = ordered[at]
        for turn in range(len(row)):
            for k in range(turn % 2, len(row) - 1, 2):
                pair = list(row[k : k + 2])
                row[k] = scalars.extreme("less_equal", pair)
                row[k + 1] = scalars.extreme("greater_equal", pair)
    return np.moveaxis(ordered, -1, axis)


def _each_text(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """Write an operation on texts that takes settings."""

    def expand(scalars: Scalars, node: RecordedNode, x: np.ndarray) -> np.ndarray:
        return _filled(x.shape, *(function(scalars, text, **node.settings) for text in x.ravel()))

    return expand


def _matches(scalars: Scalars, text: Any, pattern: str) -> Any:
    """Write a pattern as the list of what matches it, in which each digit stands for all."""
    if not isinstance(text, Scalar):
        return re.fullmatch(pattern, text) is not None
    for digit in DIGITS:
        text = scalars.call("replace", text, digit, "0")
    return scalars.made("in", text, *shapes(pattern))


PIECE = re.compile(
    r"(?P<digit>\\d)|\\(?P<sign>\W)|\[(?P<some>[^]\\^-]+-?)\]|(?P<same>[^\\*+|^$.{}?\[\]()])"
)
TIMES = re.compile(r"\{(?P<least>\d)(?:,(?P<most>\d))?\}|(?P<perhaps>\?)|")


def shapes(pattern: str) -> list[str]:
    """Return the texts that a pattern without repetition matches, with 0 for any digit."""
    found, rest = _choices(pattern)
    if rest:
        raise ExportError(
            "It compares texts with {pattern}, which SQL cannot write.", pattern=pattern
        )
    return found


def _choices(pattern: str) -> tuple[list[str], str]:
    """Return what the choices up to a closing bracket match, and the pattern from there on."""
    found, rest = _sequence(pattern)
    while rest[:1] == "|":
        others, rest = _sequence(rest[1:])
        found += others
    return found, rest


def _sequence(pattern: str) -> tuple[list[str], str]:
    """Return what the pieces up to the end of a choice match, and the pattern from there on."""
    found = [""]
    while pattern and pattern[0] not in "|)":
        if pattern[0] == "(":
            own, rest = _choices(pattern[1:])
            closed, rest = rest[:1] == ")", rest[1:]
        else:
            piece = PIECE.match(pattern)
            closed, rest = piece is not None, pattern[piece.end() if piece else 0 :]
            own = list((piece["some"] or piece["sign"] or piece["same"] or "0") if piece else "")
        if not closed:
            return found, pattern
        said = TIMES.match(rest)
        assert said is not None
        least = 0 if said["perhaps"] else int(said["least"] or 1)
        most = 1 if said["perhaps"] else int(said["most"] or least)
        repeated = [
            "".join(each) for n in range(least, most + 1) for each in product(own, repeat=n)
        ]
        found = [before + after for before in found for after in repeated]
        pattern = rest[said.end() :]
    return found, pattern


def _tokens(scalars: Scalars, node: RecordedNode, texts: np.ndarray, **_: Any) -> np.ndarray:
    raise _no_words()


def _no_words() -> ExportError:
    return ExportError(
        "It counts the words of a text, which SQL cannot find.",
        "Fit again and leave the column of text out by --drop.",
    )


def _plain(operation: str) -> Callable[..., np.ndarray]:
    """Write an operation that only moves values."""
    return lambda scalars, node, *arrays: OPERATIONS[operation](*arrays, **node.settings)


EXPANDED: Mapping[str, Callable[..., np.ndarray]] = {
    **{operation: _by_each(operation) for operation in BUILT},
    **{name: _plain(name) for name in ("reshape", "transpose", "concatenate", "expand", "slice")},
    "constant": _constant,
    "cast": _cast,
    "matmul": _matmul,
    "take": _take,
    "sum": _by_axis(lambda scalars, values: scalars.total([(1.0, value) for value in values])),
    "max": _by_axis(lambda scalars, values: scalars.extreme("greater_equal", values)),
    "min": _by_axis(lambda scalars, values: scalars.extreme("less_equal", values)),
    "argmax": _by_axis(lambda scalars, values: scalars.place(values)),
    "sort": _sort,
    "zeros": lambda scalars, node, x: _filled(x.shape, *[0.0] * x.size),
    "look_up": _each_text(Scalars.looked_up),
    "look_up_folded": _each_text(Scalars.looked_up_folded),
    "split": _each_text(Scalars.cut),
    "matches": _each_text(_matches),
    "tokens": _tokens,
}
"""How each operation of `OPERATIONS` is written."""

assert EXPANDED.keys() == OPERATIONS.keys()
