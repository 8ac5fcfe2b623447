"""Tables inside archives, databases and workbooks: read as what they hold, refused in one line."""

import contextlib
import sqlite3
import subprocess
import sys
import zipfile

import numpy as np
import polars as pl
import pytest
import xlsxwriter

from gradum.errors import GradumError
from gradum.isolation import IsolationError
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.sheets import header_row
from gradum.tables.paths import files_of, secrets, shown
from gradum.tables.schema.schema import infer
from gradum.tables.sources import parquet_rows as batches
from gradum.tables.sources import sqlite, workbook
from gradum.tables.sources.fetched import Fetched, fetched
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read
from gradum.tables.sources.workbook import _letters, _number, close_gaps, stray_cells
from workbooks import write_ods, write_xlsx

HOMES = [("price", "rooms", "code"), (100.5, 3, "007"), (90, None, "010"), (120.25, 4, "011")]
SHEET = [list(row) for row in HOMES]
RNG = np.random.default_rng(0)
NAMES = np.array(["open", "shut"] * 10)


def refused(data, reading, *words):
    with pytest.raises(GradumError) as caught:
        read(data, reading)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    assert caught.value.exit_code == 2
    return message


def zipped(path, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return path


def database(path, **tables):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for name, (columns, rows) in tables.items():
            connection.execute(f'CREATE TABLE "{name}" ({columns})')
            marks = ",".join("?" * len(rows[0]))
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
        connection.commit()
    return path


@pytest.fixture
def homes(tmp_path):
    return database(tmp_path / "homes.sqlite", homes=("price, rooms, code", HOMES[1:]))


# archives


ROWS = "a,b\n1,x\n2,y\n"


@pytest.mark.parametrize(
    ("table", "others"),
    [
        ("homes.csv", {"README.txt": "Homes, sold in 2020,\nby street.", "LICENSE": "MIT"}),
        ("homes.txt", {"notes.txt": "We asked\neverybody, twice.\nThanks; all of you"}),
        ("homes.tsv", {"dataset-metadata.json": '{"title": "Homes"}', "map.png": b"\x89PNG"}),
        ("homes.data", {"homes.names": "1. Title: homes", "Index": "homes.data"}),
        ("index.csv", {"使用说明.txt": "一行一户", "a/b.pdf": b"%PDF"}),
        ("homes", {"__MACOSX/._homes": b"\0", ".DS_Store": b"\0", "ReadMe.md": "Homes"}),
    ],
)
def test_what_lies_beside_the_one_table_of_an_archive_is_named_and_not_read(
    tmp_path, table, others
):
    path = tmp_path / "homes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {
            **others,
            table: ROWS.replace(",", "\t" if "tsv" in table else ","),
        }.items():
            archive.writestr(name, content)
    whole = read(path)
    assert whole.frame.rows() == [("1", "x"), ("2", "y")]
    with opened(path) as rows:
        assert rows.head.notes == whole.notes
        assert pl.concat([block.frame for block in rows.blocks()]).equals(whole.frame)
    listed = [name for name in others if not name.startswith((".", "__"))]
    assert all(repr(name) in whole.notes[0] for name in listed)
    assert repr(table) not in whole.notes[0]


def test_two_tables_beside_a_readme_are_refused_by_name(tmp_path):
    path = zipped(tmp_path / "two.zip", a_csv=ROWS, b_txt=ROWS, README_txt="Two, tables")
    refused(path, ReadingOptions(), "two.zip holds 2 tables: 'a.csv', 'b.txt'.")


def test_a_zip_archive_of_one_table_is_that_table(tmp_path):
    path = zipped(tmp_path / "a.zip", data__homes_csv="a,b\n1,x\n2,y\n", README_md="Rows.")
    table = read(path)
    assert table.frame.rows() == [("1", "x"), ("2", "y")]
    assert (table.source, table.typed) == ("a.zip", False)
    with opened(path) as stream:
        assert pl.concat([block.frame for block in stream.blocks()]).rows() == table.frame.rows()


