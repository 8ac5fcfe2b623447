"""The schema of a table: kinds, roles, reasons, and edits by hand."""

import json

import msgspec
import numpy as np
import polars as pl
import pytest

from gradum.errors import ColumnError, GradumError, SchemaError, SpecError, TableError
from gradum.tables.columns import FEATURE_KINDS
from gradum.tables.schema.schema import Overrides, Schema, infer
from gradum.tables.sources.read import read
from gradum.tables.table import Table

N = 40
FRAME = pl.DataFrame(
    {
        "id": range(N),
        "size": np.linspace(0.5, 9.5, N),
        "again": np.linspace(0.5, 9.5, N),
        "colour": ["red", " green", "?", "blue"] * 10,
        "smoker": ["yes", "no"] * 20,
        "day": ["2020-01-01", "2021-06-30"] * 20,
        "note": [f"this is row number {i} of the table" for i in range(N)],
        "code": [1, 2] * 20,
        "same": ["x"] * N,
        "leak": ["a", "b"] * 20,
        "target": ["a", "b"] * 20,
    }
)
TABLE = Table(FRAME, "toy.csv", typed=False)
KINDS = {
    "id": "identifier",
    "size": "numeric",
    "again": "duplicate",
    "colour": "categorical",
    "smoker": "boolean",
    "day": "date",
    "note": "text",
    "code": "numeric",
    "same": "constant",
    "leak": "duplicate",
    "target": "categorical",
}


def changed(schema, name, /, **fields):
    """Return the schema's JSON with fields of one column edited by hand."""
    plain = json.loads(schema.to_json())
    next(column for column in plain["columns"] if column["name"] == name).update(fields)
    return json.dumps(plain)


def test_every_column_gets_a_kind_a_role_and_one_sentence():
    schema = infer(TABLE, target="target")
    assert {column.name: column.kind for column in schema.columns} == KINDS
    assert [column.name for column in schema.columns] == FRAME.columns
    for column in schema.columns:
        assert column.reason.endswith(".")
        assert "\n" not in column.reason
        usable = column.kind in FEATURE_KINDS
        role = "target" if column.name == "target" else "feature" if usable else "unused"
        assert column.role == role
    assert [column.name for column in schema.features] == [
        "size",
        "colour",
        "smoker",
        "day",
        "note",
        "code",
    ]


def test_reasons_say_what_was_missing_and_what_was_equal():
    schema = infer(TABLE, target="target")
    assert "10 missing ('?' 10)" in schema.column("colour").reason
    assert "spaces around 10 values removed" in schema.column("colour").reason
    assert "Equal to 'size'" in schema.column("again").reason
    assert "Equal to the target" in schema.column("leak").reason
    assert schema.column("colour").missing == 10
    assert schema.column("colour").distinct == 3


def test_infinite_values_are_said():
    schema = infer(read({"x": [1.5, np.inf, np.nan, 2.5] * 10}))
    assert "20 missing; 10 of them infinite." in schema.column("x").reason
    schema = infer(read({"x": [1.5, np.inf, 1e300, 2.5] * 10}))
    assert "20 missing; 20 of them infinite or beyond 3.403e+38." in schema.column("x").reason


def test_stray_spaces_and_cases_are_said_and_only_the_spaces_removed():
    city, label = ["Paris", "paris ", "Rome"], ["Yes ", "yes", "Yes"]
    schema = infer(read({"city": city * 20, "label": label * 20}), target="label")
    assert schema.column("city").distinct == 3
    assert schema.target.classes == ("Yes", "yes")
    for name, remedy in (("city", "--fold-case 'city' if they"), ("label", "write them alike")):
        reason = schema.column(name).reason
        assert "spaces around 20 values removed" in reason
        assert f"differ only in upper and lower case: {remedy}" in reason


CITIES = ["Köln", "KÖLN", "Köln ", "köln", "Ärzte", "ÄRZTE", "ärzte", "Straße", "STRASSE", "STRAẞE"]


