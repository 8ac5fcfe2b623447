"""The heat map of a row's picture: drawn as a browser reads it, and in a sentence."""

import re
from html import unescape
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.questions.explain.row_sections import alike_section, row_page
from gradum.show.document import tiles as tiles_shown
from gradum.show.document.tiles import heat_map, where
from gradum.show.page.page import render
from gradum.study.explanation import tiles
from gradum.study.explanation.shapley import Shapley
from gradum.study.explanation.tiles import TileValues
from gradum.study.findings.worst import WorstRow
from gradum.tables.grids.cell import Grid, packed
from gradum.tables.grids.png import thumbnail
from gradum.tables.kinds.picture import PictureKind
from gradum.tables.kinds.sound import SoundKind
from synthetic import ONCE

HOSTILE = "</title><script>ha"
SIDE = 8


@pytest.fixture(scope="module", autouse=True)
def few_background_rows():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tiles, "BACKGROUND", 6)
        patched.setattr(tiles, "MOST_ANSWERS", 0)
        yield


@pytest.fixture(scope="module")
def model():
    """A price that hangs on the right edge of a picture whose column and files have odd names."""
    rng = np.random.default_rng(0)
    tones = rng.integers(0, 256, 80)
    grids = np.zeros((80, SIDE, SIDE, 1), np.uint8)
    grids[:, :, -2:] = tones[:, None, None, None]
    cells = [packed(b"p", Grid(pixels, f"{HOSTILE}{row}.png")) for row, pixels in enumerate(grids)]
    size = rng.normal(size=80)
    rows = pl.DataFrame({HOSTILE: pl.Series(cells, dtype=pl.Binary), "size": size})
    rows = rows.with_columns(price=pl.Series(tones / 100 + 0.1 * size))
    return gradum.fit(rows, "price", model="linear", explain=False, **ONCE), rows


@pytest.fixture(scope="module")
def explained(model):
    """The dearest row, its explanation and its page."""
    fitted, rows = model
    number = 1 + int(np.argmax(rows["price"].to_numpy()))
    explanation = fitted.explain(rows, rows=[number])
    return number, explanation, row_page(explanation)


def planted(values, errors=0.0, *, shape=(6, 6, 1), seed=0):
    """Tiles of a 3 × 3 lattice that add given values to a single answer."""
    rng = np.random.default_rng(seed)
    values = np.asarray(values, np.float64).reshape(9, 1)
    errors = np.broadcast_to(errors, (9, 1)).astype(np.float64)
    batches = values[:, None] + errors[:, None] * rng.normal(size=(9, 10, 1)) * np.sqrt(10)
    ends = np.zeros(1), values.sum(axis=0)
    shares = Shapley(values, errors * 0, errors, values * np.nan, *ends, 100, batches)
    grid = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    down, across = (np.linspace(0, side, 4).astype(int) for side in shape[:2])
    return TileValues("photo", grid, down, across, shares, values * 2, errors, 20)


def drawn_tiles(page):
    return re.findall(r'<rect .*?class="(\w+)" fill-opacity="([\d.]+)"><title>(.*?)</title>', page)


def test_the_page_shows_the_picture_and_its_tiles(explained):
    _, explanation, page = explained
    section = page.partition('<section id="part0">')[2].partition("</section>")[0]
    svgs = re.findall(r"<svg.*?</svg>", section, re.DOTALL)
    assert [len(ElementTree.fromstring(svg)) for svg in svgs] == [1, 50]
    (found,) = explanation.tiles()
    shares = found.shapley.values[:, 0]
    shown = drawn_tiles(section)
    assert len(shown) == len(shares) == 49
    assert any(float(opacity) for _, opacity, _ in shown)
    for (way, opacity, _), share in zip(shown, shares, strict=True):
        assert way == ("up" if share > 0 else "down")
        if float(opacity):
            strength = tiles_shown.DARKEST * abs(share) / abs(shares).max()
            assert float(opacity) == pytest.approx(strength, abs=1e-3)
    numbers = re.findall(r"<tr><td>.*?</tr>", section)
    assert len(numbers) == 49
    assert all(row.count("±") == 2 for row in numbers)


def test_names_of_columns_and_files_are_text(explained):
    _, _, page = explained
    assert HOSTILE not in page
    assert HOSTILE in unescape(page)


def test_one_row_says_in_a_line_which_part_counts(model, explained):
    fitted, rows = model
    number, explanation, _ = explained
    (said,) = (line for line in str(explanation).splitlines() if "right" in line)
    assert "left" not in said
    assert "right" not in str(fitted.explain(rows, rows=[number, 1]))


