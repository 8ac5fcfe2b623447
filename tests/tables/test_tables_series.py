"""Series: what a table may hold as one, what is measured of them, and what is no series."""

import msgspec
import numpy as np
import polars as pl
import pytest

from gradum.tables.encode import Encoder
from gradum.tables.grids.cell import unpacked, why_failed
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.series import SeriesKind
from gradum.tables.kinds.series.features import SeriesFeatures, _changes, _scaled
from gradum.tables.kinds.series.kernels import TRIPLES, Kernels
from gradum.tables.kinds.series.readings import MOST_READINGS, of_grid, readings_of
from gradum.tables.kinds.series.step import SeriesStep
from gradum.tables.kinds.series.views import SeriesViews
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read
from grids import series

RNG = np.random.default_rng(0)


def kind_of(values, name="x"):
    table = read(pl.DataFrame({name: values, "other": range(len(values))}))
    return infer(table).column(name)


def readings(cell):
    return of_grid(unpacked(cell, b"t"))


WAVES = [np.round(np.sin(np.arange(12 + row % 5) / 3 + row), 3).tolist() for row in range(30)]


@pytest.mark.parametrize(
    "values",
    [
        pl.Series(WAVES),
        pl.Series([str(wave) for wave in WAVES]),
        pl.Series([" ".join(map(str, wave)) for wave in WAVES]),
        pl.Series([";".join(map(str, wave)) for wave in WAVES]),
        pl.Series([str(np.array(wave)) for wave in WAVES]),
        pl.Series([np.array(wave) for wave in WAVES], dtype=pl.Object),
        pl.Series([[wave] for wave in WAVES]),
    ],
)
def test_lists_arrays_and_texts_of_numbers_are_series(values):
    cells = read({"x": values, "y": list(range(30))}).frame["x"]
    for cell, wave in zip(cells, WAVES, strict=True):
        np.testing.assert_allclose(readings(cell), [wave], rtol=1e-6)
    assert kind_of(values).kind == "series"
    assert "12 to 16 readings" in kind_of(values).reason


def test_channels_are_the_shorter_side_whichever_way_they_lie():
    wide = RNG.normal(size=(20, 3, 40)).astype(np.float32)
    for values in (wide, wide.transpose(0, 2, 1)):
        cells = read({"x": list(values), "y": list(range(20))}).frame["x"]
        np.testing.assert_array_equal(readings(cells[4]), wide[4])
    column = kind_of(pl.Series(list(wide), dtype=pl.Object))
    assert "3 channels" in column.reason


def test_wide_columns_are_one_series_in_the_order_of_their_numbers():
    numbers = RNG.normal(size=(25, 11)).round(4)
    columns = {f"t{at}": numbers[:, at] for at in reversed(range(11))}
    frame = pl.DataFrame({"y": range(25), **columns, "z": range(25)})
    read_frame = read(frame).frame
    assert read_frame.columns == ["y", "t", "z"]
    for cell, row in zip(read_frame["t"], numbers, strict=True):
        np.testing.assert_allclose(readings(cell)[0], row, rtol=1e-6)


def test_wide_columns_of_several_channels_are_called_what_stands_before_t():
    columns = {f"{axis}_t{at}": range(9) for axis in "xy" for at in range(1, 10)}
    assert read(pl.DataFrame(columns)).frame.columns == ["x", "y"]


def test_columns_of_a_file_are_joined_in_blocks_too(tmp_path):
    from gradum.tables.sources.open_stream import opened

    rows = pl.DataFrame({"y": range(40), **{f"t{at}": RNG.normal(size=40) for at in range(8)}})
    rows.write_csv(tmp_path / "t.csv")
    with opened(tmp_path / "t.csv") as stream:
        (block,) = stream.blocks()
        assert block.frame.columns == ["y", "t"]
        assert block.frame["t"].to_list() == read(tmp_path / "t.csv").frame["t"].to_list()


@pytest.mark.parametrize(
    "columns",
    [
        {f"t{at}": range(9) for at in (0, 1, 2, 3, 4, 5, 6, 8)},  # one is missing
        {f"t{at}": range(9) for at in range(5)},  # too few
        {f"v{at}": range(9) for at in range(20)},  # of no time
        {f"t{at}": [*"abcdefghi"] for at in range(12)},  # no numbers
    ],
)
def test_other_columns_stay_apart(columns):
    assert read(pl.DataFrame(columns)).frame.columns == list(columns)


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([[1.0, 2.0]] * 20),  # coordinates
        pl.Series([["a"] * 20] * 20),
        pl.Series(["a wet day, and 12 more of them to come before the end"] * 20),
        pl.Series([f"01 23 45 67 {row}" for row in range(20)]),  # numbers of telephones
    ],
)
def test_other_lists_and_texts_are_no_series(values):
    assert kind_of(values).kind != "series"


