"""The command line in the user's language: that of ``--lang``, else that of the locale."""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import typer

from gradum.languages import known_language, language
from gradum.messages import DOMAIN, FOLDER, say, speak, spoken

OPTION = "--lang"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts
_HELP_WORDS = ("-h", "--help")
_TEXTS = ("help", "metavar", "options_metavar", "subcommand_metavar")


def choose_language(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Choose the language asked for; return the command's words without ``--lang``.

    The option may stand anywhere among them: ``gradum --lang zh fit …`` and
    ``gradum fit … --lang zh``.

    Raises
    ------
    SpecError
        gradum does not speak the language.
    """
    speak(of_locale(environment))
    others, given = [], iter(words)
    for word in given:
        name, equals, value = word.partition("=")
        if word == "--":
            others += [word, *given]
        elif name == OPTION:
            language(value if equals else next(given, ""))
        else:
            others.append(word)
    return others


def of_locale(environment: Mapping[str, str]) -> str:
    """Return the language of the locale, as GNU gettext finds it; English if gradum lacks it."""
    locale = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    asked = [locale]
    if locale.partition(".")[0] not in ("", "C", "POSIX"):  # where messages are never translated
        asked = [*environment.get("LANGUAGE", "").split(":"), locale]
    return next(filter(None, map(known_language, asked)), "en")


def helps(command: Any) -> Iterator[str]:
    """Return every help sentence of a command and its subcommands, and the words for values."""
    for part, name in _texts(command):
        yield getattr(part, name)


def translated(command: Any) -> Any:
    """Return a copy of a command and its subcommands with their help in the language in use."""
    if spoken() == "en":
        return command
    from gradum.app.cli import help_pages  # loads the widths of all characters, which is slow

    command = deepcopy(command)
    # The command-line library looks for its own sentences in the catalogue of the locale.
    os.environ["LANGUAGE"] = spoken()
    gettext.bindtextdomain(DOMAIN, str(FOLDER))
    gettext.textdomain(DOMAIN)
    for part, name in _texts(command):
        setattr(part, name, say(getattr(part, name)))
    for entry in (command, *command.commands.values()):
        entry.context_class = help_pages.ChineseContext
    return command


def _texts(command: Any) -> Iterator[tuple[Any, str]]:
    """Yield each object that has a text to show, and the name of the text's attribute."""
    for part in _parts(command):
        for name in _TEXTS:
            if getattr(part, name, None):
                yield part, name


def _parts(command: Any) -> Iterator[Any]:
    """Return a command, its options and arguments, and those of its subcommands."""
    yield command
    yield from command.params
    yield command.get_help_option(typer.Context(command, help_option_names=list(_HELP_WORDS)))
    for below in getattr(command, "commands", {}).values():
        yield from _parts(below)
