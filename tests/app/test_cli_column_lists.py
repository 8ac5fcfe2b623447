"""Lists of columns on the command line."""

import pytest

from gradum.app.cli.column_lists import read_columns


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("size", ["size"]),
        ("size, age", ["size", "age"]),
        ("height, in cm", ["height, in cm"]),
        ("size,nose", ["size", "nose"]),  # which the model then refuses by name
    ],
)
def test_a_list_is_taken_apart_unless_it_is_a_name(text, columns):
    assert read_columns(text, ["size", "age", "height, in cm"]) == columns