def of_cities(cities=CITIES, **asked):
    rows = {"city": cities * 6, "y": [1.5, 2.5, 3.5] * (2 * len(cities)), "x": range(60)}
    asked = Overrides(fold_case=("city",), **asked)
    return infer(read(rows | {"y": [k % 7 for k in range(60)]}), target="y", overrides=asked)


def test_levels_that_differ_in_case_alone_are_one_where_that_is_asked_for():
    column = of_cities().column("city")
    assert column.distinct == 4
    assert column.parse.spellings == ("Köln", "STRASSE", "STRAẞE", "ÄRZTE")
    assert "Text with 4 levels; 'KÖLN', 'köln' taken as 'Köln', as only" in column.reason
    assert "write them alike" not in column.reason
    assert "--fold-case" not in column.reason
    later = pl.Series(["kÖLN ", "STRASSE", "strasse", "straße", "Bonn", "BONN", "NA", "", None])
    read_so = column.traits.parse(later, column.parse).to_list()
    assert read_so == ["Köln", "STRASSE", "STRASSE", "STRAẞE", "bonn", "bonn", None, None, None]


def test_a_level_that_is_a_marker_in_capitals_stays_a_level():
    column = of_cities(["na", "Na", "NA", "ja", "JA", "ja", "Na", "ja", "ja", "Na"]).column("city")
    assert (column.distinct, column.missing) == (2, 6)
    read_so = column.traits.parse(pl.Series(["NA", "nA", "na", "Ja"]), column.parse).to_list()
    assert read_so == [None, "Na", "Na", "ja"]


def test_groups_are_one_whatever_their_case():
    schema = of_cities(group="city")
    assert (schema.group, schema.column("city").distinct) == ("city", 4)
    assert "4 groups" in schema.column("city").reason
    assert schema.column("city").parse.fold_case


@pytest.mark.parametrize(
    ("overrides", "message", "remedy"),
    [
        ({"fold_case": ("x",)}, "'x' is of the kind numeric", "Leave out --fold-case 'x'"),
        ({"fold_case": ("day",)}, "'day' is of the kind date", "Leave out --fold-case 'day'"),
        ({"fold_case": ("note",)}, "'note' is of the kind text", "--categorical 'note'"),
        ({"fold_case": ("cty",)}, "no column 'cty', which --fold-case", "'city'"),
        ({"fold_case": ("y",)}, "'y' is named by --fold-case and --target", "--keep-case"),
        ({"fold_case": ("x",), "numeric": ("x",)}, "--fold-case and --numeric", "Keep one"),
        ({"fold_case": ("city",), "drop": ("city",)}, "--drop and --fold-case", "Keep one"),
    ],
)
def test_what_has_no_case_to_fold_is_refused(overrides, message, remedy):
    rows = {
        "city": ["Köln", "köln", "Bonn"] * 20,
        "x": range(60),
        "day": [f"2024-01-{k % 28 + 1:02}" for k in range(60)],
        "note": [f"What they said of {k} was Short and {k % 7} words Long" for k in range(60)],
        "y": ["Ja", "ja", "nein"] * 20,
    }
    with pytest.raises(GradumError) as refused:
        infer(read(rows), target="y", overrides=Overrides(**overrides))
    assert message in refused.value.message
    assert remedy in refused.value.remedy


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("x", '"missing":', '"parse":{"fold_case":true},"missing":', "'x', field 'fold_case'"),
        ("city", '"spellings":["K', '"spellings":["köln","K', "'city', field 'spellings': 'köln'"),
    ],
)
def test_an_edited_schema_that_folds_what_it_cannot_is_refused(name, old, new, message):
    text = json.loads(of_cities().to_json())
    column = next(c for c in text["columns"] if c["name"] == name)
    changed = json.dumps(column, ensure_ascii=False, separators=(",", ":"))
    changed = changed.replace('"parse":{},', "").replace(old, new, 1)
    text["columns"] = [json.loads(changed) if c["name"] == name else c for c in text["columns"]]
    with pytest.raises(SchemaError, match=message):
        Schema.from_json(json.dumps(text))


