"""The text of a query: what is used more than once is a column of a common table expression."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gradum.errors import ExportError, TooLargeError
from gradum.ship.forms.sql.scalars import LARGEST_NUMBER, Scalar, weighted
from gradum.tables.kinds.step import MISSING
from gradum.tables.sources.select_statement import identifier

TABLE = "rows"
"""The name that stands for the user's table."""
ROWS, ROW = "gradum_rows", "gradum_row"
BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))).translate(
    dict.fromkeys(range(0x1C, 0x20))
)
"""What gradum leaves out around a text: Unicode's property White_Space."""
MOST_REPEATED = 2_000
"""How many operations a query of one expression for each answer may have."""
LEAST_SHARED = 2
"""How many operations must be saved for something to become a column."""
DEEPEST = 24
"""How deep an expression is; older parsers of SQLite hold a hundred open brackets and cases."""
IN_A_SUM = 32
"""So many terms are added one after another; of more, sums are added."""
MOST_COLUMNS = 1_500
"""Of a layer; PostgreSQL has at most 1,664, SQLite 2,000."""


def query(answers: Mapping[str, Any], row: str) -> str:
    """Return a query that answers each row of a table.

    Parameters
    ----------
    answers : mapping of str to Scalar or plain value
        The answers by their columns.
    row : str
        The name of the column that numbers the rows, if there is one.

    Raises
    ------
    ExportError
        A layer has more columns than databases have.
    """
    order = _children_first(answers.values())
    if _is_small(order, answers.values()):
        written = Written({})
        columns = _named({name: written.answer(value) for name, value in answers.items()})
        return (
            f"WITH {ROWS} AS (SELECT * FROM {identifier(TABLE)})\n"
            f"SELECT {ROWS}.*,\n  {columns}\nFROM {ROWS}"
        )
    layers = _layers(order, answers.values())
    lines = [
        f"WITH {ROWS} AS MATERIALIZED (SELECT row_number() OVER () AS {identifier(row)}, *"
        f" FROM {identifier(TABLE)})"
    ]
    names: dict[Scalar, str] = {}
    before, known = ROWS, identifier(row)
    last_use = _last_uses(order, layers, answers.values())
    for level in range(1, max(layers.values()) + 1):
        own = [scalar for scalar in order if layers.get(scalar) == level]
        carried = [s for s in names if last_use[s] > level - 1 and layers[s] < level]
        if len(own) + len(carried) >= MOST_COLUMNS:
            raise too_wide(len(own) + len(carried))
        written = Written(names)
        fresh = {f"v{len(names) + k}": written(scalar, own=True) for k, scalar in enumerate(own)}
        kept = [known, *(names[scalar] for scalar in carried)]
        names |= dict(zip(own, fresh, strict=True))
        layer = f"gradum_{level}"
        columns = ", ".join(kept) + (",\n  " + _named(fresh, quoted=False) if fresh else "")
        lines.append(f"{layer} AS MATERIALIZED (SELECT {columns}\n  FROM {before})")
        before = layer
    written = Written(names)
    columns = _named({name: written.answer(value) for name, value in answers.items()})
    same = f"{before}.{identifier(row)} = {ROWS}.{identifier(row)}"
    return (
        ",\n".join(lines) + f"\nSELECT {ROWS}.*,\n  {columns}\nFROM {ROWS} JOIN {before} ON {same}"
    )


def too_wide(columns: int) -> TooLargeError:
    """Return the error for more columns than databases have."""
    return TooLargeError(
        "The model is too wide for SQL: {columns:,} columns at once, of at most {most:,}.",
        "Add --compress 1% (compress=0.01) to distil an ensemble into a smaller model, or "
        "export --rung linear.",
        columns=columns,
        most=MOST_COLUMNS,
    )


def _named(columns: Mapping[str, str], *, quoted: bool = True) -> str:
    named = ((text, identifier(name) if quoted else name) for name, text in columns.items())
    return ",\n  ".join(f"{text} AS {name}" for text, name in named)


def _children(scalar: Scalar) -> list[Scalar]:
    """Return what a scalar is written with; conditions are part of their choice."""
    parts = scalar.parts
    if scalar.operation == "choice" and parts[0].operation == "conditions":
        parts = parts[0].parts
    return [part for part in parts if _is(part)]


def _is(value: Any) -> bool:
    return isinstance(value, Scalar)


def _children_first(values: Iterable[Any]) -> list[Scalar]:
    """Return all scalars that these need, what they are computed of before them."""
    order: dict[Scalar, None] = {}
    waiting = [(value, False) for value in values if _is(value)][::-1]
    while waiting:
        scalar, ready = waiting.pop()
        if ready:
            order[scalar] = None
        elif scalar not in order:
            waiting.append((scalar, True))
            waiting += [(child, False) for child in reversed(_children(scalar))]
    return list(order)


