"""Checks arguments of the functions that users call against the parameters' annotations.

A parameter's annotation says of which kind its argument must be. An argument of another kind is
refused by name before anything is computed, and the message says which kinds would do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, wraps
from inspect import signature
from numbers import Integral, Real
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from gradum.errors import SpecError
from gradum.messages import listed, marked, say
from gradum.tables.wording import shortened

P = ParamSpec("P")
T = TypeVar("T")

WORDS: dict[Any, str] = {
    str: marked("a text"),
    int: marked("a whole number"),
    float: marked("a number"),
    bool: marked("True or False"),
    os.PathLike: marked("a path"),
    Mapping: marked("a dict"),
}
"""The words for each kind of argument."""


def with_checked_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function refuse arguments that are not of the kinds in its annotations.

    Raises
    ------
    SpecError
        Raised by the function if an argument is of another kind.
    """

    @cache
    def kinds() -> dict[str, Any]:
        # The types of `self` and of the returned value may be imported later.
        annotations = {
            name: kind
            for name, kind in function.__annotations__.items()
            if name not in ("return", "self")
        }
        return get_type_hints(SimpleNamespace(__annotations__=annotations), function.__globals__)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        given = signature(function).bind(*args, **kwargs).arguments
        for name, value in given.items():
            check_argument(name, value, kinds().get(name, Any))
        return function(*args, **kwargs)

    return checked


def check_argument(name: str, value: Any, kind: Any) -> None:
    """Raise SpecError if a value is not of the kind that an annotation names."""
    if not _is_of(value, kind):
        words = dict.fromkeys(_words(kind))
        raise SpecError(
            "The argument {name} cannot be {value}.",
            "Give {kinds}.",
            name=name,
            value=shortened(repr(value)),
            kinds=listed([*words], "or"),
        )


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind; NumPy's numbers count as Python's, True and False as none."""
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if origin is Any:
        return True
    if origin in (Union, UnionType):
        return any(_is_of(value, one) for one in inner)
    if origin in (int, float):
        number = Integral if origin is int else Real
        return isinstance(value, number) and not isinstance(value, bool)
    if origin is bool:
        return isinstance(value, bool | np.bool_)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            _is_of(key, inner[0]) and _is_of(of_key, inner[1]) for key, of_key in value.items()
        )
    if origin in (Sequence, Iterable):
        # An iterator must not be consumed here: it would be empty afterwards.
        least = Collection if origin is Sequence else Iterable
        plain = isinstance(value, least) and not isinstance(value, str | bytes | Mapping)
        parts = value if isinstance(value, Collection) else ()
        return plain and all(_is_of(part, inner[0]) for part in parts)
    return isinstance(value, origin)


def _words(kind: Any) -> list[str]:
    """Return the words for a kind, or for each of several kinds."""
    origin, inner = get_origin(kind) or kind, get_args(kind)
    if origin in (Union, UnionType):
        return [words for one in inner for words in _words(one)]
    if origin in (Sequence, Iterable):
        parts = get_args(inner[0]) if get_origin(inner[0]) in (Union, UnionType) else inner
        if any(get_origin(part) in (Sequence, Iterable) for part in parts):
            return [say("a list of lists of texts")]
        return [say("a list of whole numbers") if int in parts else say("a list of texts")]
    if origin is NoneType:
        return []
    return [say(WORDS[origin])]
