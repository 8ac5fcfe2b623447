"""The values of options as people write them: folds, encodings, columns, sizes, costs.

Nothing heavy is imported here until a value is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gradum.errors import SpecError
from gradum.messages import marked, say

if TYPE_CHECKING:
    from gradum.run.spec.spec import Cost


ZERO_FOLDS = marked("Cross-validation with 0 folds cannot hold rows out.")
ZERO_STEPS = marked("0 steps ahead are no forecast.")


def but_zero(refusal: str) -> Callable[[int], int]:
    """Return a reader of a number that refuses 0, which a spec takes for "not given".

    Parameters
    ----------
    refusal : str
        Why 0 is no value, a `marked` sentence.
    """

    def read(value: int) -> int:
        if value == 0:
            raise SpecError(say(refusal), say("Leave it out."))
        return value

    return read


def read_encoding(value: str) -> str:
    """Take the name of an encoding of text.

    Raises
    ------
    SpecError
        There is no such encoding.
    """
    from gradum.tables.formats.encoding import check_encoding

    check_encoding(value)
    return value


def read_names(value: Any) -> tuple[str, ...]:
    """Take the name of one column, or the names of several.

    Raises
    ------
    SpecError
        The value does not name any column.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    several = isinstance(value, Iterable) and not isinstance(value, bytes)
    names: tuple[Any, ...] = tuple(dict.fromkeys(value)) if several else (value,)
    for name in names:
        if not isinstance(name, str):
            from gradum.tables.wording import shortened

            raise SpecError(
                "{value} names no column.",
                "Give the name of a column as a text, or a list of such names.",
                value=shortened(repr(name)),
            )
    return names


def read_monotone(value: Any) -> tuple[str, ...]:
    """Take columns with their signs, ``"age+"`` or several such, or a mapping of names to signs.

    In a mapping, signs may also be scikit-learn's: 1, -1, and 0 for a column without a direction.

    Raises
    ------
    SpecError
        A sign in a mapping is not valid. The spec checks signs behind names.
    """
    if not isinstance(value, Mapping):
        return read_names(value)
    columns = []
    for name, sign in value.items():
        written = {"+": "+", "-": "-", "1": "+", "-1": "-", "0": ""}.get(str(sign))
        if written is None:
            raise SpecError(
                "The direction of {column!r} is {sign!r}.",
                "Give + or -, 1 or -1.",
                column=name,
                sign=sign,
            )
        columns += [f"{name}{written}"] if written else []
    return tuple(columns)


def read_order(value: Any) -> tuple[str, ...]:
    """Take classes from the lowest up, as ``"low<mid<high"`` or as a list of them.

    Raises
    ------
    SpecError
        It is no order: it names fewer than three classes, or one of them twice.
    """
    levels = value.split("<") if isinstance(value, str) else [str(level) for level in value]
    order = tuple(level.strip() for level in levels)
    remedy = say('Name at least three classes from the lowest up, such as "low<mid<high".')
    if len(order) < 3 or not all(order) or any("<" in level for level in order):
        raise SpecError(
            say("--ordered is {order!r}, which is no order of three classes.", order=str(value)),
            remedy,
        )
    twice = [level for level in order if order.count(level) > 1]
    if twice:
        raise SpecError(say("--ordered names {level!r} twice.", level=twice[0]), remedy)
    return order


def write_order(order: Iterable[str]) -> str:
    """Write classes in the form in which `read_order` takes them."""
    return "<".join(order)


def read_size(value: Any) -> int:
    """Take a number of bytes, or a text such as ``"1500MB"`` or ``"2 GiB"``.

    Raises
    ------
    SpecError
        The size cannot be read.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _some_memory(value)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?\s*", str(value).lower())
    if match is None:
        raise SpecError(
            "The memory {value!r} cannot be read.",
            "Give bytes, or a size such as 2GB.",
            value=value,
        )
    number, unit, binary = match.groups()
    power = 0 if unit is None else "kmgt".index(unit) + 1
    return _some_memory(int(float(number) * (1024 if binary else 1000) ** power))


def _some_memory(count: int) -> int:
    """Refuse a number of bytes that no machine has."""
    from gradum.tables.wording import shortened

    if not 0 < count < 2**63:
        raise SpecError(
            "A memory of {count} bytes is none to use.",
            "Give bytes, or a size such as 2GB.",
            count=shortened(count),
        )
    return count


def read_cost(value: Any) -> Cost | None:
    """Take costs as ``"FP=1,FN=5"``, or as a mapping with the same words.

    Raises
    ------
    SpecError
        The costs cannot be read, or are not above 0.
    """
    from gradum.run.spec.spec import Cost

    if value is None or isinstance(value, Cost):
        return value
    try:
        pairs = value if isinstance(value, Mapping) else dict(_pairs(value))
        costs = {str(name).strip().upper(): float(cost) for name, cost in pairs.items()}
        return Cost(false_positive=costs.pop("FP"), false_negative=costs.pop("FN"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError(
            "The cost of mistakes {value!r} cannot be read.",
            "Give what a false positive and a false negative cost, such as FP=1,FN=5.",
            value=value,
        ) from None


def write_cost(cost: Cost) -> str:
    """Write costs in the form in which `read_cost` takes them."""
    return f"FP={cost.false_positive:g},FN={cost.false_negative:g}"


def _pairs(text: str) -> list[list[str]]:
    return [part.split("=") for part in text.split(",")]
