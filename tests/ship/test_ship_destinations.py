"""Places that predictions are kept in: replaced as a whole, or as they were."""

import datetime
import os
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from types import SimpleNamespace

import polars as pl
import pytest

import servers
from gradum.errors import DiskError, GradumError, OutputError
from gradum.files.lock import held
from gradum.files.scratch import scratch_folder
from gradum.ship.destinations import destination, parquet_folder, workbook_file
from gradum.ship.destinations.destination import Mark, plain, refuse_foreign, replace
from gradum.ship.destinations.sqlite_table import SqliteTable
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.read import read

KEPT = pl.DataFrame({"id": [3, 1, 2], "city": ["b", None, "a/ü b"]})
PREDICTED = pl.DataFrame({"prediction": ["x", "y", None], "share": [0.25, 1.0, float("nan")]})
ROWS = KEPT.hstack(PREDICTED.with_columns(pl.col("share").fill_nan(None)))
BLOCKS = [(KEPT[:2], PREDICTED[:2]), (KEPT[2:], PREDICTED[2:])]


class Place:
    """A destination, how what stands there is read, and how somebody else would fill it."""

    def __init__(self, make, rows, fill, leftovers):
        self.make, self.rows, self.fill, self.leftovers = make, rows, fill, leftovers


def _sqlite(folder):
    path = folder / "d.sqlite"

    def tell(*statements):
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def tables():
        with closing(sqlite3.connect(path)) as connection:
            return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]

    def rows():
        with closing(sqlite3.connect(path)) as connection:
            return pl.read_database("SELECT * FROM scores", connection)

    tell("CREATE TABLE other (x)")
    return Place(
        lambda: destination(str(path), "t.csv", table="scores"),
        rows,
        lambda: tell('CREATE TABLE "scores" (x)', "INSERT INTO scores VALUES (7)"),
        lambda: sorted({*tables()} - {"other", "scores"}),
    )


def _folder(folder):
    path = folder / "scores"

    def fill():
        path.mkdir()
        pl.DataFrame({"x": [7]}).write_parquet(path / "0.parquet")

    return Place(
        lambda: destination(f"{path}/", "t.csv"),
        lambda: (
            read(path)
            .frame.with_columns(pl.col(pl.Float64).fill_nan(None))
            .select(
                pl.col(name)
                for name in (*ROWS.columns, "p", "x")
                if name in read(path).frame.columns
            )
        ),
        fill,
        lambda: [file.name for file in folder.iterdir() if file != path],
    )


def _partitions(folder):
    place = _folder(folder)
    place.make = lambda: destination(str(folder / "scores"), "t.csv", partition_by=("city",))
    return place


def _workbook(folder):
    path = folder / "scores.xlsx"

    def fill():
        import xlsxwriter

        with xlsxwriter.Workbook(str(path)) as book:
            book.add_worksheet().write_column(0, 0, ["x", 7])

    return Place(
        lambda: destination(str(path), "t.csv"),
        lambda: pl.read_excel(path, engine="calamine"),
        fill,
        lambda: [file.name for file in folder.iterdir() if file != path],
    )


