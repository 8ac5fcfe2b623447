"""A table read in blocks is taken or refused as the same table read at once."""

import json

import polars as pl
import pytest

import gradum
from gradum.errors import GradumError
from gradum.run.events.events import RungStarted
from gradum.run.memory import memory_bound
from gradum.run.source import rows_in_blocks
from gradum.run.spec.spec import SplitSpec
from gradum.rungs import rung
from gradum.rungs.linear.spec import LinearSpec
from gradum.tables.schema.schema import infer
from gradum.tables.sources import stream
from gradum.tables.table import Table
from synthetic import mixed

ROWS, BLOCK = 100, 16
ONE = {
    "linear": LinearSpec(strengths=(1.0,), folds=2),
    "split": SplitSpec(small_table_rows=0),
    "learning_curve": False,
}
BLOCK_OF_40 = range(32, 48)  # the rows of one block


def plain(rows=ROWS, seed=3):
    """Every column as text, as a CSV file has it."""
    frame = mixed(rows, seed).drop("city", "grade", "amount")
    frame = frame.with_columns(
        when=pl.date(2024, 1, 1) + pl.duration(days=pl.int_range(rows)),
        code=pl.int_range(rows) % 4 + 1,
    )
    return frame.select(pl.all().cast(pl.String))


def at(column, values):
    """Put values into a column, row by row."""

    def change(frame):
        cells = frame[column].to_list()
        for row, value in values.items():
            cells[row] = value
        return frame.with_columns(pl.Series(column, cells, pl.String))

    return change


def only(column, values):
    """Leave a column empty but for these values."""
    return lambda frame: at(column, dict.fromkeys(range(ROWS)) | values)(frame)