def _is_small(order: Sequence[Scalar], answers: Iterable[Any]) -> bool:
    """Whether answers are short expressions even if nothing is shared."""
    size: dict[Scalar, int] = {}
    depth: dict[Scalar, int] = {}
    for scalar in order:
        size[scalar] = _own_size(scalar) + sum(size[child] for child in _children(scalar))
        depth[scalar] = 1 + max((depth[child] for child in _children(scalar)), default=0)
    answered = [answer for answer in answers if _is(answer)]
    deepest = max((depth[answer] for answer in answered), default=0)
    return sum(size[answer] for answer in answered) <= MOST_REPEATED and deepest <= DEEPEST


def _own_size(scalar: Scalar) -> int:
    """Return about how many operations a scalar adds to its parts."""
    return max(len(scalar.parts) - 1, 1) if scalar.operation in ("sum", "choice", "keys") else 1


def _layers(order: Sequence[Scalar], answers: Iterable[Any]) -> dict[Scalar, int]:
    """Return the layer of each scalar that becomes a column, from 1."""
    uses = dict.fromkeys(order, 0)
    for value in answers:
        if _is(value):
            uses[value] += 1
    for scalar in order:
        for child in _children(scalar):
            uses[child] += 1
    layers: dict[Scalar, int] = {}
    below: dict[Scalar, int] = {}  # the last layer of what a scalar is written with
    size: dict[Scalar, int] = {}
    depth: dict[Scalar, int] = {}
    read: dict[Scalar, set[Scalar]] = {}  # the columns of the table that it reads by itself
    for scalar in order:
        children = _children(scalar)
        below[scalar] = max((below[child] for child in children), default=0)
        size[scalar] = _own_size(scalar) + sum(size[child] for child in children)
        depth[scalar] = 1 + max((depth[child] for child in children), default=0)
        read[scalar] = {scalar} if scalar.operation == "input" else set()
        read[scalar].update(*(read[child] for child in children))
        again = (uses[scalar] - 1) * size[scalar]
        shared = again > (0 if scalar.operation == "input" else LEAST_SHARED)
        if shared or depth[scalar] >= DEEPEST:
            layers[scalar] = below[scalar] = below[scalar] + 1
            if layers[scalar] > 1:  # the table itself is out of sight
                layers |= dict.fromkeys(read[scalar], 1)
            size[scalar], depth[scalar], read[scalar] = 0, 0, set()
    return layers


def _last_uses(
    order: Sequence[Scalar], layers: Mapping[Scalar, int], answers: Iterable[Any]
) -> dict[Scalar, int]:
    """Return the last layer that reads each column; the answers are behind all layers."""
    final = max(layers.values()) + 1
    last = dict.fromkeys(layers, 0)
    reads: dict[Scalar, set[Scalar]] = {}  # the columns that a scalar is written with
    for scalar in order:
        children = _children(scalar)
        own = {child for child in children if child in layers}
        reads[scalar] = own.union(*(reads[child] for child in children if child not in layers))
        if scalar in layers:
            for read in reads[scalar]:
                last[read] = max(last[read], layers[scalar])
    for value in answers:
        for read in ({value} if value in layers else reads[value]) if _is(value) else ():
            last[read] = final
    return last


def literal(value: Any) -> str:
    """Write a plain value; numbers with an exponent, which are doubles everywhere."""
    if isinstance(value, str):
        if "\0" in value:
            raise ExportError("A level or a class holds the character NUL, which SQL has not.")
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if math.isnan(value):
        return "NULL"
    if math.isinf(value):
        raise ExportError("Some answers are infinite, for which databases share no word.")
    text = repr(float(value))
    text = text if "e" in text else text.removesuffix(".0") + "e0"
    return f"({text})" if text[0] == "-" else text


class Written:
    """Scalars as text, by the names of those that are columns."""

    def __init__(self, names: Mapping[Scalar, str]) -> None:
        self._names = names

    def __call__(self, value: Any, *, own: bool = False) -> str:
        """Return a value as text; ``own`` for what a column itself is computed by."""
        if not _is(value):
            return literal(value)
        if value in self._names and not own:
            return self._names[value]
        return _TEXTS.get(value.operation, _infix)(self, value)

    def answer(self, value: Any) -> str:
        """Return an answer as text, a double if it is a number that is known."""
        text = self(value)
        return _double(value) if isinstance(value, float) else text

    def all_of(self, values: Iterable[Any]) -> list[str]:
        """Return each value as text that binds as closely as a name."""
        return [self.bound(value) for value in values]

    def bound(self, value: Any) -> str:
        """Return a value as text that binds as closely as a name."""
        text = self(value)
        open_signs = _is(value) and value not in self._names and value.operation not in _CLOSED
        return f"({text})" if open_signs else text

    def branches(self, choice: Scalar, factor: float | None = None) -> str:
        """Return a choice as a case; a factor is multiplied into its values."""
        selector, values = choice.parts[0], list(choice.parts[1:])
        if factor is not None:
            values = [factor * value for value in values]
        texts = [literal(value) for value in values]
        if isinstance(values[0], float):  # the other values follow the type of the first
            texts[0] = self.answer(values[0])
        if selector.operation == "conditions":
            whens = self.all_of(selector.parts)
            subject = ""
        elif selector in self._names:
            subject, whens = (
                self._names[selector] + " ",
                [str(k + 1) for k in range(len(texts) - 1)],
            )
        else:
            return _keyed(self, selector, texts)
        return _case(subject, whens, texts)


