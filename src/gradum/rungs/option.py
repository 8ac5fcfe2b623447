"""One option: what is known of it besides its name and its type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Option(NamedTuple):
    """What is known of an option besides its name and its type."""

    field: str | None
    """The field of the spec that holds the value, such as "seed" or "split.folds"; None where the
    value is not part of the spec."""
    help: str
    """What the option does, in one line."""
    metavar: str = ""
    """What stands for the value in the help; switches have no metavar."""
    default: Any = None
    """The same default as in the spec; None leaves it to the spec. A switch whose default is False
    can only be turned on."""
    flag: str = ""
    """Its name on the command line, without dashes, where it differs from the option's name."""
    on_command_line: bool = True
    """Whether the command line has it. An option that only Python has is a part of the spec, given
    as it is or as a mapping of its fields."""
    harmless: bool = False
    """Whether it may be given although the rung that it sets is not fitted."""
    read: Callable[[Any], Any] = lambda value: value
    """Takes a value as people write it, and returns what the spec holds."""
    write: Callable[[Any], Any] = lambda value: value
    """Writes what the spec holds in a form that ``read`` takes, to repeat a run; None leaves the
    option out."""