ODD = {
    "as training": lambda frame: frame,
    "late word among numbers": at("size", {97: "oops"}),
    "a block with nothing but a word": at("age", dict.fromkeys(BLOCK_OF_40) | {40: "oops"}),
    "a column with nothing but a late word": only("age", {99: "oops"}),
    "a column with a word in each block": only("age", {row: f"w{row % 7}" for row in range(ROWS)}),
    "two columns with nothing but words": lambda frame: only("size", {99: "b"})(
        only("age", {1: "a"})(frame)
    ),
    "a word early, a number late": only("age", {0: "oops", 99: "3"}),
    "empty column": only("age", {}),
    "empty in a block": at("size", dict.fromkeys(BLOCK_OF_40)),
    "late missing": at("size", {98: None}),
    "late unseen level": at("colour", {98: "violet"}),
    "levels all unseen in a block": at("colour", dict.fromkeys(BLOCK_OF_40, "violet")),
    "late words for codes": at("code", {98: "seven"}),
    "late fractions for codes": at("code", {97: "2.0", 98: "2.5"}),
    "neither yes nor no in a block": at("member", dict.fromkeys(BLOCK_OF_40, "perhaps")),
    "neither yes nor no anywhere": only("member", {50: "perhaps", 99: "so"}),
    "no dates in a block": at("when", dict.fromkeys(BLOCK_OF_40, "soon")),
    "no dates anywhere": only("when", dict.fromkeys(range(ROWS), "soon")),
    "late number out of range": at("size", {98: "1e9", 99: "1e400"}),
    "column gone": lambda frame: frame.drop("size"),
    "column added": lambda frame: frame.with_columns(more=pl.lit("x")),
    "a late label that was never seen": at("label", {98: "maybe"}),
    "no labels": only("label", {}),
}
BROKEN = {
    "a late line too long": "\n1,2,3,4,5,6,7,8,9,10,11\n",
    "a late line too short": "\n1,2\n",
    "a late quote that opens": '\n"1,2,3,4,5,6,7\n',
    "late blank lines": "\n,,,,,,\n,,,,,,\n",
    "a late letter of another encoding": "\n1,2,r\xf6d,true,no,2024-01-01,1\n",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    plain(300, 0).write_csv(folder / "t.csv")
    ours = gradum.fit(folder / "t.csv", "label", model="linear", **ONE)
    kinds = {column.name: column.kind for column in ours.fitted.schema.columns}
    assert {"numeric", "categorical", "boolean", "date"} <= set(kinds.values())
    ours.save(folder / "m.gradum")
    return folder / "m.gradum"


@pytest.fixture
def table(request, tmp_path):
    """An odd table as a CSV file."""
    path = tmp_path / "new.csv"
    if request.param in ODD:
        ODD[request.param](plain()).write_csv(path)
    else:
        text = plain().write_csv().rstrip("\n") + BROKEN[request.param]
        path.write_bytes(text.encode("latin-1"))
    return path


every_table = pytest.mark.parametrize("table", [*ODD, *BROKEN], indirect=True)


@pytest.fixture
def in_blocks(monkeypatch):
    """Read every file in blocks from now on when this is called."""

    def begin():
        for name in ("held_bytes", "predicted_bytes"):
            monkeypatch.setattr(memory_bound, name, lambda *_: 1e15)
        monkeypatch.setattr(stream, "BLOCK_ROWS", BLOCK)

    return begin


def predicted(gradum_command, model, table, out):
    """What is said of a table, and what is predicted."""
    ended = gradum_command("predict", model, table, "-o", out, "--json", "--keep", "size")
    if ended.code:
        assert not out.exists()
        return ended.code, ended.err
    said = json.loads(ended.out)
    found = {(each["column"], each["kind"], each["count"]) for each in said["differences"]}
    return said["rows"], found, pl.read_parquet(out).to_dict(as_series=False)


@every_table
def test_predictions(table, model, gradum_command, in_blocks, monkeypatch, tmp_path):
    monkeypatch.setattr(rung, "BLOCK_ROWS", BLOCK)  # bits are promised where blocks are the same
    whole = predicted(gradum_command, model, table, tmp_path / "whole.parquet")
    in_blocks()
    assert predicted(gradum_command, model, table, tmp_path / "blocks.parquet") == whole


class Accepted(Exception):
    """A fit went as far as its training."""


def said_of(table, in_blocks=lambda: None, **options):
    """What a fit says of a table before it trains: why it is refused, if it is."""

    def end(event):
        if isinstance(event, RungStarted):
            raise Accepted

    in_blocks()
    try:
        gradum.fit(table, "label", on_event=end, model="linear", **ONE, **options)
    except GradumError as error:
        return str(error)
    except Accepted:
        return ""


DECIDED_BY_ALL_ROWS = [
    "late word among numbers",
    "a column with nothing but a late word",
    "a column with a word in each block",
    "two columns with nothing but words",
    "a word early, a number late",
    "neither yes nor no anywhere",
    "no dates in a block",
    "column gone",
    "a late label that was never seen",
    "no labels",
    "a late line too short",
]


@pytest.mark.parametrize("table", DECIDED_BY_ALL_ROWS, indirect=True)
def test_fits(table, in_blocks, monkeypatch):
    schema = infer(Table(plain(300, 0), "t"), target="label")
    monkeypatch.setattr(rows_in_blocks, "SAMPLED_ROWS", BLOCK)  # which does not decide
    monkeypatch.setattr(stream, "WINDOW_ROWS", BLOCK)
    whole = said_of(table, schema=schema)
    assert said_of(table, in_blocks, schema=schema) == whole


@pytest.mark.parametrize(
    ("role", "values", "words"),
    [
        ("weight", {98: "-1"}, "is negative in row 99"),
        ("weight", {98: None}, "row 99"),
        ("weight", dict.fromkeys(range(ROWS), "0"), "is 0 in every row"),
        ("weight", dict.fromkeys(range(90), "0"), "10 rows to learn from (left out: 90 rows of"),
        ("weight", {98: "0"}, ""),
        ("group", {98: None}, "row 99"),
        ("time", {98: "soon"}, "row 99"),
    ],
)
def test_fits_to_rows_with_a_role(role, values, words, in_blocks, tmp_path):
    column = "when" if role == "time" else "code"
    at(column, values)(plain()).write_csv(tmp_path / "new.csv")
    whole = said_of(tmp_path / "new.csv", **{role: column})
    assert words in whole
    assert bool(words) == bool(whole)
    assert said_of(tmp_path / "new.csv", in_blocks, **{role: column}) == whole


def test_evaluation_does_not_ask_how_much_memory_there_is(
    model, gradum_command, in_blocks, tmp_path
):
    plain().write_csv(tmp_path / "new.csv")
    whole = gradum_command("evaluate", model, tmp_path / "new.csv", "--json")
    assert whole.code == 0
    in_blocks()
    assert gradum_command("evaluate", model, tmp_path / "new.csv", "--json") == whole


def test_a_report_of_judged_rows_in_which_a_column_holds_nothing_of_its_kind(
    gradum_command, in_blocks, tmp_path
):
    in_blocks()
    frame, table, run = plain(), tmp_path / "t.csv", tmp_path / "run"
    fit = ["fit", table, "-t", "label", "--model", "linear", "--no-learning-curve", "-q"]
    frame.write_csv(table)
    assert gradum_command(*fit, "-o", tmp_path / "before").code == 0
    judged = (
        pl.read_parquet(tmp_path / "before" / "predictions.parquet")["row"] - 1
    )  # whatever the table holds
    at("size", dict.fromkeys(judged, "oops"))(frame).write_csv(table)
    known = tmp_path / "before" / "schema.json"
    assert gradum_command(*fit, "--schema", known, "-o", run).code == 0
    assert pl.read_parquet(run / "predictions.parquet")["row"].equals(judged + 1)
    ended = gradum_command("report", run, "--slice", "colour")
    assert (ended.code, ended.err) == (0, "")
