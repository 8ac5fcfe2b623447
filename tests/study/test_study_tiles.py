"""The shares of tiles against closed forms, all coalitions and the model itself."""

from itertools import product
from math import factorial

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.study.explanation import tiles
from gradum.study.explanation.shapley import TOLERANCE, drawn
from gradum.study.explanation.tiles import TileGame, grid_columns, tile_values
from gradum.tables.grids.cell import Grid, packed, unpacked
from synthetic import ONCE

SIDE = 8


def quadrant(grids, down, across):
    half = SIDE // 2
    part = grids[:, down * half : (down + 1) * half, across * half : (across + 1) * half]
    return part.mean(axis=(1, 2, 3)) / 255


def pictures(rows=80, seed=0):
    """The answer hangs on the upper left quadrant, and there on its mean alone."""
    rng = np.random.default_rng(seed)
    tones = rng.integers(40, 216, (rows, 2, 2))
    grids = np.repeat(np.repeat(tones, SIDE // 2, 1), SIDE // 2, 2)[..., None]
    grids = np.clip(grids + rng.integers(-20, 21, grids.shape), 0, 255).astype(np.uint8)
    weight = rng.normal(size=rows)
    cells = [packed(b"p", Grid(pixels, f"{row}.png")) for row, pixels in enumerate(grids)]
    table = pl.DataFrame({"photo": pl.Series(cells, dtype=pl.Binary), "weight": weight})
    price = 4 * quadrant(grids, 0, 0) + 0.3 * weight + 0.02 * rng.normal(size=rows)
    return table.with_columns(price=pl.Series(price))


@pytest.fixture(scope="module")
def priced():
    table = pictures()
    return table, gradum.fit(table, "price", model="linear", explain=False, **ONCE)


def game(ask, own, others, side=3):
    place = np.arange(side * side).reshape(side, side)
    own, others = (np.asarray(grids)[..., None].astype(np.uint8) for grids in (own, others))
    return TileGame(own, others, place, ask)


def test_values_of_every_order_add_up_to_what_the_grid_brings():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(9, 2))

    def ask(grids):
        return np.tanh(grids.reshape(len(grids), 9) / 100 @ weights)

    own, others = rng.integers(0, 256, (3, 3)), rng.integers(0, 256, (5, 3, 3))
    values = drawn(game(ask, own, others), rng, TOLERANCE, 0.0)
    brings = ask(own[None, ..., None]) - ask(others[..., None]).mean(axis=0)
    np.testing.assert_allclose(values.values.sum(axis=0), brings[0], atol=1e-12)
    np.testing.assert_allclose(values.output - values.base, brings[0], atol=1e-12)


def test_a_tile_that_decides_alone_has_all():
    rng = np.random.default_rng(1)
    own, others = rng.integers(0, 256, (7, 7)), rng.integers(0, 256, (6, 7, 7))
    asked = game(lambda grids: np.exp(grids[:, 2, 5] / 100.0), own, others, side=7)
    values = drawn(asked, rng, TOLERANCE, 0.0)
    brings = np.exp(own[2, 5] / 100) - np.exp(others[:, 2, 5] / 100).mean()
    expected = np.zeros(49)
    expected[2 * 7 + 5] = brings
    np.testing.assert_allclose(values.values[:, 0], expected, atol=1e-12)
    assert (np.delete(values.error, 2 * 7 + 5, axis=0) == 0).all()


def test_stated_errors_cover_the_values_of_all_rows():
    """f = Σ x_i + 2 Σ x_i x_j over neighbours: φ_i = (x_i − μ)(1 + Σ_j (x_j + μ)) exactly."""
    rng = np.random.default_rng(2)
    side, rows, repeats = 3, 20, 100
    edges = [(i, i + 1) for i in range(9) if i % 3 < 2] + [(i, i + 3) for i in range(6)]
    mean = 127.5 / 255

    def ask(grids):
        x = grids.reshape(len(grids), 9) / 255
        pairs = sum(x[:, i] * x[:, j] for i, j in edges)
        return (x.sum(axis=1) + 2 * pairs)[:, None]

    own = rng.integers(0, 256, (side, side))
    x = own.ravel() / 255
    near = [[j for edge in edges if i in edge for j in edge if j != i] for i in range(9)]
    true = [(x[i] - mean) * (1 + sum(x[j] + mean for j in near[i])) for i in range(9)]
    inside = 0
    for _ in range(repeats):
        others = rng.integers(0, 256, (rows, side, side))
        values = drawn(game(ask, own, others), rng, TOLERANCE, 0.0)
        inside += np.sum(np.abs(values.values[:, 0] - true) <= 1.96 * values.error[:, 0])
    assert 0.91 <= inside / (9 * repeats) <= 0.97  # 19 degrees of freedom: 0.935


def by_all_coalitions(answer, row, others, side):
    """φ of each tile of a lattice, written out, through the model's own door."""
    own = unpacked(row["photo"][0], b"p").pixels
    rows = np.rint(np.linspace(0, SIDE, side + 1)).astype(int)
    boxes = [(rows[i], rows[i + 1], rows[j], rows[j + 1]) for i, j in np.ndindex(side, side)]
    worth = {}
    for inside in product([False, True], repeat=side * side):
        cells = []
        for cell in others:
            pixels = unpacked(cell, b"p").pixels.copy()
            for shown, (top, bottom, left, right) in zip(inside, boxes, strict=True):
                if shown:
                    pixels[top:bottom, left:right] = own[top:bottom, left:right]
            cells.append(packed(b"p", Grid(pixels)))
        frame = pl.DataFrame({"photo": cells, "weight": [row["weight"][0]] * len(cells)})
        worth[inside] = answer(frame).mean()
    count = side * side
    values = np.zeros(count)
    for inside, value in worth.items():
        for i in range(count):
            if not inside[i]:
                joined = (*inside[:i], True, *inside[i + 1 :])
                ways = factorial(sum(inside)) * factorial(count - sum(inside) - 1)
                values[i] += (worth[joined] - value) * ways / factorial(count)
    whole = worth[(True,) * count]
    each = [worth[tuple(i != out for i in range(count))] for out in range(count)]
    return values, whole - np.array(each)


def test_values_are_those_of_all_coalitions_of_the_model(priced, monkeypatch):
    monkeypatch.setattr(tiles, "BACKGROUND", 3)
    table, model = priced
    row, background = table[7:8], table[:3]
    found = tile_values(model.fitted, row, background, "photo", side=2)
    values, occlusion = by_all_coalitions(model.predict, row, background["photo"], 2)
    np.testing.assert_allclose(found.shapley.values[:, 0], values, atol=1e-5)
    np.testing.assert_allclose(found.occlusion[:, 0], occlusion, atol=1e-5)
    assert (found.shapley.sampling_error == 0).all()
    assert found.shapley.values.sum() == pytest.approx(
        model.predict(row)[0] - values_without(model, row, background), abs=1e-5
    )


def values_without(model, row, background):
    frame = background.with_columns(weight=pl.lit(row["weight"][0]))
    return model.predict(frame).mean()


def test_the_same_question_has_the_same_answer(priced, monkeypatch):
    monkeypatch.setattr(tiles, "BACKGROUND", 3)
    monkeypatch.setattr(tiles, "MOST_ANSWERS", 0)
    table, model = priced
    one, other = (tile_values(model.fitted, table[:1], table, "photo", side=4) for _ in range(2))
    assert one.grid.shape == (SIDE, SIDE, 1)
    assert (one.lattice, one.background) == ((4, 4), 3)
    np.testing.assert_array_equal(one.shapley.values, other.shapley.values)
    np.testing.assert_array_equal(one.occlusion, other.occlusion)


def test_a_missing_grid_has_no_tiles(priced):
    table, model = priced
    gap = table[:1].with_columns(photo=pl.lit(None, pl.Binary))
    assert tile_values(model.fitted, gap, table, "photo") is None
    assert tile_values(model.fitted, table[:1], gap, "photo") is None
    assert grid_columns(model.fitted) == ["photo"]