def test_arrays_of_bytes_on_a_square_stay_pictures():
    pixels = RNG.integers(0, 256, (20, 12, 12)).astype(np.uint8)
    assert kind_of(pl.Series(list(pixels), dtype=pl.Object)).kind == "picture"


def test_arrays_of_too_many_channels_are_series_that_say_so():
    many = np.random.default_rng(0).normal(size=(20, 70, 90))
    column = kind_of(pl.Series(list(many), dtype=pl.Object))
    assert column.kind == "series"
    assert "No value can be opened (70 channels, more than 64)" in column.reason


def test_gaps_stay_gaps_and_ends_without_readings_are_cut():
    cell = read({"x": [[None, 1, float("nan"), *range(9), None, 1e300]] * 9, "y": [1] * 9}).frame[
        "x"
    ][0]
    np.testing.assert_array_equal(readings(cell), [[np.nan, 1, np.nan, *range(9)]])


def test_an_empty_place_in_a_text_is_a_gap():
    found = readings_of("1;2;;4; 5 ;6|7,,9")
    np.testing.assert_array_equal(found, [[1, 2, np.nan, 4, 5, 6, 7, np.nan, 9]])


def test_a_long_series_is_kept_as_means_of_neighbours():
    long = np.arange(2 * MOST_READINGS, dtype=float)
    np.testing.assert_array_equal(readings_of(long)[0], long.reshape(-1, 2).mean(axis=1))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "no readings"),
        ([None, None], "no readings"),
        ([float("inf")] * 9, "no readings"),
        (["a", "b"], "no list of numbers"),
        ([1.0, "b"], "no list of numbers"),
        ([1j] * 9, "no list of numbers"),
        (str([10**400] * 9), "no list of numbers"),
        ("[" * 50_000, "no list of numbers"),
        (np.zeros((70, 80)), "70 channels, more than 64"),
    ],
)
def test_what_holds_no_readings_is_missing_and_says_why(value, why):
    values = pl.Series([*WAVES, value], dtype=pl.Object)
    cells = read({"x": values, "y": list(range(31))}).frame["x"]
    assert why in why_failed(cells[30])
    column = kind_of(values)
    assert (column.kind, column.missing) == ("series", 1)
    assert why in column.reason


def test_channels_of_unlike_lengths_end_in_gaps():
    values = pl.Series([[wave, wave[:2]] for wave in WAVES], dtype=pl.Object)
    cells = read({"x": values, "y": list(range(30))}).frame["x"]
    np.testing.assert_allclose(readings(cells[0])[:, :3], [WAVES[0][:3], [*WAVES[0][:2], np.nan]])
    assert "30 of them with gaps" in kind_of(values).reason


# What is measured.


