"""Sentences for the user: written in English in the code, shown in the user's language.

In the code, a sentence is written inside `say`. ``locale/`` has a folder for each other language,
with its translations, one file per room (``.po``, as in GNU gettext), and all of them compiled
(``.mo``). ``python docs/catalogue.py`` gathers new sentences and compiles them; CONTRIBUTING, "How
to say something", has the rules. Values, such as names and levels from tables, are inserted after
the sentence is translated, and so never change.
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


def say(message: str, /, **values: Any) -> str:
    """Return a sentence in the current language, with its values inserted.

    Parameters
    ----------
    message : str
        The English sentence, in the form for `str.format`: ``"{rows:,} rows of {column}"``.
    **values
        The values to insert.
    """
    return _catalogue.gettext(message).format(**values)


def say_plural(one: str, many: str, count: int, /, **values: Any) -> str:
    """Return the sentence that fits a number of things, inserted at ``{count}``."""
    return _catalogue.ngettext(one, many, count).format(count=count, **values)


def marked(message: str) -> str:
    """Return a sentence unchanged, to add it to the catalogue; `say` it where it is shown.

    This is for sentences written before the language is known, such as titles in a table of the
    code.
    """
    return message


def sentences(parts: Iterable[str]) -> str:
    """Join sentences, with spaces if the language uses them; leave out empty ones."""
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
