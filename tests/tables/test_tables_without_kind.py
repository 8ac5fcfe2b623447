"""A gradum without one kind of column, and what its user reads where that would be needed."""

import polars as pl
import pytest

from gradum.errors import ColumnError, SpecError, TargetError
from gradum.tables import kinds
from gradum.tables.columns import Overrides
from gradum.tables.kinds import KINDS, SAYABLE
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read

FRAME = pl.DataFrame(
    {
        "size": [1.5, 2.5, 3.5, 4.5],
        "site": ["a", "b", "a", "b"],
        "day": ["2024-01-31", "2024-02-01", "2024-02-02", "2024-02-03"],
        "member": [True, False, True, True],
    }
)


@pytest.fixture
def without(monkeypatch):
    """``without(name)`` takes a kind out of every registry."""

    def take_out(name):
        monkeypatch.setattr(kinds, "_BY_TURN", [k for k in kinds._BY_TURN if k.name != name])
        monkeypatch.delitem(KINDS, name)
        monkeypatch.delitem(SAYABLE, name, raising=False)

    return take_out


def test_a_column_that_no_kind_recognises_is_not_used(without):
    without("categorical")
    schema = infer(read(FRAME), target="size")
    assert (schema.column("site").role, schema.column("site").reason) == (
        "unused",
        "Values of no known kind; not used.",
    )
    assert schema.column("day").kind == "date"


def test_dates_are_names_of_rows_or_levels(without):
    without("date")
    schema = infer(read(FRAME), target="size")
    assert schema.column("day").kind in ("categorical", "identifier")


def test_options_and_roles_that_need_it_are_refused(without):
    without("categorical")
    without("date")
    with pytest.raises(SpecError) as refused:
        infer(read(FRAME), overrides=Overrides(date=("day",)))
    assert "without columns of the kind of --date" in refused.value.message
    with pytest.raises(ColumnError, match="No kind of column names groups"):
        infer(read(FRAME), overrides=Overrides(group="site"))


@pytest.mark.parametrize(("kind", "target"), [("categorical", "site"), ("boolean", "member")])
def test_classes_of_its_labels_cannot_be_learned(without, kind, target):
    without(kind)
    with pytest.raises(TargetError, match="No kind of column holds such classes"):
        infer(read(FRAME), target=target, task="classification")
