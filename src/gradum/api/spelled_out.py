"""Show each of a function's ``**options`` in its signature and its docstring.

A type checker and an editor read the source, and find the options in `Options`; this is for
notebooks and for ``help``, which ask the function itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import cleandoc
from typing import Any, TypeVar

from gradum.run.options.option_table import OPTIONS, TYPES, signature_with_options

Function = TypeVar("Function", bound=Callable[..., Any])
ENTRY = re.compile(r"\*\*options : Options\n(?: {4}.*\n)+")


def spell_out(function: Function) -> Function:
    """Put the options of the table in place of ``**options``; the function works as before."""
    shown: Any = function
    shown.__signature__ = signature_with_options(function, TYPES)
    if function.__doc__:  # Python can be told to leave it out
        entries = "".join(
            f"{name} : {option.metavar or 'bool'}\n    {option.help}\n"
            for name, option in OPTIONS.items()
        )
        shown.__doc__ = ENTRY.sub(lambda _: entries, cleandoc(function.__doc__))
    return function
