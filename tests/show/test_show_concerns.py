"""What to check in a table: ordered by what it may cost, with the option that decides otherwise."""

import polars as pl
import pytest
from msgspec import structs

from gradum.run.alarm import Alarm
from gradum.run.judging.reach import reach
from gradum.run.split_check import SplitCheck, SplitTrial
from gradum.show.report import report_html
from gradum.show.text import concern_parts, plain
from gradum.show.words.concerns import MOST, concerns
from gradum.tables.doubt import Doubt
from gradum.tables.schema.schema import Schema, infer
from gradum.tables.table import Table


def with_doubts(schema, doubts):
    """The schema with doubts about its first column."""
    first, *others = schema.columns
    return structs.replace(schema, columns=(structs.replace(first, doubts=doubts), *others))


def test_nothing_to_check_is_no_line(classifier):
    fitted = classifier.fitted
    assert concerns(fitted.schema, fitted.judgement) == []
    assert concern_parts(fitted.judgement, fitted.schema) == []
    assert "Check in your table" not in report_html(fitted)


def test_the_costliest_stand_first_and_only_five_are_shown(classifier):
    fitted = classifier.fitted
    slips = tuple(Doubt("slip", f"{k} is far away") for k in range(4))
    schema = with_doubts(
        fitted.schema, (*slips, Doubt("conversion", "g as kg", "--categorical 'a'"))
    )
    judgement = structs.replace(
        fitted.judgement,
        alarms=(Alarm("leak", "In full.", ("x",), "x tells all", "--drop 'x'"),),
        doubts=(Doubt("total", "1 row adds up the others and is left out", "--keep-totals"),),
    )
    found = concerns(schema, judgement)
    assert [each.matter for each in found] == ["alarm", "total", "conversion", *["slip"] * 4]
    assert found[2].sentence == f"{fitted.schema.columns[0].name!r}: g as kg"
    said = plain(*concern_parts(judgement, schema), width=200)
    assert said.count("•") == MOST
    assert "x tells all → fit with --drop 'x'" in said
    assert "… and 2 more" in said
    assert "3 is far away" not in said


def test_an_alarm_of_an_earlier_file_is_said_in_full(classifier):
    fitted = classifier.fitted
    judgement = structs.replace(fitted.judgement, alarms=(Alarm("leak", "In full."),))
    assert [each.sentence for each in concerns(fitted.schema, judgement)] == ["In full."]


def test_values_to_check_are_known_of_their_column():
    numbers = [float(k % 17) for k in range(200)]
    frame = pl.DataFrame(
        {
            "slip": ["1700" if k == 7 else str(each) for k, each in enumerate(numbers)],
            "words": ["many" if k == 5 else str(each + 0.5) for k, each in enumerate(numbers)],
            "day": [f"0{1 + k % 9}/0{1 + k % 7}/2024" for k in range(200)],
            "sound": numbers,
        }
    )
    schema = infer(Table(frame, "t.csv", typed=False))
    matters = {each.name: [doubt.matter for doubt in each.doubts] for each in schema.columns}
    assert matters == {"slip": ["slip"], "words": [], "day": ["order"], "sound": []}
    for column in schema.columns:
        for doubt in column.doubts:
            assert doubt.sentence in column.reason  # the page and inspect say the same
    assert Schema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    ("role", "holds_for"), [("time", "the next rows in 'a'"), ("group", "rows with a new 'a'")]
)
def test_the_scores_reach_as_far_as_the_split(classifier, role, holds_for):
    judgement = structs.replace(classifier.fitted.judgement, split=None)
    column = structs.replace(classifier.fitted.schema.columns[0], name="a", role=role)
    schema = structs.replace(classifier.fitted.schema, columns=(column,))
    assert holds_for in reach(judgement, schema)
    undated = reach(judgement, classifier.fitted.schema)
    assert "no column has dates" in undated
    assert "--time COL" in undated
    assert "--group COL" in undated


def test_a_trial_that_showed_no_loss_is_told_and_one_that_did_is_an_alarm_instead(classifier):
    fitted = classifier.fitted
    trial = SplitTrial("day", "time", "auc", 0.8, 0.8, 0.4, shown=False)
    said = []
    for shown in (False, True):
        split = SplitCheck((structs.replace(trial, shown=shown),), ("day",))
        said.append(reach(structs.replace(fitted.judgement, split=split), fitted.schema))
    assert ["--time 'day'" in each for each in said] == [True, False]


def test_new_groups_are_not_called_untried_where_a_trial_of_them_is_an_alarm(classifier):
    """Whether the column names groups or not."""
    fitted = classifier.fitted
    lost = SplitTrial("hour", "group", "auc", 0.8, 0.6, 0.001, shown=True)
    said = reach(
        structs.replace(fitted.judgement, split=SplitCheck((lost,), ("hour",))), fitted.schema
    )
    assert "--group COL" not in said
