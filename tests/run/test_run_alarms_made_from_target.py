"""Sums of columns that are the target, means of the target in columns, and neither."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from alarm_tables import CLEAN, planned

from gradum.run.alarms.made_from_target import made_from_target, perfect_fit
from synthetic import task

ROWS = 1_500


def alarms(frame, target="y", **options):
    return made_from_target(planned(frame, target, **options)[0])


def drawn(seed):
    """Noise: three numbers, a group of 300 levels, and a target that none of them tells."""
    rng = np.random.default_rng(seed)
    numbers = {name: rng.normal(size=ROWS) for name in "abc"}
    groups = [f"g{level}" for level in rng.integers(300, size=ROWS)]
    return pl.DataFrame(numbers | {"group": groups, "y": rng.normal(size=ROWS)})


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decimals", [2, 12])
def test_a_target_that_is_a_sum_of_columns_is_found_with_their_names(seed, decimals):
    sums = (100 * pl.col("a") + 100 * pl.col("b")).round(decimals).alias("y")
    (alarm,) = alarms(drawn(seed).with_columns(sums))
    assert (alarm.kind, alarm.columns) == ("leak", ("a", "b"))
    assert alarm.option == "--drop 'a' --drop 'b'"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weight", [0, 20])
@pytest.mark.parametrize("kept", [True, False])
def test_means_of_the_target_over_its_own_rows_are_found(seed, weight, kept):
    frame, y = drawn(seed), pl.col("y")
    count = pl.len().over("group")
    means = (y.sum().over("group") + weight * y.mean()) / (count + weight)
    frame = frame.with_columns(mean=means)
    (alarm,) = alarms(frame if kept else frame.drop("group"))
    assert alarm.columns == ("mean",)
    assert alarm.option == "--drop 'mean'"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("weight", [0, 20])
def test_means_of_the_target_over_the_other_rows_of_a_level_are_found(seed, weight):
    frame, y = drawn(seed), pl.col("y")
    others = pl.len().over("group") - 1
    means = (y.sum().over("group") - y + weight * y.mean()) / (others + weight)
    (alarm,) = alarms(frame.with_columns(mean=means.fill_nan(0.0)))
    assert alarm.columns == ("mean",)
    assert alarm.option == "--drop 'mean'"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("made", "words"),
    [
        (2.5 * pl.col("a") * pl.col("b"), "is a multiple of 'a' times 'b' in every row"),
        ((pl.col("a") * pl.col("c")).round(3), "is a multiple of 'a' times 'c' in every row"),
        (pl.col("c") / (pl.col("a").abs() + 1), "is a multiple of 'c' divided by 'size' in"),
    ],
)
def test_a_target_that_is_a_product_or_a_quotient_is_found(seed, made, words):
    frame = drawn(seed).with_columns(size=pl.col("a").abs() + 1)
    (alarm,) = alarms(frame.with_columns(made.alias("y")))
    assert words in alarm.sentence
    assert alarm.option == " ".join(f"--drop {name!r}" for name in alarm.columns)


def test_a_product_with_noise_is_none():
    frame = drawn(0).with_columns(y=pl.col("a") * pl.col("b") + 0.01 * pl.col("y"))
    assert alarms(frame) == ()


def test_shares_of_a_class_are_found():
    frame = drawn(0).with_columns(
        y=pl.when(pl.col("y") > 0).then(pl.lit("u")).otherwise(pl.lit("v"))
    )
    shares = (pl.col("y") == "u").cast(pl.Float64).mean().over("group")
    (alarm,) = alarms(frame.with_columns(share=shares))
    assert alarm.columns == ("share",)


def test_means_of_other_rows_are_no_leak():
    frame = drawn(1)
    learned = frame.sample(fraction=0.5, seed=0).group_by("group").agg(mean=pl.col("y").mean())
    rest = frame.join(learned, on="group", how="left")
    assert alarms(rest.filter(pl.col("mean").is_not_null())[750:]) == ()


@pytest.mark.parametrize(("target", "rows"), CLEAN)
def test_clean_tables_are_left_in_peace(target, rows):
    assert alarms(task(target, rows), target) == ()
    assert rows < 800 or alarms(drawn(rows)) == ()


@pytest.mark.parametrize(("r2", "found"), [(0.9995, 1), (0.998, 0)])
def test_scores_that_are_almost_perfect_are_said_to_be(r2, found):
    dataset, _ = planned(drawn(0), "y")
    scores = {"mlp": {"test": {"r2": SimpleNamespace(value=r2)}}}
    judgement = SimpleNamespace(alarms=(), scores=scores, verdict=SimpleNamespace(used="mlp"))
    assert len(perfect_fit(dataset, judgement)) == found
