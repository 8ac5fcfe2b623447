"""Sentences for the user: written in English in the code, shown in the user's language.

In the code, a sentence is written inside `say`. ``locale/`` has a folder for each other language,
with its translations, one file per room (``.po``, as in GNU gettext), and all of them compiled
(``.mo``). ``python -m docs.catalogue`` gathers new sentences and compiles them; CONTRIBUTING, "How
to say something", has the rules. Values, such as names and levels from tables, are inserted after
the sentence is translated, and so never change.

What is said is a string that also knows how it was said, in any language (`Said`). A file keeps
both (`ship/sayings.py`), and a run in English can be read in Chinese.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Any, Literal

FOLDER = Path(__file__).parent / "locale"
DOMAIN = "gradum"
LANGUAGES = ("en", "zh")
CONVERSIONS = {"r": repr, "s": str, "a": ascii}

_code = "en"
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def speak(code: str) -> None:
    """Use one of `LANGUAGES` from now on, in the whole process."""
    global _code, _catalogue
    _code = code
    _catalogue = (
        gettext.NullTranslations()
        if code == "en"
        else gettext.translation(DOMAIN, FOLDER, languages=[code])
    )


def spoken() -> str:
    """Return the current language: "en" or "zh"."""
    return _code


class Said(str):
    """A text in one language, with ``how`` it was said, from which it can be said in another.

    Parameters
    ----------
    *how
        One of: ``"say"``, message, values; ``"plural"``, message for one, for many, count, values;
        ``"join"``, what stands between the parts, parts; ``"sentences"``, parts; ``"upper"`` or
        ``"lower"``, of which the first letter is to be so; ``"clause"``, a sentence without its
        full stop. Values are texts by the place that they fill, such as "rows:,". Each text in it
        may be a `Said` in turn.
    """

    __slots__ = ("how",)
    how: tuple[Any, ...]

    def __new__(cls, *how: Any) -> Said:
        """Say it in the current language."""
        said = super().__new__(cls, _text(*how))
        said.how = how
        return said

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the text in its language when it goes to another process."""
        return _kept, (str(self), self.how)

    def join(self, parts: Iterable[str], /) -> str:
        """Join texts, as every string does."""
        return joined(self, parts)

    def __add__(self, other: str, /) -> str:
        """Append a text."""
        return joined("", (self, other))

    def __radd__(self, other: str, /) -> str:
        """Append this to a text."""
        return joined("", (other, self))


def joined(between: str, parts: Iterable[str]) -> str:
    """Join texts by another."""
    several = tuple(parts)
    return several[0] if len(several) == 1 else Said("join", between, several)


def as_text(value: object) -> str:
    """Return what was said as a string and no more; msgspec's ``enc_hook``, which wants that."""
    if isinstance(value, Said):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def say(message: str, /, **values: Any) -> str:
    """Return a sentence in the current language, with its values inserted.

    Parameters
    ----------
    message : str
        The English sentence, in the form for `str.format`: ``"{rows:,} rows of {column}"``.
    **values
        The values to insert.
    """
    return Said("say", message, _by_place(message, values))


def say_plural(one: str, many: str, count: int, /, **values: Any) -> str:
    """Return the sentence that fits a number of things, inserted at ``{count}``."""
    values["count"] = count
    return Said("plural", one, many, int(count), _by_place(one, values) | _by_place(many, values))


def is_message(message: str) -> bool:
    """Return whether gradum says a message, of a number of things that for one."""
    return message in _messages()


def marked(message: str) -> str:
    """Return a sentence unchanged, to add it to the catalogue; `say` it where it is shown.

    This is for sentences written before the language is known, such as titles in a table of the
    code.
    """
    return message


def sentences(parts: Iterable[str]) -> str:
    """Join sentences, with spaces if the language uses them; leave out empty ones."""
    return Said("sentences", tuple(part for part in parts if part))


def listed(parts: Sequence[str], last: Literal["", "and", "or"] = "") -> str:
    """Join names: "a, b, c", or with a word before the ``last`` one, "a, b and c"."""
    comma = say(", ")
    if len(parts) < 2 or not last:
        return comma.join(parts)
    others = comma.join(parts[:-1])
    if last == "or":
        return say("{others} or {last}", others=others, last=parts[-1])
    return say("{others} and {last}", others=others, last=parts[-1])


@cache
def _messages() -> frozenset[str]:
    """Return what is translated, which is all that gradum says."""
    catalogue: Any = gettext.translation(DOMAIN, FOLDER, languages=[LANGUAGES[-1]])
    return frozenset(each if isinstance(each, str) else each[0] for each in catalogue._catalog)


def _text(form: str, *how: Any) -> str:
    match form, how:
        case "say", (message, values):
            return _filled(_catalogue.gettext(message), values)
        case "plural", (one, many, count, values):
            return _filled(_catalogue.ngettext(one, many, count), values)
        case "join", (between, parts):
            return str(between).join(parts)
        case "sentences", (parts,):
            return ("" if _code == "zh" else " ").join(parts)
        case "upper", (text,):
            return text[:1].upper() + text[1:]
        case "lower", (text,):
            return text if text[1:2].isupper() else text[:1].lower() + text[1:]
        case "clause", (text,):
            return text.rstrip(".。")
    raise ValueError(form)


def _kept(text: str, how: tuple[Any, ...]) -> Said:
    """Return what was said in the language in which it was said."""
    said = str.__new__(Said, text)
    said.how = how
    return said


def _filled(message: str, values: dict[str, str]) -> str:
    return "".join(
        text if place is None else text + values[place] for text, place in _pieces(message)
    )


def _by_place(message: str, values: dict[str, Any]) -> dict[str, str]:
    """Return each value as the text that a message wants in its place."""
    return {
        place: value
        if isinstance(value := values[name], Said) and place == name
        else format(value if convert is None else convert(value), form)
        for place, name, convert, form in _places(message)
    }


@lru_cache(10_000)
def _pieces(message: str) -> list[tuple[str, str | None]]:
    """Return each text of a message, and what stands in the braces after it, such as "rows:,"."""
    return [
        (
            text,
            name and name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else ""),
        )
        for text, name, form, conversion in Formatter().parse(message)
    ]


@lru_cache(10_000)
def _places(message: str) -> list[tuple[str, str, Callable[[Any], str] | None, str]]:
    """Return of each pair of braces what stands in them, and its parts: name, conversion, form."""
    pieces = zip(_pieces(message), Formatter().parse(message), strict=True)
    return [
        (place, name, CONVERSIONS.get(conversion or ""), form or "")
        for (_, place), (_, name, form, conversion) in pieces
        if place is not None and name is not None
    ]