def test_archives_of_other_than_one_table(tmp_path):
    two = zipped(tmp_path / "two.zip", a_csv="x\n1\n", b_csv="x\n2\n")
    refused(two, ReadingOptions(), "two.zip holds 2 tables: 'a.csv', 'b.csv'", "pattern")
    refused(zipped(tmp_path / "none.zip", a_md="", b_md=""), ReadingOptions(), "holds no table")
    inner = zipped(tmp_path / "inner.zip", a_csv="x\n1\n").read_bytes()
    refused(zipped(tmp_path / "nested.zip", inner_csv=inner), ReadingOptions(), "another archive")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(two.read_bytes()[:60])
    refused(cut, ReadingOptions(), "cut.zip is a damaged or truncated zip archive")
    refused(two, ReadingOptions(sheet="x"), "holds 2 tables")


def test_a_member_may_have_a_long_ending(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"rows.{'x' * 300}", "a,b\n1,x\n2,y\n")
    assert read(path).frame.rows() == [("1", "x"), ("2", "y")]


def test_an_archive_that_unpacks_to_far_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("gradum.tables.formats.content.ALWAYS_ALLOWED", 2**16)
    bomb = zipped(tmp_path / "bomb.zip", a_csv="x\n" + "0\n" * 2**22)
    refused(bomb, ReadingOptions(), "unpacks to more than", "far more than a table would")


def test_a_table_in_a_workbook_in_an_archive(tmp_path):
    write_xlsx(tmp_path / "homes.xlsx", {"Sales": SHEET})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "homes.xlsx", "homes.xlsx")
    assert read(tmp_path / "a.zip", ReadingOptions(sheet="Sales")).frame.rows() == HOMES[1:]


# SQLite


def test_the_only_table_and_a_query(homes):
    table = read(homes)
    assert table.frame.columns == ["price", "rooms", "code"]
    assert table.frame.rows() == HOMES[1:]
    assert (table.typed, table.untyped) == (True, ())
    query = "SELECT code, rooms * 2 AS twice FROM homes WHERE rooms > 3 ; "
    assert read(homes, ReadingOptions(query=query)).frame.rows() == [("011", 8)]


def test_a_database_of_several_tables_needs_a_query(tmp_path):
    path = database(tmp_path / "d.db", a=("x", [(1,)]), b=("x", [(2,)]))
    refused(path, ReadingOptions(), "d.db holds 2 tables: 'a', 'b'", "--query")
    database(tmp_path / "empty.db", a=("x", [(1,)]))
    with contextlib.closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
        connection.execute("DROP TABLE a")
    refused(tmp_path / "empty.db", ReadingOptions(), "holds no table")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 1; SELECT 2", ["more than one statement"]),
        ("DELETE FROM homes", ["SELECT statement, not 'DELETE'"]),
        ("-- a note\nDROP TABLE homes", ["not 'DROP'"]),
        ("", ["not ''"]),
        ("WITH a AS (SELECT 1) INSERT INTO homes SELECT 1,2,3", ["reading alone"]),
        ("SELECT load_extension('x')", ["reading alone"]),
        ("ATTACH 'x' AS y", ["not 'ATTACH'"]),
        ("SELECT * FROM home", ["no such table: home"]),
        ("SELECT * FROM homes WHERE price < 0", ["returns no rows"]),
        ("SELECT rooms, rooms FROM homes", ["several columns named 'rooms'"]),
    ],
)
def test_queries_that_are_refused(homes, query, words):
    before = homes.read_bytes()
    refused(homes, ReadingOptions(query=query), *words)
    assert homes.read_bytes() == before
    assert [path.name for path in homes.parent.iterdir()] == ["homes.sqlite"]


def test_a_database_that_another_program_is_writing_to(homes, monkeypatch):
    monkeypatch.setattr(sqlite, "SECONDS", 0.1)
    writer = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1]); "
        "connection.execute('BEGIN EXCLUSIVE'); print(); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writer, str(homes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        refused(homes, ReadingOptions(), "is being written to by another program")


