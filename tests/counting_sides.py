"""Sides that count their rounds, in a module that their processes import at once."""

import os
from pathlib import Path

from benchmarks.sides import Absent


def counting(journal, name):
    """A side that notes its rounds in a journal and counts them."""
    rounds = 0

    def one_round():
        nonlocal rounds
        rounds += 1
        print("what a library prints is no answer")
        with Path(journal).open("a") as file:
            file.write(name)
        return {"round": rounds, "process": os.getpid()}

    return one_round


def lacking():
    """A side whose library is not installed."""
    import a_library_that_nobody_has  # noqa: F401


def refusing():
    """A side that cannot be measured."""
    raise Absent("the library fails")


def raising():
    """A side that breaks."""
    raise ValueError("broken")