def filtered(x, kernel, dilation, subset, resolution):
    """r(t) by its definition, in plain Python."""
    weights = [2 if tap in TRIPLES[kernel] else -1 for tap in range(9)]
    unit = np.float32(resolution / len(subset) ** 0.5)
    summed = sum(x[c] * unit for c in subset)  # in float32, since halves are rounded either way
    whole = [min(max(round(each), -2560), 2560) for each in summed.tolist()]
    return np.array(
        [
            sum(
                weights[tap] * whole[t + (tap - 4) * dilation]
                for tap in range(9)
                if 0 <= t + (tap - 4) * dilation < len(whole)
            )
            for t in range(len(whole))
        ]
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_shares_are_those_of_the_definition(channels):
    whole = np.random.default_rng(1)
    shapes = (40, 3), (40, 3), (23, 0.3), (7, 3), (40, 1e-7)
    several = [by * whole.normal(size=(channels, n)).astype(np.float32) for n, by in shapes]
    resolutions = [
        next(s for s in (2**17, 2**14, 2**11, 2**8) if abs(x).max() * s < 2560 or s == 256)
        for x in several
    ]
    assert len(set(resolutions)) == 3
    kernels = Kernels.fit(several, np.random.default_rng(2))
    thresholds = iter(np.frombuffer(kernels.thresholds, "<i4"))
    found = kernels.shares(several)
    groups = len(kernels.subsets) // len(kernels.dilations)
    checked, place = 0, 0
    for which, (dilation, count) in enumerate(zip(kernels.dilations, kernels.counts, strict=True)):
        for group in range(groups):
            subset = kernels.subsets[which * groups + group]
            for kernel in range(group, 84, groups):
                for _ in range(count):
                    threshold = next(thresholds)
                    if place % 61 == 0:
                        for row, (x, s) in enumerate(zip(several, resolutions, strict=True)):
                            r = filtered(x, kernel, dilation, subset, s)
                            if (which + kernel) % 2:
                                r = r[4 * dilation : max(len(r) - 4 * dilation, 0)]
                            share = np.mean(r * (2**17 // s) > threshold) if len(r) else 0.0
                            assert found[row, place] == np.float32(share)
                            checked += 1
                    place += 1
    assert place == kernels.count == found.shape[1]
    assert checked > 40


def test_small_series_are_measured_as_finely_as_large_ones():
    large = [RNG.normal(size=(1, 30)).astype(np.float32) for _ in range(9)]
    kernels = Kernels.fit(large, np.random.default_rng(0))
    zeros = bytes(4 * kernels.count)  # thresholds that do not hang on the unit
    kernels, small = msgspec.structs.replace(kernels, thresholds=zeros), [x / 512 for x in large]
    np.testing.assert_array_equal(kernels.shares(small), kernels.shares(large))


def test_kernels_of_an_older_model_measure_as_they_did():
    large = [RNG.normal(size=(1, 30)).astype(np.float32) for _ in range(9)]
    kernels = Kernels.fit(large, np.random.default_rng(0))
    thresholds = (np.frombuffer(kernels.thresholds, "<i4") // 512).astype("<i2").tobytes()
    record = {**msgspec.to_builtins(kernels), "thresholds": thresholds}
    del record["resolutions"]
    older = msgspec.convert(record, Kernels)
    np.testing.assert_array_equal(older.shares(large), kernels.shares(large))
    small = [x / 2048 for x in large]  # rounded off
    assert (older.shares(small) != kernels.shares(small)).any()


def encoder_of(cells):
    table = read(pl.DataFrame({"x": cells, "y": range(len(cells))}))
    schema = infer(table, target="y")
    return Encoder.fit(table.frame, schema), table.frame


def test_the_level_and_spread_of_a_series_are_measured_in_its_unit():
    cells = series(*[30] * 20)
    encoder, frame = encoder_of(cells)
    design = encoder.transform(frame)
    names = [feature.name for feature in encoder.layout.dense[:2]]
    assert names == ["x mean", "x deviation"]
    each = [readings(cell)[0].astype(float) for cell in cells]
    np.testing.assert_allclose(design.dense[:, 0], [x.mean() for x in each], rtol=1e-6)
    np.testing.assert_allclose(design.dense[:, 1], [x.std() for x in each], rtol=1e-6)


def test_what_was_measured_while_fitting_is_what_is_measured_later():
    encoder, frame = encoder_of(series(*[20 + row % 4 for row in range(30)], channels=2))
    later = Encoder.from_json(encoder.to_json())
    np.testing.assert_array_equal(encoder.transform(frame).dense, later.transform(frame).dense)


def test_a_series_shorter_than_its_channels_is_measured_like_others():
    whole = [RNG.normal(size=(6, 4 + row)) for row in range(20)]
    step = SeriesStep.fit(read({"x": whole, "y": list(range(20))}).frame["x"])
    expected = [x.mean() for x in whole[0].astype(np.float32).astype(float)]
    cells = SeriesKind().parse(pl.Series("x", whole[:1], dtype=pl.Object), Parse())
    np.testing.assert_allclose(step.dense_block(cells)[0, 0:12:2], expected, rtol=1e-5)


def test_series_that_are_all_constant_are_measured_without_a_warning():
    encoder, frame = encoder_of(pl.Series([[float(row % 3)] * 10 for row in range(12)]))
    dense = encoder.transform(frame).dense
    assert np.isfinite(dense).all()
    np.testing.assert_array_equal(dense[:, 0], [row % 3 for row in range(12)])


def test_changes_are_measured_whatever_the_level():
    fitted = SeriesFeatures.fit([np.array([wave]) for wave in WAVES], np.random.default_rng(0))[0]
    for numbers in (np.arange(12.0), np.arange(12.0)[::-1]):
        one, other = (_scaled([_changes(numbers[None] + by)], [0.0], [1.0]) for by in (0, 512))
        np.testing.assert_array_equal(fitted.changes.shares(one), fitted.changes.shares(other))


@pytest.mark.parametrize(
    "changed",
    [
        {"dilations": (10**9,)},
        {"dilations": (0,)},
        {"counts": (10**9,)},
        {"subsets": ((1,),)},
        {"thresholds": b""},
        {"thresholds": np.full(84 * 16, -(2**31), "<i4").tobytes()},
        {"resolutions": (256, 0)},
        {"resolutions": (256,)},
    ],
)
def test_kernels_that_no_fit_yields_are_refused_before_anything_is_measured(changed):
    kernels = Kernels.fit([RNG.normal(size=(1, 7))] * 3, np.random.default_rng(0))
    assert (kernels.dilations, kernels.counts) == ((1,), (16,))
    with pytest.raises(ValueError, match="the kernels of series"):
        msgspec.structs.replace(kernels, **changed)


def placed(readings, length):
    """Means of equal stretches, by a fine grid of as many equal parts; straight lines if longer."""
    count = readings.shape[1]
    if count > length:
        return np.repeat(readings, length, axis=1).reshape(len(readings), length, -1).mean(axis=2)
    at = np.linspace(0, count - 1, length)
    return np.stack([np.interp(at, np.arange(count), channel) for channel in readings])


@pytest.mark.parametrize("readings", [20, 45, 300])
def test_views_are_readings_in_units_of_all_series_and_of_their_own(readings):
    rng = np.random.default_rng(readings)
    many = 3 + rng.normal(size=(9, 2, readings)) * rng.uniform(0.5, 2, (9, 2, 1))
    views = SeriesViews.fit(many[:, :, :45])
    seen = views.pixels(list(many))
    assert seen.shape == (9, 1, min(readings, 45), 6)
    for grid, each in zip(seen, many, strict=True):
        all_ = (each - np.array(views.centres)[:, None]) / np.array(views.scales)[:, None]
        own = (each - each.mean(axis=1, keepdims=True)) / each.std(axis=1, keepdims=True)
        all_, own = placed(all_, views.length), placed(own, views.length)
        moved = np.diff(all_, prepend=all_[:, :1]) / np.array(views.change_scales)[:, None]
        exact = 128 + 32 * np.concatenate([all_, own, moved])
        assert np.abs(grid[0].T - exact.clip(0, 255)).max() < 0.6


def test_a_step_has_grids_where_filters_look_alone_and_from_a_file_the_same_bytes():
    column = pl.concat(
        [series(*[20 + row % 4 for row in range(30)], channels=2), pl.Series([None])]
    )
    encoder, frame = encoder_of(column)
    assert "grids" not in encoder.transform(frame).arrays
    seen = encoder.with_grids(frame)
    design, alone = seen.transform(frame), seen.transform(frame[7:8])
    later = Encoder.from_json(seen.to_json()).transform(frame)
    np.testing.assert_array_equal(design.dense, encoder.transform(frame).dense)
    assert design.arrays["grids"].tobytes() == later.arrays["grids"].tobytes()
    assert design.arrays["grids"][7:8].tobytes() == alone.arrays["grids"].tobytes()
    (_, pixels), *_ = design.grid_columns()
    assert pixels.shape == (31, 1, 21, 6)
    assert (pixels[-1] == 128).all()


@pytest.mark.parametrize(
    "values",
    [
        [[float(row % 3)] * 10 for row in range(12)],
        [[5.0, None, 1e30, *[4.0, 7.0] * 3], *[[2.0] * 9] * 10, [1.0]],
        [*[[0.0] * 200 + [1e38]] * 11, [-1e38, 1e38]],
    ],
)
def test_rough_series_are_seen_without_a_warning(values):
    encoder, frame = encoder_of(pl.Series(values))
    (_, pixels), *_ = encoder.with_grids(frame).transform(frame).grid_columns()
    assert len(pixels) == len(values)
    constant = [row for row, each in enumerate(values) if len(set(each)) == 1]
    assert (pixels[constant, 0, :, 1] == 128).all()


@pytest.mark.parametrize(
    "changed", [{"length": 10**9}, {"length": 0}, {"scales": (0.0,)}, {"centres": (np.nan,)}]
)
def test_views_that_no_fit_yields_are_refused(changed):
    views = SeriesViews.fit([RNG.normal(size=(1, 30))] * 3)
    with pytest.raises(ValueError, match="the views of series"):
        msgspec.structs.replace(views, **changed)