COUNTING = "WITH RECURSIVE q(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM q {}) SELECT {} FROM q"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("SELECT zeroblob(900000000) a, 1 b", "a value is longer than any of a table"),
        (COUNTING.format("WHERE x < 100", "randomblob(100000000)"), "a value is longer"),
        (COUNTING.format("", "x"), "gives more than 66 kB, far more than a table would"),
        (COUNTING.format("", "count(*)"), "more than 1 seconds of computing"),
    ],
)
def test_a_view_without_end_or_measure_is_refused(view, words, tmp_path, monkeypatch):
    monkeypatch.setattr("gradum.tables.formats.content.ALWAYS_ALLOWED", 2**16)
    monkeypatch.setattr("gradum.tables.formats.content.MOST_TIMES", 1)
    monkeypatch.setattr(sqlite, "BOUNDS", sqlite.BOUNDS._replace(seconds=1))
    path = tmp_path / "v.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE VIEW t AS {view}")
    refused(path, ReadingOptions(), "v.db cannot be read", words, "--query")


def test_rows_come_in_batches_into_one_table(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "BATCH_CELLS", 20)
    monkeypatch.setattr(batches, "FILE_ROWS", 30)
    values = [(n, n / 2 if n > 50 else n, None if n < 90 else f"t{n}") for n in range(100)]
    path = database(tmp_path / "d.sqlite", t=("a, b, c", values))
    with fetched(path) as here:
        assert len(here.files) > 2
        folder = here.files[0].path.parent
        assert read(here).frame.rows() == values
        with opened(here) as stream:
            assert pl.concat([b.frame for b in stream.blocks()]).rows() == values
    assert not folder.exists()


