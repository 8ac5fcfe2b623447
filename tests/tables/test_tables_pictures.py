"""Pictures in tables: files beneath the table's folder, bytes, arrays, and folders of them."""

import io
import struct
import sys
import zlib
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from PIL import Image

import gradum
from gradum.errors import NotCertifiableError, SchemaError, TableError
from gradum.study.properties.irrelevant import IrrelevantProperty
from gradum.tables.check.check import check
from gradum.tables.grids.cell import unpacked, why_failed
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.picture import PictureKind
from gradum.tables.schema.schema import infer
from gradum.tables.sources.media import noted
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (30, 40, 3)).astype(np.uint8)
GREY = RNG.integers(0, 256, (30, 40)).astype(np.uint8)


def file_of(picture, kind="PNG", **options):
    """The bytes of a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pixels_of(table, column="x"):
    """What each cell of a table holds; text says why it was not opened."""
    cells = table.frame[column]
    return [
        None if cell is None else why_failed(cell) or unpacked(cell, b"p").pixels for cell in cells
    ]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb():
    """A file of a few bytes that states 3.6 thousand million pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


UPRIGHT = Image.Exif()
UPRIGHT[274] = 6  # the camera was turned: what is left in the file is at the top
SEE_THROUGH = np.dstack([COLOURS, np.where(np.arange(40) < 20, 255, 0) * np.ones((30, 1))])
PALETTE = Image.fromarray(COLOURS // 64 * 64).quantize(64)
EXACT = {
    "colours": (file_of(Image.fromarray(COLOURS)), COLOURS),
    "grey": (file_of(Image.fromarray(GREY)), GREY[:, :, None]),
    "grey stored in colours": (file_of(Image.fromarray(GREY).convert("RGB")), GREY[:, :, None]),
    "black and white": (
        file_of(Image.fromarray(GREY > 99)),
        np.where(GREY > 99, 255, 0).astype(np.uint8)[:, :, None],
    ),
    "sixteen bits": (
        file_of(Image.fromarray(GREY.astype(np.uint16) * 257)),
        GREY[:, :, None],
    ),
    "turned": (
        file_of(Image.fromarray(COLOURS), exif=UPRIGHT),
        np.rot90(COLOURS, -1),
    ),
    "transparent": (
        file_of(Image.fromarray(SEE_THROUGH.astype(np.uint8))),
        np.where(np.arange(40)[:, None] < 20, COLOURS, 255).astype(np.uint8),
    ),
    "palette": (file_of(PALETTE, "GIF"), np.asarray(PALETTE.convert("RGB"))),
    "animated": (
        file_of(PALETTE, "GIF", save_all=True, append_images=[Image.fromarray(GREY).convert("P")]),
        np.asarray(PALETTE.convert("RGB")),
    ),
    "palette with transparency": (
        file_of(PALETTE, transparency=PALETTE.getpixel((0, 0))),
        np.where(
            (np.asarray(PALETTE) == PALETTE.getpixel((0, 0)))[:, :, None],
            255,
            np.asarray(PALETTE.convert("RGB")),
        ).astype(np.uint8),
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_file_becomes_the_pixels_that_a_person_sees(name):
    content, expected = EXACT[name]
    np.testing.assert_array_equal(PictureKind().opened(content), expected, strict=True)


def test_what_loses_a_little_is_near():
    for picture, kind in ((Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "JPEG"),):
        pixels = PictureKind().opened(file_of(picture, kind))
        assert pixels.shape == (9, 9, 3)
        assert np.abs(pixels.astype(int) - (255, 0, 0)).max() < 12


def test_a_large_picture_becomes_the_means_of_its_areas():
    large = np.kron(COLOURS[:24, :24], np.ones((8, 8, 1))).astype(np.uint8)  # 192 pixels a side
    small = PictureKind().opened(file_of(Image.fromarray(large)))
    np.testing.assert_array_equal(small, np.kron(COLOURS[:24, :24], np.ones((4, 4, 1))))


@pytest.fixture
def folder(tmp_path):
    """A folder with a table of sixteen names, of which the first eight can be opened."""
    (tmp_path / "img").mkdir()
    names = []
    for k in range(8):
        names.append(f"img/{k}.png")
        (tmp_path / names[-1]).write_bytes(file_of(Image.fromarray(np.roll(COLOURS, k, 0))))
    others = {"text.png": b"no picture", "cut.jpg": file_of(Image.fromarray(GREY), "JPEG")[:200]}
    for name, content in {**others, "bomb.png": bomb(), "empty.png": b""}.items():
        (tmp_path / "img" / name).write_bytes(content)
        names.append(f"img/{name}")
    outside = tmp_path.parent / f"{tmp_path.name}-outside.png"
    outside.write_bytes(file_of(Image.fromarray(GREY)))
    (tmp_path / "img" / "link.png").symlink_to(outside)
    names += ["img/none.png", f"../{outside.name}", str(outside), "img/link.png"]
    frame = pl.DataFrame({"x": names, "y": range(len(names))})
    frame.write_csv(tmp_path / "table.csv")
    return tmp_path


WHY = {
    "damaged": ("text.png", "cut.jpg", "empty.png"),
    "pixels": ("bomb.png",),
    "no such file": ("none.png",),
    "outside": ("-outside.png", "-outside.png", "link.png"),
}


def test_each_name_beneath_the_folder_is_opened_and_each_other_says_why(folder):
    found = pixels_of(read(folder / "table.csv"))
    for k in range(8):
        np.testing.assert_array_equal(found[k], np.roll(COLOURS, k, 0))
    said = found[8:]
    for why, names in WHY.items():
        assert sum(why in text for text in said) == len(names)
        assert all(any(name in text and why in text for text in said) for name in names)


def test_a_streamed_table_has_the_same_cells(folder):
    whole = read(folder / "table.csv").frame["x"]
    with opened(folder / "table.csv") as stream:
        assert stream.take(np.arange(16)).frame["x"].equals(whole)
    pl.read_csv(folder / "table.csv").write_parquet(folder / "table.parquet")
    with opened(folder / "table.parquet") as stream:
        blocks = pl.concat(block.frame for block in stream.blocks())
    assert blocks["x"].equals(whole)


def test_the_files_that_are_opened_are_noted_whatever_their_order(folder):
    def hashes(table):
        with noted() as files:
            read(table)
        return files.hashes()

    before = hashes(folder / "table.csv")
    assert [*before] == ["x"]
    table = pl.read_csv(folder / "table.csv")
    table.reverse().write_parquet(folder / "table.parquet")
    assert hashes(folder / "table.parquet") == before
    with noted() as files, opened(folder / "table.parquet"):
        assert files.hashes() == before
    (folder / "img" / "none.png").write_bytes(file_of(Image.fromarray(GREY)))
    assert hashes(folder / "table.csv") != before
    with noted() as files:
        read(table)
    assert files.hashes() == {}


def test_what_cannot_be_opened_is_said_with_its_rows(folder):
    table = read(folder / "table.csv")
    column = infer(table).column("x")
    assert (column.kind, column.role, column.missing) == ("picture", "feature", 8)
    assert [doubt.matter for doubt in column.doubts] == ["unopened"]
    checked = check(table, infer(table))
    (difference,) = [d for d in checked.differences if d.column == "x"]
    assert "9, 10" in difference.sentence
    assert "img/text.png" in difference.sentence
    assert checked.frame["x"].null_count() == 8


def test_data_in_memory_names_no_files_unless_a_folder_is_allowed(folder):
    frame = pl.read_csv(folder / "table.csv")
    column = infer(read(frame)).column("x")
    assert (column.kind, column.role) == ("picture", "unused")
    with gradum.files_in(folder):
        assert read(frame).frame["x"].equals(read(folder / "table.csv").frame["x"])
    assert read(frame).frame["x"].dtype == pl.String
    with pytest.raises(TableError, match=r"is no folder"), gradum.files_in(folder / "img/0.png"):
        pass


def test_a_model_opens_no_name_of_a_stranger(folder):
    schema = infer(read(folder / "table.csv"))
    for name in ("img/0.png", "/etc/passwd.png"):
        with pytest.raises(SchemaError, match=r"files_in"):
            check(read([{"x": name, "y": 1}]), schema)


def test_what_cannot_be_done_with_pictures_says_why(folder):
    schema = infer(read(folder / "table.csv"))
    asked = SimpleNamespace(schema=schema, classes=())
    with pytest.raises(NotCertifiableError, match=r"'x'.*pixels"):
        IrrelevantProperty.read("x", asked)
    assert KINDS["picture"].stays == KINDS["sound"].stays != KINDS["categorical"].stays


def test_names_of_no_pictures_stay_what_they_are(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"a{k}.png,{k}\n" for k in range(30)))
    assert read(tmp_path / "t.csv").frame["x"].dtype == pl.String
    words = pl.DataFrame({"x": ["red", "blue.png"] * 20, "y": range(40)})
    assert infer(read(words)).column("x").kind == "categorical"


BYTES = [EXACT["colours"][0], EXACT["grey"][0], None]


@pytest.mark.parametrize(
    "values",
    [
        pl.Series("x", BYTES, pl.Binary),
        pl.Series("x", [None if b is None else {"bytes": b, "path": "a"} for b in BYTES]),
        pl.Series("x", [COLOURS.tolist(), np.repeat(GREY[:, :, None], 3, 2).tolist(), None]),
    ],
)
def test_bytes_records_and_arrays_are_pictures(values):
    table = read(pl.DataFrame([values, pl.Series("y", [1, 2, 3])]))
    first, second, third = pixels_of(table)
    np.testing.assert_array_equal(first, COLOURS)
    np.testing.assert_array_equal(second, GREY[:, :, None])
    assert third is None


def test_arrays_of_numpy_are_pictures_if_their_numbers_can_be():
    arrays = [
        COLOURS,
        GREY / 255.0,
        GREY > 99,
        GREY - 999.0,
        np.zeros((2, 2, 7)),
        np.full((2, 2), np.nan),
    ]
    found = pixels_of(read({"x": arrays, "y": list(range(6))}))
    np.testing.assert_array_equal(found[0], COLOURS)
    np.testing.assert_array_equal(found[1], GREY[:, :, None])
    np.testing.assert_array_equal(found[2][:, :, 0], np.where(GREY > 99, 255, 0))
    assert all(isinstance(why, str) for why in found[3:])


def test_a_folder_is_a_table_of_its_files(tmp_path):
    for name in ("cats/1.png", "cats/2.JPG", "dogs/deep/3.png", "4.png", "dogs/.5.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        kind = "JPEG" if name.endswith("JPG") else "PNG"
        (tmp_path / name).write_bytes(file_of(Image.fromarray(GREY), kind))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "cats" / "cry.wav").write_bytes(b"")
    table = read(tmp_path)
    assert table.frame["folder"].to_list() == [None, "cats", "cats", "dogs"]
    names = [unpacked(cell, b"p").name for cell in table.frame["file"]]
    assert names == ["4.png", "cats/1.png", "cats/2.JPG", "dogs/deep/3.png"]
    assert any("2 files" in note for note in table.notes)


def test_a_cell_of_a_stranger_holds_what_it_states_or_nothing():
    kind = KINDS["picture"]
    cell = read({"x": [COLOURS], "y": [1]}).frame["x"][0]
    forged = [cell[:-1], cell + b"0", cell[:8], b"", cell.replace(b"p", b"s", 1), b"\x93fail1pwhy"]
    read_again = kind.parse(pl.Series("x", [cell, *forged], pl.Binary), Parse())
    assert read_again.is_null().to_list() == [False] + [True] * len(forged)


def test_without_pillow_names_stay_names_and_say_what_would_open_them(folder, monkeypatch):
    known = infer(read(folder / "table.csv"))
    monkeypatch.setitem(sys.modules, "PIL", None)
    table = read(folder / "table.csv")
    column = infer(table).column("x")
    assert (table.frame["x"].dtype, column.role) == (pl.String, "unused")
    assert "gradum[image]" in column.reason
    with pytest.raises(SchemaError, match=r"gradum\[image\]"):
        check(table, known)


def test_a_table_without_files_looks_for_no_package(tmp_path, monkeypatch):
    def sought(package):
        raise AssertionError(package)

    monkeypatch.setattr("gradum.tables.kinds.grid.find_spec", sought)
    frame = pl.DataFrame({"number": [1.5, 2.5], "text": ["a.b", "c"], "list": [[1], [2, 3]]})
    assert read(frame).frame.equals(frame)
    frame.select("number", "text").write_csv(tmp_path / "t.csv")
    assert read(tmp_path / "t.csv").frame.columns == ["number", "text"]
