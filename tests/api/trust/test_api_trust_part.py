"""A part of the trust report where the question that it hangs on has been taken out of gradum."""

from types import SimpleNamespace

import polars as pl
import pytest

from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.parts import PARTS
from gradum.study.trust import Obstacle
from gradum.tables.sources.read import read

NEW_ROWS = read(pl.DataFrame({"y": [1.0, 2.0]}))
WITHOUT_QUESTIONS = ExaminedModel(SimpleNamespace(target="y"), NEW_ROWS)


def test_a_part_hangs_on_a_question():
    assert {part.name: part.asks for part in PARTS if part.asks} == {"properties": "verify"}


@pytest.mark.parametrize("part", [part for part in PARTS if part.asks], ids=lambda part: part.name)
def test_none_of_its_lines_is_checked_and_each_says_why(part):
    checks = part.examine(WITHOUT_QUESTIONS, part.thresholds()).finding.checks
    assert [check.name for check in checks] == [line.name for line in part.lines]
    assert {check.status for check in checks} == {"not checked"}
    assert all(f"without {part.asks}," in check.reason for check in checks)


def test_new_rows_are_not_scored():
    assert isinstance(WITHOUT_QUESTIONS.evaluation, Obstacle)
