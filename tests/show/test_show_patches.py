"""The heat map of a row's picture: drawn as a browser reads it, and in a sentence."""

import re
from html import unescape
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.show.patches import heat_map, where
from gradum.study.explanation.patches import PatchValues
from gradum.study.explanation.shapley import Shapley
from gradum.tables.grids.cell import Grid, packed
from gradum.tables.kinds.picture import PictureKind
from gradum.tables.kinds.sound import SoundKind
from synthetic import ONCE

HOSTILE = "</title><script>ha"
SIDE = 6


@pytest.fixture(scope="module")
def model():
    """A price that hangs on the right half of a picture whose column and files have odd names."""
    rng = np.random.default_rng(0)
    tones = rng.integers(0, 256, (140, 1, 2, 1))
    grids = np.broadcast_to(np.repeat(tones, SIDE // 2, 2), (140, SIDE, SIDE, 1)).astype(np.uint8)
    cells = [packed(b"p", Grid(pixels, f"{HOSTILE}{row}.png")) for row, pixels in enumerate(grids)]
    rows = pl.DataFrame({HOSTILE: pl.Series(cells, dtype=pl.Binary), "size": rng.normal(size=140)})
    rows = rows.with_columns(
        price=pl.Series(tones[:, 0, 1, 0] / 100 + 0.1 * rows["size"].to_numpy())
    )
    return gradum.fit(rows, "price", model="linear", explain=False, **ONCE), rows


def planted(values, errors=0.0, *, shape=(6, 6, 1), seed=0):
    """Patches of a 3 × 3 lattice that add given values to a single answer."""
    rng = np.random.default_rng(seed)
    values = np.asarray(values, np.float64).reshape(9, 1)
    errors = np.broadcast_to(errors, (9, 1)).astype(np.float64)
    batches = values[:, None] + errors[:, None] * rng.normal(size=(9, 10, 1)) * np.sqrt(10)
    ends = np.zeros(1), values.sum(axis=0)
    shares = Shapley(values, errors * 0, errors, values * np.nan, *ends, 100, batches)
    grid = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    down, across = (np.linspace(0, side, 4).astype(int) for side in shape[:2])
    return PatchValues("photo", grid, down, across, shares, values * 2, errors, 20)


def drawn_patches(page):
    return re.findall(r'<rect .*?class="(\w+)" fill-opacity="([\d.]+)"><title>(.*?)</title>', page)


def test_the_page_shows_the_picture_and_its_patches(model):
    fitted, rows = model
    row = 1 + int(np.argmax(rows["price"].to_numpy()))
    explanation = fitted.explain(rows, rows=[row])
    page = fitted.row_page(rows, row=row)
    section = page.partition('<section id="part0">')[2].partition("</section>")[0]
    svgs = re.findall(r"<svg.*?</svg>", section, re.DOTALL)
    assert [len(ElementTree.fromstring(svg)) for svg in svgs] == [1, 37]
    (found,) = explanation.patches()
    shares = found.shapley.values[:, 0]
    shown = drawn_patches(section)
    assert len(shown) == found.lattice[0] * found.lattice[1] == 36
    strongest = max(float(opacity) for _, opacity, _ in shown)
    for (way, opacity, _), share in zip(shown, shares, strict=True):
        assert way == ("up" if share > 0 else "down") or share == 0
        if float(opacity):
            assert float(opacity) / strongest == pytest.approx(
                abs(share) / abs(shares).max(), abs=2e-3
            )
    numbers = re.findall(r"<tr><td>.*?</tr>", section)
    assert len(numbers) == 36
    assert all(row.count("±") == 2 for row in numbers)


def test_names_of_columns_and_files_are_text(model):
    fitted, rows = model
    page = fitted.row_page(rows, row=1)
    assert HOSTILE not in page
    assert HOSTILE in unescape(page)


def test_one_row_says_in_a_line_which_part_counts(model):
    fitted, rows = model
    row = 1 + int(np.argmax(rows["price"].to_numpy()))
    (said,) = (
        line for line in str(fitted.explain(rows, rows=[row])).split("\n\n") if "right" in line
    )
    assert "left" not in said
    assert HOSTILE in said
    several = str(fitted.explain(rows, rows=[row, 1]))
    assert "right" not in several


def test_the_baseline_has_no_part_that_counts(model):
    fitted, rows = model
    assert '<section id="part0">' not in fitted.row_page(rows, row=1, rung="baseline")


def test_a_table_without_pictures_has_nothing_of_them(model):
    _, rows = model
    plain = gradum.fit(rows.drop(HOSTILE), "price", model="linear", explain=False, **ONCE)
    page = plain.row_page(rows, row=1)
    assert "<image" not in page
    assert ".heat" not in page
    assert plain.explain(rows, rows=[1]).patches() == ()


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
    said = where(found, kind, 0, "target", "price")
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
    assert not any(patch.opacity for patch in loud.patches)
    said = where(planted(values, 4.0), PictureKind(), 0, "target", "price")
    assert not any(region in said for region in PictureKind.regions)


def test_sounds_are_drawn_with_low_tones_below():
    found = planted(np.arange(9), 0.1, shape=(6, 3, 1))
    low, high = (heat_map(found, kind, 0, "target", "y") for kind in (PictureKind(), SoundKind()))
    shares = [float(patch.words.split()[0].lstrip("+")) for patch in high.patches]
    assert shares == [6, 7, 8, 3, 4, 5, 0, 1, 2]
    assert [(patch.x, patch.y) for patch in high.patches] == [
        (x, y) for y in (0, 2, 4) for x in (0, 1, 2)
    ]
    assert low.picture != high.picture
    assert SoundKind.axes in high.caption
