"""Packages that only some tables need, and how to get them."""

from __future__ import annotations

import importlib
from typing import Any

from gradum.errors import TableError


def needs(package: str, extra: str, what: str) -> Any:
    """Import a package that an extra of gradum brings.

    Parameters
    ----------
    package, extra : str
    what : str
        What needs it, as a sentence begins: "Workbooks".

    Raises
    ------
    TableError
        It is not installed; the message says how to.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise TableError(
            f"{what} are read by the package {package.split('.')[0]}, which is not installed.",
            f"pip install 'gradum[{extra}]'",
        ) from None