def _postgresql(_):
    servers.tell("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    names = "SELECT string_agg(relname::text, ',') AS x FROM pg_class WHERE relname ~ '^gradum'"
    return Place(
        lambda: destination("scores", servers.ADDRESS),
        lambda: read(
            servers.ADDRESS, ReadingOptions(query="SELECT * FROM scores")
        ).frame.with_columns(pl.col(pl.Float64).fill_nan(None)),
        lambda: servers.tell("CREATE TABLE scores AS SELECT 7 AS x"),
        lambda: list(
            filter(None, read(servers.ADDRESS, ReadingOptions(query=names)).frame["x"].to_list())
        ),
    )


@pytest.fixture(
    params=[
        _sqlite,
        _folder,
        _partitions,
        _workbook,
        pytest.param(_postgresql, marks=servers.needs_postgresql),
    ],
    ids=lambda make: make.__name__.strip("_"),
)
def place(request, tmp_path):
    return request.param(tmp_path)


def put(place, blocks=BLOCKS, *, force=False):
    where = place.make()
    refuse_foreign(where, where.found())
    return replace(where, blocks, model="fingerprint", force=force)


def refused(*words, call):
    with pytest.raises(GradumError) as caught:
        call()
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in message
    assert not servers.PASSWORD or servers.PASSWORD not in message
    for word in words:
        assert word in message


def by_id(frame):
    return frame.sort("id").rows()


def test_a_repeat_replaces(place):
    assert put(place) == 3
    assert by_id(place.rows()) == by_id(ROWS)
    assert put(place, BLOCKS[:1]) == 2
    assert by_id(place.rows()) == by_id(ROWS[:2])
    assert place.leftovers() == []


def test_what_gradum_did_not_write_stays(place):
    place.fill()
    before = place.rows().rows() if place.make().found() is not None else None
    for force in (False, True):
        refused(
            "gradum did not write it",
            "remove it yourself",
            call=lambda force=force: put(place, force=force),
        )
    assert place.rows().rows() == before
    assert place.leftovers() == []


def test_other_columns_are_refused_unless_forced(place):
    put(place)
    other = [(KEPT, PREDICTED.rename({"share": "p"}))]
    refused("differ in 'share', 'p'.", "--force", call=lambda: put(place, other))
    kind = [(KEPT, PREDICTED.with_columns(prediction=pl.lit(1)))]
    refused("differ in 'prediction'.", "--force", call=lambda: put(place, kind))
    assert by_id(place.rows()) == by_id(ROWS)
    put(place, other, force=True)
    assert by_id(place.rows()) == by_id(ROWS.rename({"share": "p"}))


@pytest.mark.parametrize("there", [False, True])
def test_nothing_half_written_stays(place, there):
    if there:
        put(place, BLOCKS[:1])

    def blocks():
        yield BLOCKS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(place, blocks())

    where = place.make()

    def interrupted(_):
        raise KeyboardInterrupt

    with scratch_folder(None) as folder:
        part = folder / "0.parquet"
        ROWS.write_parquet(part)
        mark = Mark(3, {name: str(kind) for name, kind in ROWS.schema.items()}, "fingerprint")
        with pytest.raises(KeyboardInterrupt):
            where.replace([part], mark, interrupted)
    if there:
        assert by_id(place.rows()) == by_id(ROWS[:2])
    else:
        assert where.found() is None
    assert place.leftovers() == []


def test_what_appears_meanwhile_stays(place):
    def blocks():
        yield from BLOCKS
        place.fill()

    refused("gradum did not write it", call=lambda: put(place, blocks()))
    assert place.rows().columns == ["x"]
    assert place.leftovers() == []


def test_on_a_full_disk_one_line_says_so(place, monkeypatch):
    put(place, BLOCKS[:1])

    def full(*_, **__):
        raise pl.exceptions.ComputeError("underlying IO error: No space left (os error 28)")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(DiskError, match=r"does not take the predictions.* Free some space"):
        put(place)
    monkeypatch.undo()
    assert by_id(place.rows()) == by_id(ROWS[:2])
    assert place.leftovers() == []


def test_types_that_databases_have():
    day = datetime.date(2020, 1, 2)
    frame = pl.DataFrame(
        {
            "set": [["a", "b"], None],
            "kind": pl.Series(["a", "b"], dtype=pl.Categorical),
            "small": pl.Series([1, 2], dtype=pl.UInt8),
            "large": pl.Series([2**64 - 1, 0], dtype=pl.UInt64),
            "day": [day, None],
            "time": [datetime.time(3, 4), None],
            "bytes": [b"x", None],
            "at": [{"x": 1}, None],
        }
    )
    assert plain(frame).rows() == [
        ('["a","b"]', "a", 1, str(2**64 - 1), day, "03:04:00", None, None),
        ("null", "b", 2, "0", None, None, None, None),
    ]


def test_a_database_is_made_where_there_is_none(tmp_path):
    path = tmp_path / "new.sqlite"
    where = destination(str(path), "t.csv", table="scores")
    assert replace(where, BLOCKS, model="", force=False) == 3
    frame = read(path).frame
    assert by_id(frame) == by_id(ROWS)


def test_views_of_a_table_of_sqlite_stay(tmp_path):
    place = _sqlite(tmp_path)
    put(place)
    with closing(sqlite3.connect(tmp_path / "d.sqlite")) as connection:
        connection.execute("CREATE VIEW best AS SELECT id FROM scores WHERE share = 1")
    put(place, BLOCKS)
    with closing(sqlite3.connect(tmp_path / "d.sqlite")) as connection:
        assert connection.execute("SELECT * FROM best").fetchall() == [(1,)]
        connection.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("gradum.ship.destinations.sqlite_table.SECONDS", 0.01)
            refused("written to by another program", call=lambda: put(place))


def test_a_file_of_others_in_a_folder_stays(tmp_path, monkeypatch):
    place = _partitions(tmp_path)
    put(place)
    (tmp_path / "scores" / "notes.txt").write_text("mine")
    refused("gradum did not write it", call=lambda: put(place))
    assert (tmp_path / "scores" / "notes.txt").read_text() == "mine"
    monkeypatch.setattr(parquet_folder, "MOST_PARTITIONS", 2)
    place = _partitions(tmp_path / "scores")
    refused("3 folders", "at most 2", call=lambda: put(place))
    where = destination(str(tmp_path / "x"), "t.csv", partition_by=("cty",))
    refused(
        "no column 'cty'",
        "'city'",
        call=lambda: replace(where, BLOCKS, model="", force=False),
    )
    assert [path.name for path in tmp_path.iterdir()] == ["scores"]


def test_a_workbook_that_somebody_saved_stays(tmp_path, monkeypatch):
    place = _workbook(tmp_path)
    put(place, [(pl.DataFrame({"id": ["=1+1", "https://x"]}), PREDICTED[:2])])
    assert place.rows()["id"].to_list() == ["=1+1", "https://x"]  # no formula, no link
    monkeypatch.setattr(workbook_file, "MOST_ROWS", 2)
    refused("at most 2 rows", call=lambda: put(place, [(KEPT, PREDICTED)], force=True))
    path, saved = tmp_path / "scores.xlsx", tmp_path / "saved.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(saved, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == workbook_file.PROPERTIES:
                content = content.replace(b"Z</dcterms:modified>", b"1Z</dcterms:modified>")
                assert content != old.read(name)
            new.writestr(name, content)
    saved.replace(path)
    refused("gradum did not write it", call=lambda: put(place, force=True))


@servers.needs_postgresql
def test_a_table_of_a_server_keeps_its_readers(tmp_path):
    place = _postgresql(tmp_path)
    put(place)
    servers.tell(
        "DROP ROLE IF EXISTS reader", "CREATE ROLE reader", "GRANT SELECT ON scores TO reader"
    )
    where, seen = place.make(), []

    def agree(_):
        seen.append(place.rows().height)  # as others see it while the new rows are there already

    with scratch_folder(None) as folder:
        part = folder / "0.parquet"
        ROWS[:1].write_parquet(part)
        where.replace([part], Mark(1, dict.fromkeys(ROWS.columns, ""), ""), agree)
    assert (seen, place.rows().height) == ([3], 1)
    query = "SELECT has_table_privilege('reader', 'scores', 'SELECT') AS x"
    assert read(servers.ADDRESS, ReadingOptions(query=query)).frame.rows() == [(True,)]
    put(place, force=True)
    servers.tell("CREATE VIEW seen AS SELECT * FROM scores")
    refused("other objects depend on it", call=lambda: put(place, BLOCKS[:1]))
    assert place.rows().height == 3
    servers.tell("DROP VIEW seen", "DROP TABLE scores", "DROP ROLE reader")


@servers.needs_postgresql
def test_what_a_server_refuses(tmp_path):
    place = _postgresql(tmp_path)
    place.make = lambda: destination("no_such.scores", servers.ADDRESS)
    refused('schema "no_such" does not exist', call=lambda: put(place))
    long = [(KEPT.rename({"city": "c" * 64}), PREDICTED)]
    place.make = lambda: destination(servers.ADDRESS, "t.csv", table="scores")
    refused("no names as long as", call=lambda: put(place, long))
    wrong = servers.ADDRESS.replace(servers.PASSWORD, "s3cret")
    refused("cannot be reached", call=lambda: destination("t", wrong).found())


@pytest.mark.parametrize(
    ("into", "source", "options", "words"),
    [
        ("s3://u:s3cret@b/x", "t.csv", {}, ["not written to s3://b/x"]),
        ("scores.csv", "t.csv", {}, [".csv", "--out scores.csv --force"]),
        ("scores", "t.csv", {}, ["names no database, folder or workbook"]),
        ("postgresql://u:s3cret@h/d", "t.csv", {}, ["postgresql://h/d", "--table NAME"]),
        ("scores.xlsx", "t.csv", {"table": "x"}, ["--table is for databases"]),
        ("scores", "postgresql://h/d", {"partition_by": ("x",)}, ["--partition-by is for folders"]),
        ("scores.sqlite", "t.csv", {"table": ""}, ["--table has an empty name"]),
        ("postgresql://h/d", "t.csv", {"table": " "}, ["--table has an empty name"]),
        ("", "t.csv", {}, ["--into has an empty name"]),
    ],
)
def test_places_that_are_none(into, source, options, words):
    with pytest.raises(GradumError) as caught:
        destination(into, source, **options)
    assert "s3cret" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("inside", [".", "in/deep"])
def test_the_folder_in_which_gradum_runs_is_not_replaced(tmp_path, monkeypatch, inside):
    (tmp_path / "here" / inside).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / inside)
    where = destination("./" if inside == "." else "../../", "t.csv")
    refused(
        "in which gradum runs",
        "Name a folder in it",
        call=lambda: replace(where, BLOCKS, model="", force=False),
    )
    (tmp_path / "here" / inside / "new").touch()  # it is the folder that it was
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("renames", [0, 1])
def test_what_a_killed_writer_of_a_folder_left_is_cleaned_by_the_next(tmp_path, renames):
    """It is killed before the first rename, or between both."""
    place = _partitions(tmp_path)
    put(place)
    script = f"""
import os, pathlib
import polars as pl
from gradum.ship.destinations import destination
from gradum.ship.destinations.destination import replace
renamed = []
def rename(path, target, of=pathlib.Path.rename):
    if len(renamed) == {renames}:
        os._exit(9)
    renamed.append(target)
    return of(path, target)
pathlib.Path.rename = rename
blocks = [(pl.DataFrame({{"id": [9]}}), pl.DataFrame({{"city": ["z"], "x": [1]}}))]
where = destination({str(tmp_path / "scores")!r}, "t.csv", partition_by=("city",))
replace(where, blocks, model="", force=True)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    assert (tmp_path / "scores").is_dir() == (renames == 0)
    (tmp_path / ".gradum-0123abcd-others").mkdir()
    put(place)
    assert by_id(place.rows()) == by_id(ROWS)
    assert not list(tmp_path.glob(".gradum-*-scores"))
    assert (tmp_path / ".gradum-0123abcd-others").is_dir()


def test_of_two_writers_of_a_folder_one_is_refused(tmp_path):
    place = _partitions(tmp_path)

    def blocks():
        yield from BLOCKS

    with held(tmp_path / ".gradum-scores.lock"):
        refused("Another process", "Wait until it has ended", call=lambda: put(place, blocks()))
    put(place, blocks())
    assert by_id(place.rows()) == by_id(ROWS)


LINK = [lambda path: path.symlink_to(path.parent.parent)]


@pytest.mark.skipif(os.name != "posix", reason="no pipes or links for everybody")
@pytest.mark.parametrize("make", [getattr(os, "mkfifo", None), *LINK])
def test_what_is_no_file_in_a_folder_stays(tmp_path, make):
    folder = tmp_path / "scores"
    folder.mkdir()
    make(folder / "own")
    place = destination(f"{folder}/", "t.csv")
    with pytest.raises(OutputError, match="did not write it"):
        put(SimpleNamespace(make=lambda: place))
    assert os.path.lexists(folder / "own")


def test_a_database_that_another_makes_meanwhile_stays(tmp_path, monkeypatch):
    path = tmp_path / "new.sqlite"
    place, fill = destination(str(path), "t.csv", table="b"), SqliteTable._fill

    def slowly(table, *rest):
        monkeypatch.setattr(SqliteTable, "_fill", fill)
        replace(destination(str(path), "t.csv", table="a"), BLOCKS, model="m", force=False)
        fill(table, *rest)

    monkeypatch.setattr(SqliteTable, "_fill", slowly)
    with pytest.raises(OutputError, match="another program"):
        replace(place, BLOCKS, model="m", force=False)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (len(ROWS),)
    assert list(tmp_path.iterdir()) == [path]
