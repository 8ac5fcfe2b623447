"""Lines above the header: left out where they are plain, or as many as the user says."""

import pytest

from gradum.errors import SpecError, TableError
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read

BODY = "place,size,price\nOslo,90,200\nBergen,70,150\nOslo,50,120\n"
TITLED = {
    "a comment": ("# export of 3 May\n", 1),
    "two comments": ("# export\n# by hand, quickly, at night\n", 2),
    "a title": ("House sales\n", 1),
    "a title of a spreadsheet": ("House sales,,\n", 1),
    "a title and a blank line": ("House sales\n\n", 2),
    "a title and blank cells": ("House sales,,\n,,\n", 2),
    "blank lines and a comment": ("\n\n# export\n", 3),
}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("above", TITLED)
def test_plain_lines_above_the_header_are_left_out_and_said(tmp_path, above, ends):
    lines, count = TITLED[above]
    path = tmp_path / "t.csv"
    path.write_text((lines + BODY).replace("\n", ends), newline="")
    for reading in (ReadingOptions(), ReadingOptions(skip_rows=count)):
        table = read(path, reading)
        assert table.frame.columns == ["place", "size", "price"]
        assert table.frame["price"].to_list() == ["200", "150", "120"]
        (note,) = table.notes
        assert note.startswith(f"{count} line{'s' * (count > 1)} above the header left out: '")
        with opened(path, reading=reading) as stream:
            assert stream.head.notes == table.notes
            assert next(stream.blocks()).frame.equals(table.frame)


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        "#id,size\n1,2\n2,3\n",
        "colours\nred\ngreen\n",
        "colours\nred, blue and green\ngreen, blue and red\n",
        "a,b\nx,y\nz,w\n",
        "\n\na,b\n1,2\n3,4\n",
    ],
)
def test_a_header_on_top_stays_the_header(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    table = read(path)
    assert table.frame.columns == text.strip().split("\n")[0].split(",")
    assert not any("above the header" in note for note in table.notes)


def test_an_error_counts_the_lines_of_the_file_and_names_the_option(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("# export\n" + BODY + "Oslo,1\nOslo,2,3\n" + "Oslo,1,2\n" * 60)
    with pytest.raises(TableError, match=r"has 3 columns, but line 6 has 2 fields\. Correct"):
        read(path, ReadingOptions(skip_rows=1))
    path.write_text("made by,a machine\n" + "Oslo,90,200\n" * 5)
    with pytest.raises(TableError, match=r"lines 2, .* have 3 fields\. .*--skip-rows"):
        read(path)


def test_lines_are_skipped_as_said_or_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('"one, two"\nmade by,a machine,in May\n' + BODY)
    assert read(path, ReadingOptions(skip_rows=2)).frame.columns == ["place", "size", "price"]
    assert read(path, ReadingOptions(skip_rows=3)).frame.columns == ["Oslo", "90", "200"]
    with pytest.raises(TableError, match=r"t\.csv has 6 lines, and --skip-rows 9 leaves none"):
        read(path, ReadingOptions(skip_rows=9))
    with pytest.raises(SpecError, match="-1 lines cannot be skipped"):
        ReadingOptions(skip_rows=-1)
    with pytest.raises(TableError, match="--skip-rows is for files of text"):
        read({"x": [1, 2]}, ReadingOptions(skip_rows=1))
