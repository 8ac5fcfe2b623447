"""An index is read whole, and whatever is wrong with it is said with its place and a remedy."""

import json

import pytest
from benchmarks.quality.sets import Suite

from gradum.errors import ColumnError, SpecError, TableError


def rewrite(folder, index):
    (folder / "index.json").write_text(json.dumps(index))


def test_the_suite_or_named_sets_are_read(folder):
    suite = Suite.read(folder)
    assert list(suite.tables) == ["two", "three", "number"]
    assert suite.tables["three"].task == "multiclass"
    assert list(Suite.read(folder, ["number", "two"]).tables) == ["number", "two"]


def test_columns_of_every_role_are_left_out(folder, index):
    roles = {
        "exclude": ["a", "b"],
        "split": {"time": "c"},
        "time": "d",
        "groups": [],
        "group_col": "e",
        "time_col": "f",
        "split_col": None,
    }
    index["sets"]["two"] |= roles
    rewrite(folder, index)
    assert Suite.read(folder).tables["two"].left_out == set("abcdef")


def test_a_table_is_divisible_by_what_the_index_names(folder, index):
    index["sets"]["two"] |= {"split": {"time": "id"}, "group_col": "colour"}
    index["sets"]["three"] |= {"ordered": True, "split": {"official": "id"}}
    elsewhere = folder.parent / "elsewhere.json"
    elsewhere.write_text(json.dumps(index))
    suite = Suite.read(folder, index_file=elsewhere)
    assert suite.tables["two"].marks("time") == ["id"]
    assert suite.tables["two"].marks("group") == ["colour"]
    assert suite.tables["three"].marks("time") == []
    assert list(suite.divisible("time").tables) == ["two", "three"]
    assert list(suite.divisible("group").tables) == ["two"]
    assert suite.divisible("random") == suite
    with pytest.raises(SpecError, match="None of two, three, number can be divided by group"):
        Suite.read(folder).divisible("group")


def test_rows_of_a_file_are_counted(folder):
    assert Suite.read(folder).rows("two") == 120


def test_a_folder_without_an_index_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"has no index\.json.*Its form: \{\"suite\""):
        Suite.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`, got `array`"),
        ('{"suite": []}', "missing required field `sets`"),
    ],
)
def test_an_index_that_is_not_of_the_form_is_refused(folder, text, said):
    (folder / "index.json").write_text(text)
    with pytest.raises(TableError, match=f"index.json is not of the form: .*{said}"):
        Suite.read(folder)


def test_a_set_that_is_not_of_the_form_is_named(folder, index):
    index["suite"].append("of no suite")
    rewrite(folder, index)
    with pytest.raises(
        TableError, match=r"The set 'of no suite' of index\.json is not of the form"
    ):
        Suite.read(folder)


def test_a_set_that_is_not_there_is_named(folder):
    with pytest.raises(SpecError, match=r"no set 'four'\. It has two, three, number"):
        Suite.read(folder, ["two", "four"])


def test_a_file_that_is_not_there_is_named(folder):
    (folder / "three.parquet").unlink()
    with pytest.raises(TableError, match=r"The set 'three' .*three\.parquet, which is not there"):
        Suite.read(folder)
    assert list(Suite.read(folder, ["two"]).tables) == ["two"]


def test_a_file_that_is_no_parquet_is_named(folder):
    (folder / "three.parquet").write_text("x,y\n1,2\n")
    with pytest.raises(TableError, match=r"three\.parquet is no Parquet file"):
        Suite.read(folder)


def test_a_target_that_is_not_there_is_named(folder, index):
    index["sets"]["two"]["target"] = "z"
    rewrite(folder, index)
    with pytest.raises(ColumnError, match=r"no column 'z', .* set 'two'\. It has id, x, colour, y"):
        Suite.read(folder)
