"""Errors in how a command was called, in the language of the user.

The command-line library reports them in English, and partly only in its message.
"""

from __future__ import annotations

import re
from typing import Any

from gradum.errors import SpecError
from gradum.messages import listed, say, sentences, spoken

_NO_COMMAND = re.compile(r"No such command '(.*?)'\.?(?: Did you mean (.*)\?)?")
_MORE_WORDS = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)")


def misused(error: Any) -> SpecError:
    """Report what was wrong with the command's words like any other mistake."""
    command = error.ctx.command_path if error.ctx else "gradum"
    if spoken() == "en":
        message = error.format_message().partition(", unable to")[0].rstrip(".")
        message += "" if message.endswith("?") else "."
    else:
        message = _in_words(error)
    return SpecError(message, say("See {command} --help.", command=command))


def _in_words(error: Any) -> str:
    possible = getattr(error, "possibilities", None) or ()
    if hasattr(error, "option_name"):
        if hasattr(error, "possibilities"):
            return _no_option(error.option_name, possible)
        if "does not take" in error.message:
            return say("The option {name} takes no value.", name=error.option_name)
        return say("The option {name} needs a value.", name=error.option_name)
    if getattr(error, "param", None) is not None:
        return _unusable(error)
    if match := _NO_COMMAND.match(error.message):
        return _no_command(match[1], match[2] or listed([*map(repr, possible)], "or"))
    if match := _MORE_WORDS.match(error.message):
        return say("{words} is more than the command takes.", words=match[1])
    return say("The command cannot be read: {cause}.", cause=error.format_message().rstrip("."))


def _no_option(name: str, possible: Any) -> str:
    return sentences(
        (
            say("There is no option {name}.", name=name),
            say("Perhaps {names} is meant.", names=listed(sorted(possible), "or"))
            if possible
            else "",
        )
    )


def _no_command(name: str, possible: str) -> str:
    return sentences(
        (
            say("There is no command {name!r}.", name=name),
            say("Perhaps {names} is meant.", names=possible) if possible else "",
        )
    )


def _unusable(error: Any) -> str:
    """Say which option or argument is missing, or has a value of the wrong kind."""
    option = error.param.param_type_name == "option"
    name = " / ".join(error.param.opts) if option else error.param.metavar
    if hasattr(error, "param_type"):
        if option:
            return say("The option {name} is missing.", name=name)
        return say("The argument {name} is missing.", name=name)
    if "integer" in error.message:
        return say("The value of {name} is no whole number.", name=name)
    if "number" in error.message or "float" in error.message:
        return say("The value of {name} is no number.", name=name)
    return say("The value of {name} does not fit: {cause}.", name=name, cause=error.message)