def test_a_table_without_a_usable_column_says_why_of_each():
    numbers = [f"{k}.5" if k % 2 else f"{k},5" for k in range(40)]
    table = read({"id": range(40), "same": ["a"] * 40, "mixed": numbers, "y": [1.5, 2.5] * 20})
    table = Table(table.frame, "made.csv", typed=False)
    with pytest.raises(TableError) as caught:
        infer(table, target="y", task="regression")
    assert "'id' (numbers the rows), 'same' (the same value in every row, 'a')" in str(caught.value)
    assert "'mixed' (50% are numbers, but 20 values not ('0,5', '2,5', '4,5'" in str(caught.value)
    with pytest.raises(TableError, match="Keep some of the columns that --drop names"):
        infer(TABLE, target="target", overrides=Overrides(drop=tuple(TABLE.frame.columns[:-1])))


def test_a_schema_survives_json():
    for schema in (infer(TABLE, target="target"), infer(TABLE), infer(TABLE, target="size")):
        assert Schema.from_json(schema.to_json()) == schema
        assert Schema.from_json(schema.to_json().encode()) == schema


@pytest.mark.parametrize("labels", [["a", "b"], [True, False], [1, 2], [0.5, 1.5]])
def test_labels_keep_their_type_in_json(labels):
    schema = infer(read({"x": np.arange(N) / 7, "y": labels * 20}), target="y")
    classes = Schema.from_json(schema.to_json()).target.classes
    assert classes == tuple(sorted(labels))
    assert [type(label) for label in classes] == [type(label) for label in sorted(labels)]


def test_overrides_force_kinds_and_roles():
    overrides = Overrides(
        categorical=("code", "id"),
        text=("colour",),
        drop=("size",),
        time="day",
        group="leak",
    )
    schema = infer(TABLE, target="target", overrides=overrides)
    assert schema.column("code").kind == "categorical"
    assert (schema.column("id").kind, schema.column("id").role) == ("categorical", "feature")
    assert schema.column("colour").kind == "text"
    assert schema.column("size").role == "unused"
    assert (schema.time, schema.group, schema.weight) == ("day", "leak", None)
    assert schema.column("leak").kind == "categorical"
    assert infer(TABLE, overrides=Overrides(weight="size")).weight == "size"
    assert infer(TABLE, overrides=Overrides(time="id")).column("id").kind == "numeric"


@pytest.mark.parametrize(
    ("overrides", "error", "words"),
    [
        (Overrides(numeric=("sise",)), ColumnError, ["'sise'", "'size'", "--numeric"]),
        (Overrides(weight="wait"), ColumnError, ["--weight", "'id', 'size'"]),
        (Overrides(numeric=("colour",)), ColumnError, ["'colour'", "rows 1, 2, 4", "' green'"]),
        (Overrides(date=("note",)), ColumnError, ["'note'", "row number 0"]),
        (Overrides(weight="colour"), ColumnError, ["'colour'"]),
        (Overrides(time="colour"), ColumnError, ["neither dates nor numbers", "'red'"]),
        (Overrides(numeric=("size",), text=("size",)), SpecError, ["--numeric and --text"]),
        (Overrides(weight="size", group="size"), SpecError, ["--group and --weight"]),
        (Overrides(drop=("size",), weight="size"), SpecError, ["--drop and --weight"]),
        (Overrides(categorical=("target",)), SpecError, ["--task"]),
    ],
)
def test_overrides_that_cannot_be_are_refused(overrides, error, words):
    with pytest.raises(error) as caught:
        infer(TABLE, target="target", overrides=overrides)
    for word in words:
        assert word in str(caught.value)


def test_nested_and_empty_columns_take_no_role():
    table = read(pl.DataFrame({"l": [[1], [2]], "e": [None, None], "x": [1.5, 2.5]}))
    assert [column.role for column in infer(table).columns] == ["unused", "unused", "feature"]
    with pytest.raises(ColumnError, match="'l' holds lists"):
        infer(table, overrides=Overrides(categorical=("l",)))
    with pytest.raises(ColumnError, match="'e' holds no values"):
        infer(table, overrides=Overrides(weight="e"))


