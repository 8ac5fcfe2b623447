"""Packages that only some files need, and how to get them."""

from __future__ import annotations

import importlib
from typing import Any

from gradum.errors import GradumError, TableError
from gradum.messages import say


def needs(package: str, extra: str, what: str, error: type[GradumError] = TableError) -> Any:
    """Import a package that an extra of gradum brings.

    Parameters
    ----------
    what : str
        What needs it, as the beginning of a sentence: "Workbooks".
    error : type
        What to raise if it is not installed.

    Raises
    ------
    TableError or other error
        It is not installed; the message says how to.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise error(
            say(
                "{what} need the package {package}, which is not installed.",
                what=what,
                package=package.split(".")[0],
            ),
            say("pip install 'gradum[{extra}]'", extra=extra),
        ) from None
