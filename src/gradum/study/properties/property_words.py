"""The parts of a property's text: columns, numbers, ranges, amounts, and lists of these.

A column has the same name as in the table. If a text begins with the names of several columns, the
longest name that leaves a readable rest counts. Quotes, single ('…') or double ("…"), enclose a
name or level that contains a comma, and show where a name ends: if there is also a column a+, then
'a'+ is the column a, rising.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from gradum.errors import PropertyError
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.tables.columns import Column, Label
from gradum.tables.schema.schema import Schema
from gradum.tables.wording import SHOWN_NAMES, nearest, quoted

QUOTES = "'\""
AMOUNT = re.compile(r"^(?:±|\+/-|\+-)\s*(\S+?)\s*(%?)$")
QUALIFIER = re.compile(r"\b(of|within)\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))$")


class WithSchema(Protocol):
    """Anything with columns: a fitted model, or a foreign network."""

    @property
    def schema(self) -> Schema:
        """The columns."""
        ...


class Amount(NamedTuple):
    """How far a value may move either way: a number, or a share of the value."""

    size: float
    relative: bool


def parts_of(text: str, separator: str = ",") -> list[str]:
    """Return the parts of a list, without surrounding blanks; quotes keep a part together."""
    parts, start, quote = [], 0, ""
    for place, letter in enumerate(text):
        if letter == separator and not quote:
            parts.append(text[start:place])
            start = place + 1
        elif letter in QUOTES and quote in ("", letter):
            before = text[max(start, place - 1) : place]
            begins = not before.isalnum()  # after a letter it is an apostrophe
            quote = "" if quote else letter if begins else ""
    return [part.strip() for part in (*parts, text[start:])]


def unquoted(text: str) -> str:
    """Return a name without any quotes around it."""
    if len(text) > 1 and text[0] in QUOTES and text[-1] == text[0]:
        return text[1:-1]
    return text


def column_of(
    text: str, fitted: WithSchema, can_be_read: Callable[[str], bool] = lambda rest: True
) -> tuple[Column, str]:
    """Return the column that a text begins with, and the text after its name.

    Parameters
    ----------
    can_be_read : callable
        Whether the rest after a name can be read. If the text begins with several names, the
        longest one with a readable rest counts, or the longest of all if there is none.

    Raises
    ------
    ColumnError
        The text begins with no column's name; the message has the nearest names.
    PropertyError
        The text is empty.
    """
    text = text.strip()
    if not text:
        raise PropertyError("A property names no column.", 'Write it as in "monotone age+".')
    names = [column.name for column in fitted.schema.columns if _begins_with(text, column.name)]
    if not names and text[0] in QUOTES and text.find(text[0], 1) > 0:
        end = text.find(text[0], 1)
        return fitted.schema.column(text[1:end]), text[end + 1 :].strip()
    rests = {name: text[len(name) :].strip() for name in sorted(names, key=len, reverse=True)}
    for name in [name for name in rests if can_be_read(rests[name])] or rests:
        return fitted.schema.column(name), rests[name]
    unknown = re.split(r"[\s±]|\+|-$", text)[0]
    return fitted.schema.column(unknown or text), ""


def _begins_with(text: str, name: str) -> bool:
    rest = text[len(name) :]
    return bool(name) and text.startswith(name) and not (rest[:1].isalnum() or rest[:1] == "_")


def number_of(text: str) -> float:
    """Return a finite number.

    Raises
    ------
    PropertyError
        The text is not a finite number.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise PropertyError("{text!r} is no number.", "Write numbers as 1000 or 0.05.", text=text)
    return number


def range_of(text: str) -> tuple[float, float] | None:
    """Return the ends of ``LOW..HIGH``, infinite where one is left out; None if it is not a range.

    Raises
    ------
    PropertyError
        An end is not a number, or the ends are in the wrong order.
    """
    low, dots, high = text.partition("..")
    if not dots or high.startswith(".") or not (low.strip() or high.strip()):
        return None  # "0...1" could end at 1 or at 0.1
    ends = (
        number_of(low.strip()) if low.strip() else -math.inf,
        number_of(high.strip()) if high.strip() else math.inf,
    )
    if ends[0] > ends[1]:
        raise PropertyError(
            "The range {range} begins above its end.",
            "Write the lesser number first.",
            range=text.strip(),
        )
    return ends


def amount_of(text: str) -> Amount | None:
    """Return the amount in ``±5%``, ``+/-5%`` or ``+-1``; None if the text is no amount.

    Raises
    ------
    PropertyError
        The amount is not a number, or is below 0.
    """
    match = AMOUNT.match(text.strip())
    if match is None:
        return None
    size = number_of(match[1])
    if size < 0:
        raise PropertyError("An amount is below 0: {text}.", "Write ±1 or ±5%.", text=text.strip())
    return Amount(size / 100 if match[2] else size, bool(match[2]))


def qualifiers(text: str, allowed: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Split ``of CLASS`` and ``within NUMBER``, if they are allowed, off the end of a text.

    Returns
    -------
    str
        The rest of the text.
    dict of str to str
        The text after each of these words.
    """
    taken: dict[str, str] = {}
    text = text.strip()
    while (match := QUALIFIER.search(text)) and match[1] in allowed and match[1] not in taken:
        taken[match[1]] = next(word for word in match.groups()[1:] if word is not None)
        text = text[: match.start()].rstrip()
    return text, taken


def within_of(words: dict[str, str]) -> float:
    """Return how much answers may differ according to `qualifiers`; 0 if they do not say.

    Raises
    ------
    PropertyError
        The value is below 0, or not a number.
    """
    within = number_of(words.get("within", "0"))
    if within < 0:
        raise PropertyError(
            "Answers cannot differ by less than 0, as by {within}.",
            "Give a number from 0 up behind within.",
            within=within,
        )
    return within


def class_of(text: str | None, fitted: Fitted) -> int | None:
    """Return the position of the named class, or of the second of two classes; None for a number.

    Raises
    ------
    PropertyError
        There is no such class, or none is named where there are more than two.
    """
    classes = fitted.classes
    if not classes:
        if text is not None:
            raise PropertyError(
                "The target is a number, and has no class {name!r}.",
                "Leave the class out.",
                name=text,
            )
        return None
    if text is None:
        if len(classes) > 2:
            raise PropertyError(
                "The target has {count} classes, and none is named.",
                'Add "of CLASS", of the classes {names}.',
                count=len(classes),
                names=quoted(classes, SHOWN_NAMES),
            )
        return len(classes) - 1
    return place_of(text, classes)


def place_of(text: str, classes: Sequence[Label]) -> int:
    """Return the position of a class.

    Raises
    ------
    PropertyError
        There is no class with that name.
    """
    names = [str(label) for label in classes]
    if text in names:
        return names.index(text)
    raise PropertyError(
        say("The model has no class {name!r}.", name=text), nearest(text, names, say("classes"))
    )
