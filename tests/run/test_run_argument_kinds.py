"""Arguments of the wrong kind are refused by name, before anything is computed."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradum
from gradum.errors import SpecError
from gradum.run.options.argument_kinds import with_checked_arguments

TABLE = [{"age": 1.0, "price": 3.0}, {"age": 2.0, "price": 5.0}]


@with_checked_arguments
def asked(
    text: str = "",
    names: str | Sequence[str] = (),
    groups: Sequence[Sequence[str]] = (),
    *,
    count: int = 1,
    share: float | None = None,
    path: str | os.PathLike | None = None,
    amounts: str | Mapping[str, float] = "",
    sure: bool = False,
    data: Any = None,
) -> "NotImportedHere":  # noqa: F821 - as where it is imported when it is asked for
    return text, names, groups, count, share, path, amounts, sure, data


@pytest.mark.parametrize(
    "given",
    [
        {"text": "a", "names": "b", "path": "c"},
        {"names": ["b", "c"], "groups": [["a", "b"], ("c",)], "path": Path("c")},
        {"names": np.array(["b", "c"]), "count": np.int64(3), "share": np.float32(0.5)},
        {"names": {"b", "c"}, "share": 1, "amounts": {"a": 1, "b": np.float64(2)}},
        {"sure": True, "data": object()},
        {"sure": np.True_, "share": None, "path": None},
    ],
)
def test_what_is_of_its_kind_is_taken(given):
    asked(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": 5}, "The argument text cannot be 5. Give a text."),
        ({"text": None}, "The argument text cannot be None. Give a text."),
        ({"text": b"a"}, "The argument text cannot be b'a'. Give a text."),
        ({"names": 5}, "The argument names cannot be 5. Give a text or a list of texts."),
        ({"names": ["a", 5]}, "The argument names cannot be ['a', 5]. Give a text or a list"),
        ({"names": iter(["a"])}, "The argument names cannot be <list_iterator object at"),
        ({"groups": ["a", 5]}, "The argument groups cannot be ['a', 5]. Give a list of lists"),
        ({"count": 1.0}, "The argument count cannot be 1.0. Give a whole number."),
        ({"count": True}, "The argument count cannot be True. Give a whole number."),
        ({"share": "half"}, "The argument share cannot be 'half'. Give a number."),
        ({"share": False}, "The argument share cannot be False. Give a number."),
        ({"path": 5}, "The argument path cannot be 5. Give a text or a path."),
        ({"amounts": {"a": "b"}}, "The argument amounts cannot be {'a': 'b'}. Give a text or a d"),
        ({"amounts": {1: 2}}, "The argument amounts cannot be {1: 2}. Give a text or a dict."),
        ({"sure": "no"}, "The argument sure cannot be 'no'. Give True or False."),
        (
            {"text": ["a" * 99]},
            f"The argument text cannot be ['{'a' * 18}…{'a' * 18}']. Give a text.",
        ),
    ],
)
def test_what_is_of_another_kind_is_refused(given, said):
    with pytest.raises(SpecError) as refused:
        asked(**given)
    assert str(refused.value).startswith(said)


def test_an_argument_that_there_is_not_is_an_error_of_python_as_ever():
    with pytest.raises(TypeError, match="unexpected"):
        asked(colour="red")


@pytest.mark.parametrize("monotone", [5, ["age+", 5], b"age+", {"age": "up"}])
def test_directions_that_name_no_column_are_refused(monotone):
    with pytest.raises(SpecError, match=r"names no column|The direction of"):
        gradum.fit(TABLE, "price", monotone=monotone)
