"""Columns that an option lists, some of which have commas in their names."""

import pytest

from gradum.run.options.column_lists import read_columns


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("a, b", ["a", "b"]),
        ("size, m", ["size, m"]),
        ("a,size, m,b", ["a", "size, m", "b"]),
        ("c,d", ["c,d"]),
        ("c,e", ["c", "e"]),
        ("unknown,b", ["unknown", "b"]),
        ("", [""]),
    ],
)
def test_a_list_is_divided_at_the_commas_between_names(listed, names):
    assert read_columns(listed, ["a", "b", "c", "d", "c,d", "size, m"]) == names