def test_words_beside_numbers_are_no_codes(tmp_path, monkeypatch):
    """In one batch and in several: whole numbers stay quantities, as a CSV file has them."""
    rows = [(n % 40, str(n % 40), f"0{n % 40}") for n in range(120)]
    rows[5] = ("unknown", "unknown", None)
    path = database(tmp_path / "d.sqlite", t=("mixed, text, codes", rows))
    for cells in (sqlite.BATCH_CELLS, 90):
        monkeypatch.setattr(sqlite, "BATCH_CELLS", cells)
        monkeypatch.setattr(batches, "FILE_ROWS", cells // 3)
        table = read(path)
        assert table.frame["mixed"].to_list() == [str(a) for a, *_ in rows]
        assert table.untyped == ("mixed",)
        kinds = {column.name: column.kind for column in infer(table).columns}
        assert kinds["mixed"] == "numeric"
        assert kinds["text"] != "numeric"


def test_a_database_of_nothing_but_text_states_no_types(tmp_path):
    path = database(tmp_path / "d.sqlite", t=("a, b", [(str(n), f"{n % 7}.5") for n in range(60)]))
    assert read(path).untyped == ("a", "b")


def test_bytes_beside_other_values_are_bytes(tmp_path):
    path = database(tmp_path / "d.sqlite", t=("a, b", [(b"x", 1), ("y", 2), (3, 3)]))
    assert read(path).frame["a"].to_list() == [b"x", b"y", b"3"]


def test_a_damaged_database_and_one_that_is_written_ahead(tmp_path, homes):
    cut = tmp_path / "cut.sqlite"
    cut.write_bytes(homes.read_bytes()[:5000])
    refused(cut, ReadingOptions(), "cut.sqlite is a truncated database")
    with contextlib.closing(sqlite3.connect(homes)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("INSERT INTO homes VALUES (1, 1, 'x')")
        connection.commit()
        assert len(read(homes).frame) == 4
        journal = homes.with_name("homes.sqlite-wal")
        assert files_of(str(homes)) == [homes, journal]  # a run is of both
    assert files_of(str(homes)) == [homes]
    assert len(read(homes).frame) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.sqlite", "homes.sqlite"]


# workbooks


@pytest.mark.parametrize("write", [write_xlsx, write_ods])
def test_a_sheet_with_lines_of_title_above_its_header(tmp_path, write):
    path = tmp_path / "book"
    titles = [["House sales", None, None], [None, None, None], ["as of May", None, None]]
    write(path, {"Sales": [*titles, *SHEET], "Empty": []})
    table = read(path)
    assert table.frame.rows() == HOMES[1:]
    assert table.frame.dtypes == [pl.Float64, pl.Int64, pl.String]
    assert table.notes == ("sheet 'Sales'", "header in row 4, below 2 lines of title")
    assert table.source == "book"


@pytest.mark.slow
def test_which_sheet(tmp_path):
    path = tmp_path / "book.xlsx"
    write_xlsx(path, {"Sales": SHEET, "More & more": [["a"], [1]], "Empty": []})
    refused(path, ReadingOptions(), "2 sheets with a table: 'Sales', 'More & more'", "--sheet")
    assert read(path, ReadingOptions(sheet="More & more")).frame.rows() == [(1,)]
    refused(
        path, ReadingOptions(sheet="sales"), "no sheet 'sales'", "'Sales', 'More & more', 'Empty'"
    )
    refused(path, ReadingOptions(sheet="Empty"), "'Empty' of book.xlsx is empty")
    write_xlsx(path, {"Empty": []})
    refused(path, ReadingOptions(), "no sheet with a table")
    write_xlsx(path, {"Sales": SHEET[:1]})
    refused(path, ReadingOptions(), "a header but no rows")


@pytest.mark.slow
def test_merged_cells_and_hidden_sheets_are_said(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "merged.xlsx") as book:
        book.add_worksheet("Other").merge_range("A1:B9", "other")
        sheet = book.add_worksheet("R & D")
        sheet.merge_range("A1:B1", "a title")
        sheet.write_row("A2", ["group", "x"])
        sheet.merge_range("A3:A7", "a")
        sheet.write_column("A8", "bbbbb")
        sheet.write_column("B3", range(10))
    table = read(tmp_path / "merged.xlsx", ReadingOptions(sheet="R & D"))
    assert table.frame["group"].null_count() == 4
    assert "merged cells 'A3:A7': only the first of each has their value" in table.notes[-1]
    with xlsxwriter.Workbook(tmp_path / "hidden.xlsx") as book:
        book.add_worksheet("Empty")
        sheet = book.add_worksheet("Data")
        sheet.hide()
        for row in range(3):
            sheet.write_row(row, 0, ["x", "y"] if not row else [row, row])
    refused(tmp_path / "hidden.xlsx", ReadingOptions(), "hidden sheets alone: 'Data'", "--sheet")
    assert len(read(tmp_path / "hidden.xlsx", ReadingOptions(sheet="Data")).frame) == 2


def test_the_cells_of_a_column(tmp_path):
    """Beyond the rows that a guess would look at too: no value is lost."""
    path = tmp_path / "book.xlsx"
    rows = [[n, n, f"0{n}", n % 2 == 0, None] for n in range(1500)]
    rows[1400][1] = "unknown"
    rows[7] = [None] * 5
    write_xlsx(path, {"a": [["whole", "mixed", "codes", "yes", None], *rows]})
    table = read(path)
    assert table.frame.columns == ["whole", "mixed", "codes", "yes"]
    assert len(table.frame) == 1499
    assert table.untyped == ("mixed",)
    assert table.frame["mixed"][1399] == "unknown"
    kinds = {column.name: column.kind for column in infer(table, target="yes").columns}
    assert kinds["mixed"] == "identifier" or kinds["mixed"] == "numeric"


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([("a", "b"), ("1", "2"), ("3", "4")], 0),
        ([(None, None), ("a", "b"), ("1", "2")], 1),
        ([("title", None, None), ("a", "b", "c"), *[("1", "2", "3")] * 3], 1),
        ([(None, "a", "b"), *[("0", "1", "2")] * 3], 0),  # an index without a name
        ([("only",), ("1",), ("2",)], 0),
        ([("2019", "2020"), ("1", "2"), ("3", "4")], 0),  # names that are numbers
        ([("title", None), ("a", "b"), ("1", None), ("2", "x"), ("3", "y")], 1),
        ([(None,), (None,)], None),
    ],
)
def test_the_row_of_the_header(rows, header):
    assert header_row(rows) == header


