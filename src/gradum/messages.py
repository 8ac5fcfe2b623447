"""Sentences for the user: written in English here, said in the language of the user.

A sentence stands in the code inside `say`. ``locale/`` has a folder for each other language: its
translations, a file a room (``.po``, as GNU gettext has them), and all of them compiled (``.mo``).
``python docs/catalogue.py`` gathers new sentences and compiles; CONTRIBUTING, "How to say
something", has the rules. Values, such as names and levels from tables, are put in their places
after the sentence is translated, and so are never touched.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent / "locale"
DOMAIN = "gradum"
LANGUAGES = ("en", "zh")

_code = "en"
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def speak(code: str) -> None:
    """Use one of `LANGUAGES` from here on, in the whole process."""
    global _code, _catalogue
    _code = code
    _catalogue = (
        gettext.NullTranslations()
        if code == "en"
        else gettext.translation(DOMAIN, FOLDER, languages=[code])
    )


def spoken() -> str:
    """Return the language in use: "en" or "zh"."""
    return _code


def say(message: str, /, **values: Any) -> str:
    """Return a sentence in the language in use, with the values in their places.

    Parameters
    ----------
    message : str
        In English, as `str.format` takes it: ``"{rows:,} rows of {column}"``.
    **values
        What stands in the places.
    """
    return _catalogue.gettext(message).format(**values)


def say_plural(one: str, many: str, count: int, /, **values: Any) -> str:
    """Return the sentence that fits a number of things, which stands at ``{count}`` in it."""
    return _catalogue.ngettext(one, many, count).format(count=count, **values)


def marked(message: str) -> str:
    """Return a sentence as it is, for the catalogue to have it; `say` it where it is shown.

    For what is written before the language is known, such as titles in a table of the code.
    """
    return message


def sentences(parts: Iterable[str]) -> str:
    """Join sentences, by a space where the language puts one; empty ones are left out."""
    return ("" if _code == "zh" else " ").join(part for part in parts if part)


def listed(parts: Sequence[str], last: Literal["", "and", "or"] = "") -> str:
    """Join names: "a, b, c", or with a word before the ``last`` one, "a, b and c"."""
    comma = say(", ")
    if len(parts) < 2 or not last:
        return comma.join(parts)
    others = comma.join(parts[:-1])
    if last == "or":
        return say("{others} or {last}", others=others, last=parts[-1])
    return say("{others} and {last}", others=others, last=parts[-1])
