"""A column may have any name, those of counts among them."""

import polars as pl
import pytest

from gradum.run.alarms.split_columns import groups
from gradum.study.column_cut import cut
from gradum.tables.columns import Column
from gradum.tables.counts import counted

NAMES = ("count", "rows", "value", "level")


@pytest.mark.parametrize("name", NAMES)
def test_values_are_counted_whatever_the_column_is_called(name):
    values = pl.Series(name, ["a", None, "b", "a"])
    assert dict(counted(values).rows()) == {"a": 2, "b": 1, None: 1}


@pytest.mark.parametrize("name", NAMES)
def test_such_a_column_may_stand_for_groups_and_be_cut(name):
    shops = pl.Series(name, [shop for shop in range(40) for _ in range(5)], pl.Float64)
    assert groups(shops, Column(name, "numeric", "feature"))
    assert cut(pl.Series(name, ["a", "b", "a"]), "categorical").names == ("a", "b")