def test_the_baseline_has_no_part_that_counts(model):
    fitted, rows = model
    assert fitted.explain(rows, rows=[1], rung="baseline").tiles() == ()


def test_a_table_without_pictures_has_nothing_of_them(model):
    _, rows = model
    plain = gradum.fit(rows.drop(HOSTILE), "price", model="linear", explain=False, **ONCE)
    explanation = plain.explain(rows, rows=[1])
    page = row_page(explanation)
    assert "<image" not in page
    assert ".heat" not in page
    assert explanation.tiles() == ()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([[9, 0, 0], [0, 0, 0], [0, 0, 0]], [0]),
        ([[0, 0, 0], [0, 0, 0], [0, -4, -5]], [8, 7]),
        ([[5, 0, 0], [0, 0, 0], [0, 0, -5.5]], [0, 8]),
        (np.ones((3, 3)), []),
        (np.zeros((3, 3)), []),
    ],
)
@pytest.mark.parametrize("kind", [PictureKind(), SoundKind()], ids=["picture", "sound"])
def test_a_sentence_names_the_few_parts_that_count(values, named, kind):
    values = np.array(values, float)
    found = planted(values[::-1] if kind.goes_up else values, 0.01)
    said = where(found, kind, 0, "target")
    regions = sorted(kind.regions, key=len, reverse=True)
    places = []
    for region in regions:  # "the upper left" before "the left"
        if region in said:
            places.append(kind.regions.index(region))
            said = said.replace(region, "")
    assert sorted(places) == sorted(named)


def test_what_is_not_told_apart_from_nothing_is_neither_named_nor_coloured():
    values = [[1, -1, 1], [1, 5, -1], [0.5, -0.5, 1]]
    loud = heat_map(planted(values, 4.0), PictureKind(), 0, "target", "price")
    assert not any(tile.opacity for tile in loud.tiles)
    said = where(planted(values, 4.0), PictureKind(), 0, "target")
    assert not any(region in said for region in PictureKind.regions)


def test_low_tones_are_drawn_below():
    found = planted(np.arange(9), 0.1, shape=(6, 3, 1))
    low, high = (heat_map(found, kind, 0, "target", "y") for kind in (PictureKind(), SoundKind()))
    shares = [float(tile.words.split()[0].lstrip("+")) for tile in high.tiles]
    assert shares == [6, 7, 8, 3, 4, 5, 0, 1, 2]
    assert [(tile.x, tile.y) for tile in high.tiles] == [
        (x, y) for y in (0, 2, 4) for x in (0, 1, 2)
    ]
    assert low.picture != high.picture
    assert SoundKind.axes in high.caption


def test_the_rows_like_a_row_are_pictured(model, explained):
    fitted, rows = model
    number, _, _ = explained
    found = fitted.alike(rows, row=number, count=2)
    shown = alike_section(found).thumbnails
    assert [HOSTILE in each.name for each in shown] == [True] * 3
    numbers = [number, *found.frame["row"]]
    assert [each.name for each in shown] == [f"{HOSTILE}{row - 1}.png" for row in numbers]
    plain = fitted.alike(rows.with_columns(pl.lit(None, pl.Binary).alias(HOSTILE)), row=1, count=1)
    assert len(alike_section(plain).thumbnails) == 1  # of the row like it alone


def test_the_worst_rows_of_a_report_are_pictured():
    picture = thumbnail(np.zeros((4, 4, 1), np.uint8))
    worst = [
        WorstRow(7, "1", "2", "residual -1", {HOSTILE: f"{HOSTILE}.png"}, {HOSTILE: picture}),
        WorstRow(8, "1", "2", "residual -1", {HOSTILE: "–"}),
    ]
    section = render(
        "sections/worst.html",
        findings=SimpleNamespace(worst=worst, found=lambda name: None),
        schema=SimpleNamespace(features=[HOSTILE]),
        target=SimpleNamespace(name="price"),
        judgement=SimpleNamespace(unit=""),
    )
    first, second = re.findall("<tr><td.*?</tr>", section, re.DOTALL)
    (name,) = re.findall(r'<img src="data:image/png;base64,[^"]*" alt="([^"]*)"', first)
    assert unescape(name) == f"{HOSTILE}.png"
    assert "<img" not in second
    assert "<script" not in section


def test_one_background_row_tells_no_errors(model):
    fitted, rows = model
    found = tiles.tile_values(fitted.fitted, rows[:1], rows[1:2], HOSTILE, side=2)
    drawn = heat_map(found, PictureKind(), 0, "target", "price")
    assert not any("±" in cell for row in drawn.rows for cell in row)
    assert any(tile.opacity for tile in drawn.tiles)
