"""Sentences about tables in another language, where more than the words differs."""

import polars as pl
import pytest

import gradum
from gradum.errors import ColumnError, TableError, TargetError
from gradum.tables.check.check import check
from gradum.tables.check.differences import merged
from gradum.tables.columns import Overrides
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import Schema, infer
from gradum.tables.sources.read import read
from gradum.tables.table import Table
from gradum.tables.wording import nearest, quoted, rows_text

TEXT = {"mix": [*map(str, range(55)), *"abcde"], "y": ["u", "v"] * 30}


@pytest.fixture
def chinese():
    with gradum.language("zh"):
        yield


def as_text(columns):
    return Table(pl.DataFrame(columns), "t.csv", typed=False)


def test_rows_and_names_are_counted_as_the_language_does(chinese):
    assert rows_text((3,), 1) == "第 3 行"
    assert rows_text((3, 7), 1042) == "第 3、7 及另外 1,040 行"
    assert quoted("abcde") == "'a'、'b'、'c' 及另外 2 个"
    assert nearest("x", ["a", "b"]) == "请选择以下列之一：'a'、'b'。"


def test_a_reason_is_one_sentence_of_the_language(chinese):
    (column,) = infer(as_text({"code": ["007", " 042", None] * 20})).columns
    assert column.reason == (
        "带前导零的代码，2 个取值；若是数量，请用 --numeric 'code'；20 个缺失；"
        "去掉了 20 个值两边的空格。"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_would_make_a_column_useful_is_found_in_any_language(language):
    with gradum.language(language):
        hint = {
            "en": "'mix' (92% are numbers, but 5 values not (",
            "zh": "'mix'（92% 是数值，但有 5",
        }
        with pytest.raises(TableError) as refused:
            infer(as_text(TEXT), target="y")
        assert hint[language] in str(refused.value)
        assert "--categorical 'mix'" in refused.value.remedy
        with pytest.raises(TableError) as refused:
            infer(as_text(TEXT), target="y", overrides=Overrides(drop=("mix",)))
        assert "--drop" in refused.value.remedy


def test_what_a_column_was_to_be_is_said_in_the_language(chinese):
    table = as_text({**TEXT, "y": ["1", "x7"] * 30})
    with pytest.raises(ColumnError, match=r"^列 'y' 要作为 --weight，.*请更正.*--weight。$"):
        infer(table, overrides=Overrides(weight="y"))
    with pytest.raises(
        TargetError, match=r"^目标 'y' 应为数值 \(--task regression 或 --horizon\)，.*该选项。$"
    ):
        infer(table, target="y", task="regression")


def test_kinds_of_differences_stay_what_code_knows_them_by(chinese):
    schema = infer(read({"x": [1.0, 2, 3] * 10, "y": [1.5, 2.5, 3.5] * 10}), target="y")
    encoder = Encoder.fit(check(read({"x": [1.0, 2, 3]}), schema).frame, schema)
    (beyond,) = check(read({"x": [9.0]}), schema, encoder=encoder).differences
    assert beyond.kind == "out of range"
    assert beyond.sentence == "列 'x' 在训练中的范围是 1 到 3；第 1 行超出该范围。"
    (both,) = merged([beyond, beyond])
    assert (both.kind, both.sentence) == ("out of range", "列 'x'：2 行超出训练时的范围。")


def test_a_schema_is_read_in_whatever_language_it_was_written(chinese):
    schema = infer(as_text(TEXT))
    with gradum.language("en"):
        assert Schema.from_json(schema.to_json()) == schema
        assert [c.kind for c in infer(as_text(TEXT)).columns] == [c.kind for c in schema.columns]


def test_names_from_a_table_are_never_translated_nor_read_as_places(chinese):
    name = "{0.__class__} row columns"
    (column,) = infer(as_text({name: ["row", "columns"] * 20})).columns
    assert column.name == name
    with pytest.raises(ColumnError) as refused:
        infer(as_text({name: ["row", "columns"] * 20}), overrides=Overrides(numeric=(name,)))
    assert f"{name!r}" in str(refused.value)
    assert "'row'、'columns'" in str(refused.value)