def test_a_table_with_nothing_to_learn_from_is_refused():
    table = read({"id": range(N), "same": ["x"] * N, "y": [0, 1] * 20})
    with pytest.raises(TableError, match=r"no column to learn from: 'id'.*--categorical 'id'"):
        infer(table, target="y")
    with pytest.raises(TableError, match="no column besides the target"):
        infer(read({"y": [0, 1] * 20}), target="y")


def test_an_unknown_column_of_a_schema_names_the_nearest():
    with pytest.raises(ColumnError, match="'colour'"):
        infer(TABLE).column("color")


def test_an_edited_schema_is_read():
    schema = infer(TABLE, target="target")
    edited = Schema.from_json(changed(schema, "code", kind="categorical"))
    assert edited.column("code").kind == "categorical"
    edited = Schema.from_json(changed(schema, "size", parse={"missing": ["-999"]}))
    assert edited.column("size").parse.missing == ("-999",)


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("code", {"kind": "number"}, ["'code'", "'kind'", "'number'"]),
        ("code", {"role": "label"}, ["'code'", "'role'"]),
        ("code", {"distinct": "two"}, ["'code'", "'distinct'"]),
        ("code", {"kin": "numeric"}, ["'code'", "no field 'kin'"]),
        ("code", {"name": 3}, ["number 8", "'name'"]),
        ("code", {"parse": {"decimal": 1}}, ["'code'", "'parse.decimal'"]),
        ("code", {"parse": {"decimal": ".", "thousands": "."}}, ["'code'", "'thousands'"]),
        ("code", {"name": "size"}, ["'size' twice"]),
        ("id", {"role": "feature"}, ["'id'", "'identifier'", "'feature'"]),
        ("colour", {"role": "weight"}, ["'colour'", "'weight'", "numeric"]),
        ("code", {"role": "target"}, ["'code', 'target'", "'target'"]),
        ("target", {"role": "feature"}, ["'target'"]),
    ],
)
def test_edits_that_make_no_sense_are_refused_by_column_and_field(name, fields, words):
    with pytest.raises(SchemaError) as caught:
        Schema.from_json(changed(infer(TABLE, target="target"), name, **fields))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"classes": ["a"]}, "classes"),
        ({"classes": ["a", "a"]}, "classes"),
        ({"task": "regression", "classes": []}, "'kind'"),
        ({"task": "multiclass", "log": True}, "'log'"),
        ({"name": "size"}, "'size'"),
        ({"task": "guess"}, "'target.task'"),
    ],
)
def test_edits_of_the_target_are_checked(fields, word):
    plain = json.loads(infer(TABLE, target="target").to_json())
    plain["target"].update(fields)
    with pytest.raises(SchemaError, match=word):
        Schema.from_json(json.dumps(plain))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"source": "x"}', b"\xff", '{"columns": [3]}'])
def test_what_is_no_schema_is_refused(text):
    with pytest.raises(SchemaError, match="The schema"):
        Schema.from_json(text)


def test_a_schema_of_another_version_is_refused():
    later = msgspec.structs.replace(infer(TABLE), version=99)
    with pytest.raises(SchemaError, match="version 99"):
        Schema.from_json(later.to_json())


def test_a_csv_file_and_a_typed_file_of_the_same_table_agree(tmp_path):
    typed = FRAME.with_columns(pl.col("day").str.to_date(), pl.col("smoker") == "yes")
    typed.write_csv(tmp_path / "t.csv")
    typed.write_parquet(tmp_path / "t.parquet")
    text = infer(read(tmp_path / "t.csv"), target="target")
    binary = infer(read(tmp_path / "t.parquet"), target="target")
    for one, other in zip(text.columns, binary.columns, strict=True):
        assert (one.kind, one.role, one.distinct, one.missing) == (
            other.kind,
            other.role,
            other.distinct,
            other.missing,
        )