def _case(subject: str, whens: Sequence[str], texts: Sequence[str]) -> str:
    pairs = (f"WHEN {when} THEN {text}" for when, text in zip(whens, texts[:-1], strict=True))
    return f"CASE {subject}{' '.join(pairs)} ELSE {texts[-1]} END"


def _keyed(written: Written, selector: Scalar, texts: Sequence[str]) -> str:
    """Return a case by what a text is, which is read once."""
    pairs = [
        (literal(key), text)
        for keys, text in zip(selector.parts[1:], texts[:-1], strict=True)
        for key in keys
    ]
    whens, values = zip(*pairs, strict=True) if pairs else ((), ())
    return _case(f"{written.bound(selector.parts[0])} ", whens, (*values, texts[-1]))


def _input(written: Written, scalar: Scalar) -> str:
    """Read a column by the name of its table, or SQLite takes an unknown name for a text.

    Numbers that are texts in SQLite, infinity and NaN are missing: each is above all other numbers.
    """
    kind, name, *more = scalar.parts
    column = f"{ROWS}.{identifier(name)}"
    if kind == "text":
        return f"COALESCE(trim(CAST({column} AS TEXT), {literal(BLANKS)}), {literal(MISSING)})"
    number = f"CAST({column} AS DOUBLE PRECISION)"
    if kind == "number":
        return f"CASE WHEN {column} <= {_double(LARGEST_NUMBER)} THEN {number} END"
    within = f"({column} BETWEEN {_double(-more[0])} AND {_double(more[0])})"
    return (
        within
        if kind == "within"
        else (f"CASE WHEN {within} THEN {number} ELSE {literal(more[1])} END")
    )


def _double(number: float) -> str:
    """Write a number with a type, which SQLite compares with numbers alone."""
    return f"CAST({literal(number)} AS DOUBLE PRECISION)"


def _sum(written: Written, scalar: Scalar) -> str:
    terms = [_term(written, weight, value) for weight, value in weighted(scalar)]
    if scalar.parts[0] or not terms:
        terms.append(("-" if scalar.parts[0] < 0 else "+", literal(abs(scalar.parts[0]))))
    while len(terms) > IN_A_SUM:
        terms = [
            ("+", f"({_added(terms[at : at + IN_A_SUM])})") for at in range(0, len(terms), IN_A_SUM)
        ]
    return _added(terms)


def _term(written: Written, weight: float, value: Scalar) -> tuple[str, str]:
    if value.operation == "choice" and value not in written._names:
        return "+", written.branches(value, weight)
    sign, size = ("-" if weight < 0 else "+"), abs(weight)
    text = written.bound(value)
    return sign, text if size == 1.0 else f"{literal(size)} * {text}"


def _added(terms: Sequence[tuple[str, str]]) -> str:
    (sign, first), *others = terms
    return ("-" if sign == "-" else "") + first + "".join(f" {s} {text}" for s, text in others)


def _infix(written: Written, scalar: Scalar) -> str:
    first, second = written.all_of(scalar.parts)
    return f"{first} {scalar.operation} {second}"


def _choice(written: Written, scalar: Scalar) -> str:
    return written.branches(scalar)


def _places(written: Written, selector: Scalar) -> str:
    """Write which branch of keys a text belongs to, from 1; 0 for none."""
    return _keyed(written, selector, [str(k) for k in (*range(1, len(selector.parts)), 0)])


_TEXTS: dict[str, Callable[[Written, Scalar], str]] = {
    "input": _input,
    "sum": _sum,
    "choice": _choice,
    "keys": _places,
    "case": lambda written, s: "CASE WHEN {} THEN {} ELSE {} END".format(
        written(s.parts[0]), *written.all_of(s.parts[1:])
    ),
    "call": lambda written, s: f"{s.parts[0]}({', '.join(map(written, s.parts[1:]))})",
    "number of": lambda written, s: f"CAST({written(s.parts[0])} AS DOUBLE PRECISION)",
    "in": lambda written, s: (
        f"{written.bound(s.parts[0])} IN ({', '.join(map(literal, s.parts[1:]))})"
    ),
    "not": lambda written, s: f"({written(s.parts[0])}) IS NOT TRUE",
    "is null": lambda written, s: f"{written.bound(s.parts[0])} IS NULL",
}
_CLOSED = ("input", "choice", "keys", "case", "call", "number of")
"""What needs no brackets."""
