"""Properties whose columns, levels and classes have names that look like something else."""

from types import SimpleNamespace

import pytest

from gradum.errors import ColumnError, PropertyError
from gradum.study.properties.property_words import parts_of, qualifiers
from gradum.study.properties.stated_properties import read_property
from gradum.tables.schema.schema import Column, Schema

COLUMNS = {
    "a": "numeric",
    "a+": "numeric",
    "a b": "numeric",
    "x of y": "numeric",
    "'q'": "numeric",
    'city, "big"': "categorical",
    "it's": "categorical",
    "y": "numeric",
}
FITTED = SimpleNamespace(
    schema=Schema(
        "names",
        9,
        tuple(
            Column(name, kind, "target" if name == "y" else "feature")
            for name, kind in COLUMNS.items()
        ),
    ),
    classes=("no", "yes, of course"),
)


def read(text, where=""):
    return read_property(text, where, FITTED)


@pytest.mark.parametrize(
    ("text", "column", "sign"),
    [
        ("monotone a+", "a", 1),
        ("monotone a -", "a", -1),
        ("monotone a++", "a+", 1),
        ("monotone a+-", "a+", -1),
        ("monotone 'a'+", "a", 1),
        ("monotone 'a+'-", "a+", -1),
        ('monotone "a b"+ of no', "a b", 1),
        ("monotone a b+", "a b", 1),
        ("monotone x of y+", "x of y", 1),
        ("monotone x of y+ of no", "x of y", 1),
        ("monotone 'q'+", "'q'", 1),
        ("monotone\ta+", "a", 1),
    ],
)
def test_the_longest_name_counts_behind_which_a_direction_stands(text, column, sign):
    stated = read(text).property
    assert (stated.column, stated.sign) == (column, sign)


@pytest.mark.parametrize("text", ["monotone a", "monotone 'a+'", "monotone a+*", "monotone a b"])
def test_without_a_direction_none_is_guessed(text):
    with pytest.raises(PropertyError, match="No direction of column"):
        read(text)


def test_what_only_quotes_can_hold_together():
    assert read("range 0..1 of 'yes, of course'").property.place == 1
    assert read("irrelevant 'city, \"big\"'").property.column == 'city, "big"'
    moves = read("robust 'city, \"big\"' any, it's any, a ±1").property.changes
    assert [move.column for move in moves] == ['city, "big"', "it's", "a"]
    with pytest.raises(ColumnError, match="no column 'city'"):
        read('robust city, "big" any, a ±1')


def test_levels_in_quotes_stand_beside_each_other():
    limits = read("range 0..1", "it's 'a,b'|\"c|d\"|e|'\"f\"', a 0..1").region.limits
    assert limits == {"it's": ("a,b", "c|d", "e", '"f"'), "a": (0.0, 1.0)}


def test_an_apostrophe_is_no_quote():
    assert parts_of("it's, o'clock, 'a, b'") == ["it's", "o'clock", "'a, b'"]
    assert parts_of("|'a|b'||\"|\" |", "|") == ["", "'a|b'", "", '"|"', ""]
    levels = "|".join(["Biscoe"] * 200_000)  # as it was, this took half a minute
    assert parts_of(f"island {levels}") == [f"island {levels}"]
    spaces = f"±5%{' ' * 200_000}x"  # and this an hour
    assert qualifiers(f"{spaces} of  yes  within 3 ", ("of", "within")) == (
        spaces,
        {"of": "yes", "within": "3"},
    )


@pytest.mark.parametrize("text", ["range 0...1", "range ...5", "range ..", "range ."])
def test_a_range_with_a_dot_too_many_is_refused(text):
    with pytest.raises(PropertyError, match=r"is no range|is no number"):
        read(text)