def rewritten(path, changed):
    """Change the sheets of a workbook."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, changed(content) if "worksheets" in name else content)


@pytest.mark.parametrize("cell", ["XFD1048576", "CV1048576"])
def test_a_sheet_with_a_cell_far_from_all_others_is_read(cell, tmp_path):
    """As a rectangle such a sheet has a hundred million cells and more."""
    path = tmp_path / "book.xlsx"
    write_xlsx(path, {"Sales": [*SHEET, [None, None, None, 8]]})
    rewritten(path, lambda content: content.replace(b'r="D5"', f'r="{cell}"'.encode()))
    table = read(path)
    assert table.frame.columns == [*SHEET[0], "Unnamed: 3"]
    assert table.frame.rows() == [*[(*row, None) for row in HOMES[1:]], (None, None, None, 8)]
    assert table.notes[0].startswith(f"the gap before '{cell}' was left out")


def test_a_sheet_that_is_too_large_is_refused_with_and_without_a_gap(tmp_path, monkeypatch):
    def too_large(*_, bounds):
        raise IsolationError("it takes too much")
        yield

    monkeypatch.setattr(workbook, "isolated", too_large)
    path = tmp_path / "book.xlsx"
    write_xlsx(path, {"Sales": SHEET})
    refused(path, ReadingOptions(), "book.xlsx cannot be read: it takes too much.", "as CSV")
    rewritten(path, lambda content: content.replace(b'r="C4"', b'r="XFD4"'))
    refused(path, ReadingOptions(), "book.xlsx cannot be read: it takes too much.")


def test_stray_cells_are_those_beyond_a_gap_and_move_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr("gradum.tables.sources.workbook.BLOCK_BYTES", 50)
    path, closed, sheet = tmp_path / "a.xlsx", tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml"
    near = "".join(f"<x:c s='1' r='{c}{r}'><v>1</v></x:c>" for r in range(1, 5) for c in "AB")
    for beyond, found, moved in [
        ("", [], ""),
        ('<c r="C6"><v>1</v></c>', [], '<c r="C6"><v>1</v></c>'),
        (
            '<c r="A99"><v>1</v></c><c r="AB99"><v>1</v></c><c r="B200"/><c r="B300">',
            ["A99", "B300", "AB99"],
            '<c r="A5"><v>1</v></c><c r="C5"><v>1</v></c><c r="B200"/><c r="B6">',
        ),
        ("<c r='ZZ99'>", ["ZZ99"], "<c r='C5'>"),
    ]:
        with zipfile.ZipFile(path, "w") as book:
            book.writestr(sheet, near + beyond)
            book.writestr("xl/styles.xml", near + beyond)
        assert stray_cells(path) == found
        close_gaps(path, closed)
        with zipfile.ZipFile(closed) as book:
            assert book.read(sheet).decode() == near + moved
            assert book.read("xl/styles.xml").decode() == near + beyond
        assert stray_cells(closed) == []
    path.write_bytes(path.read_bytes()[:50])
    assert stray_cells(path) == []


def test_columns_are_lettered_as_workbooks_do():
    names = [_letters(number).decode() for number in range(1, 16_385)]
    assert [names[place] for place in (0, 25, 26, 701, 702, 16_383)] == [
        *("A", "Z", "AA", "ZZ", "AAA", "XFD"),
    ]
    assert [_number(name.encode()) for name in names] == list(range(1, 16_385))


def test_workbooks_that_cannot_be_read(tmp_path, monkeypatch):
    path = tmp_path / "book.xls"
    path.write_bytes(workbook.OLD + bytes(600) + workbook.ENCRYPTED)
    refused(path, ReadingOptions(), "book.xls is encrypted", "without a password")
    path.write_bytes(workbook.OLD + bytes(600))
    refused(path, ReadingOptions(), "book.xls is a damaged workbook")
    write_xlsx(path, {"Sales": SHEET})
    refused(
        path, ReadingOptions(query="SELECT 1"), "--query is for databases, and book.xls is none"
    )
    with monkeypatch.context() as patched:
        patched.setattr("gradum.tables.formats.content.ALWAYS_ALLOWED", 100)
        patched.setattr("gradum.tables.formats.content.MOST_TIMES", 1)
        refused(path, ReadingOptions(), "far more than a workbook would")
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    refused(
        path, ReadingOptions(), "fastexcel, which is not installed", "pip install 'gradum[excel]'"
    )


# all of them


def test_options_for_another_kind_of_source(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    refused(
        tmp_path / "a.csv", ReadingOptions(sheet="x"), "--sheet is for workbooks, and a.csv is none"
    )
    refused({"a": [1]}, ReadingOptions(query="x"), "--query is for databases")
    refused("ftp://host/a.csv", ReadingOptions(), "no table from ftp:// addresses")


def test_a_plain_file_is_read_where_it_lies(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    with fetched(tmp_path / "a.csv") as here:
        assert [file.path for file in here.files] == [tmp_path / "a.csv"]
        with fetched(here) as again:
            assert again is here
    assert isinstance(here, Fetched)
    assert not here.sha256


def test_pickles_are_refused(tmp_path):
    for version in (2, 4, 5):
        path = tmp_path / "a.pkl"
        path.write_bytes(b"\x80" + bytes([version]) + b"\x95")
        refused(path, ReadingOptions(), "a.pkl is a Python pickle, which can run anybody's code")


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://a.example/b/c.csv?token=s3cret#x", "https://a.example/b/c.csv"),
        ("postgresql://u:s3cret@h:5432/db?password=s3cret", "postgresql://h:5432/db"),
        ("postgres://u@h,i:1/db", "postgres://h,i:1/db"),
        ("postgresql://[::1]:5432/db", "postgresql://[::1]:5432/db"),
        ("postgresql://u:s3cret/x@h/db", "postgresql://…"),
        ("postgresql://u:12/s3cret@h/db", "postgresql://…"),
        ("postgresql://u:12?s3cret@h/db", "postgresql://…"),
        ("postgresql://u:s3#cret@h/db", "postgresql://…"),
        ("postgresql://u:s3 cret@h/db", "postgresql://…"),
        ("postgresql://u:a@s3cret@h/db", "postgresql://…"),
        ("https://a.example/@user/c.csv", "https://a.example/@user/c.csv"),
    ],
)
def test_what_may_be_shown_of_an_address(address, safe):
    assert shown(address) == safe
    assert "s3cret" not in shown(address)
    assert all(secret in address and secret not in safe for secret in secrets(address))


# Arrays of NumPy.


def arrays(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_arrays_are_columns_and_series(tmp_path):
    whole, wide = RNG.normal(size=(20, 30)).astype(np.float16), RNG.normal(size=(20, 3, 40))
    file = arrays(tmp_path / "a.npz", x=whole, w=np.asfortranarray(wide), f=wide[:, 0, :2], y=NAMES)
    table = read(file)
    assert table.frame.columns == ["x", "w", "f0", "f1", "y"]
    assert [infer(table).column(name).kind for name in "xwy"] == ["series", "series", "categorical"]
    held = read({"x": list(whole.astype(float)), "w": list(wide)}).frame
    for name in "xw":
        assert table.frame[name].to_list() == held[name].to_list()
    assert table.frame["f1"].to_list() == wide[:, 0, 1].tolist()
    assert table.frame["y"].to_list() == NAMES.tolist()
    with opened(file) as stream:
        assert [block.frame.columns for block in stream.blocks()] == [table.frame.columns]


def test_arrays_called_train_and_test_are_two_tables(tmp_path):
    x, y = np.arange(200.0).reshape(20, 10), np.arange(20)
    file = arrays(tmp_path / "a.npz", x_train=x[:15], y_train=y[:15], x_test=x[15:], y_test=y[15:])
    assert read(file, ReadingOptions(sheet="test")).frame["y"].to_list() == [15, 16, 17, 18, 19]
    refused(file, ReadingOptions(), "'train'", "'test'", "--sheet train")
    refused(file, ReadingOptions(sheet="valid"), "'train'", "'test'")


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"x": np.zeros((3, 9)), "y": np.zeros(4)}, ("unlike lengths", "'x (3)'", "'y (4)'")),
        ({"x": np.array([[1], [2, 3]], object)}, ("'x'", "no numbers")),
        ({"x": np.zeros((2, 2, 2, 2))}, ("'x'", "rows × channels × readings")),
        ({"x": np.array(3.0)}, ("'x'",)),
        ({"x": np.zeros((0, 9))}, ("no rows",)),
    ],
)
def test_other_arrays_are_refused(tmp_path, held, words):
    refused(arrays(tmp_path / "a.npz", **held), ReadingOptions(), *words)


def npy(shape, kind="'<f8'", content=b""):
    head = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + content


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        npy("(1000000000000,)"),
        npy("(-1,)", content=b"12345678"),
        npy("(" * 3000 + ")" * 3000),
        npy("(4,)", content=b"1234"),
    ],
)
def test_hostile_arrays_are_refused_unread(tmp_path, content):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", content)
    refused(path, ReadingOptions(), "damaged")
