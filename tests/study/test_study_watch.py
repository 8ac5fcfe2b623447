"""A watch: p-values against permutations and exact laws, effects against the truth, one family."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from scipy import stats

import gradum
from gradum.errors import SchemaError, SpecError, TableError
from gradum.run.reference.column_counts import (
    Levels,
    Numbers,
    as_numbers,
    expected_unseen,
    level_counts,
)
from gradum.run.reference.reference import ColumnSummary
from gradum.study.watch.distances import (
    between_levels,
    between_numbers,
    kolmogorov,
    kolmogorov_p,
    least_kolmogorov,
    least_total_variation,
    levels_p,
    more_p,
    numbers_p,
    ranks_p,
    share_p,
    stability,
    total_variation,
)
from gradum.study.watch.drift_effect import mapped_back
from gradum.study.watch.joint import watch_jointly
from gradum.tables.columns import Column

TIMES = 200


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def rows(count: int, seed: int) -> pl.DataFrame:
    """Draw three columns that the target hangs on, and two that it does not."""
    draw = rng(seed)
    x = draw.normal(size=count)
    level = draw.choice(["a", "b", "c"], count, p=[0.5, 0.3, 0.2])
    flag = draw.random(count) < 0.4
    target = 3 * x + 2.0 * (level == "b") + flag + draw.normal(size=count) / 10
    return pl.DataFrame(
        {
            "x": x,
            "level": level,
            "flag": flag,
            "noise": draw.normal(size=count),
            "whole": draw.poisson(2, count),
            "target": target,
        }
    )


@pytest.fixture(scope="module")
def model():
    return gradum.fit(rows(1_000, 1), "target", model="linear")


@pytest.fixture(scope="module")
def like(model):
    return model.watch(rows(1_000, 2))


def column(watch, name):
    return next(line for line in watch.found.columns if line.column == name)


# Distances


def test_the_distance_is_that_of_scipy_at_the_quantiles():
    old, new = rng(1).normal(size=3_000), rng(2).normal(0.3, size=500)
    summary = Numbers.of(old)
    distance = kolmogorov(summary.counts, summary.bins(new))
    whole = stats.ks_2samp(old, new).statistic
    assert whole - 0.02 < distance <= whole


def test_the_least_distance_has_a_p_of_five_percent():
    assert kolmogorov_p(least_kolmogorov(700, 90), 700, 90) == pytest.approx(0.05)
    assert least_kolmogorov(700, 90) == pytest.approx(1.36 * np.sqrt(790 / 63_000), rel=0.01)


def test_the_distance_bound_is_no_less_than_the_exact_p():
    old, new = rng(3).normal(size=60), rng(4).normal(0.5, size=80)
    exact = stats.ks_2samp(old, new, method="exact")
    assert kolmogorov_p(exact.statistic, 60, 80) >= exact.pvalue


def test_the_rank_bound_is_no_less_than_the_p_of_mann_and_whitney():
    for shift in (0.0, 0.1, 0.4):
        old, new = rng(5).normal(size=2_000), rng(6).normal(shift, size=400)
        summary = Numbers.of(old)
        exact = stats.mannwhitneyu(old, new).pvalue
        assert exact <= ranks_p(summary.counts, summary.bins(new)) <= 4 * exact**0.8 + 1e-9


def test_the_index_is_the_sum_that_defines_it():
    old, new = np.array([10, 30, 60]), np.array([20, 20, 10])
    p, q = (old + 0.5) / 101.5, (new + 0.5) / 51.5
    assert stability(old, new) == pytest.approx(((q - p) * np.log(q / p)).sum())


def test_a_total_variation_beyond_the_least_is_beyond_chance_whatever_the_shares():
    for seed in range(30):
        draw = rng(seed)
        old = draw.multinomial(2_000, draw.dirichlet(np.ones(6)))
        new = draw.multinomial(1_000, draw.dirichlet(np.ones(6)))
        size, least = total_variation(old, new), least_total_variation(2_000, 1_000, 6)
        if old.min() >= 40 and new.min() >= 40 and size >= least:
            assert levels_p(old, new, draw) <= 0.05


def test_levels_have_the_p_of_pearson():
    old, new = np.array([300, 200, 100]), np.array([90, 80, 40])
    expected = stats.chi2_contingency([old, new], correction=False).pvalue
    assert levels_p(old, new, rng()) == pytest.approx(expected)


def test_rare_levels_have_the_p_of_all_divisions():
    old, new = np.array([12, 6, 14]), np.array([8, 17, 2])
    labels = np.repeat([0, 1, 2], old + new)
    draw = rng(7)
    expected = (old + new) * new.sum() / (old.sum() + new.sum())
    statistic = ((new - expected) ** 2 / expected).sum()
    as_far = 0
    for _ in range(4_000):
        counts = np.bincount(draw.permutation(labels)[: new.sum()], minlength=3)
        as_far += ((counts - expected) ** 2 / expected).sum() >= statistic - 1e-9
    assert levels_p(old, new, rng(8)) == pytest.approx(as_far / 4_000, abs=0.004)


def test_shares_have_fishers_p():
    table = [[3, 97], [11, 89]]
    assert share_p(3, 100, 11, 100) == pytest.approx(stats.fisher_exact(table).pvalue)
    greater = stats.fisher_exact(table, alternative="less").pvalue
    assert more_p(3, 100, 11, 100) == pytest.approx(greater)


@pytest.mark.parametrize(
    "draw",
    [
        lambda count, g: g.normal(size=count),
        lambda count, g: g.poisson(2, count).astype(float),
        lambda count, g: np.where(g.random(count) < 0.01, g.normal(size=count), 0.0),
        lambda count, g: (g.random(count) < 0.05).astype(float),
    ],
    ids=["numbers", "whole numbers", "mostly zero", "zero or one"],
)
@pytest.mark.parametrize(("n", "m"), [(60, 400), (1_000, 50)])
def test_p_values_of_numbers_promise_no_more_than_they_hold(draw, n, m):
    g, ps = rng(9), []
    for _ in range(TIMES):
        summary = Numbers.of(draw(n, g))
        ps.append(numbers_p(summary.counts, summary.bins(draw(m, g))))
    assert np.mean(np.array(ps) <= 0.05) <= 0.05
    assert np.mean(np.array(ps) <= 0.2) <= 0.2


@pytest.mark.parametrize("levels", [3, 62, 1_000])
def test_p_values_of_levels_promise_no_more_than_they_hold(levels):
    """Also where levels are about as common as those that are named must be."""
    g, ps, unseen_ps = rng(10), [], []
    names = np.array([f"level {place}" for place in range(levels)])
    for _ in range(TIMES // 2):
        old, new = names[g.integers(levels, size=2_000)], names[g.integers(levels, size=1_000)]
        counts = level_counts(pl.Series("x", old))
        summary = Levels.of(counts, expected_unseen(counts, 1_300))
        others = level_counts(pl.Series("x", new))
        cells = summary.comparable(summary.counts), summary.comparable(summary.arranged(others))
        ps.append(levels_p(*cells, g))
        unseen = int(np.count_nonzero(~np.isin(new, old[:1_300])))
        unseen_ps.append(more_p(int(np.ceil(summary.unseen)), 2_000, unseen, 1_000))
    most = 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / len(ps))  # one in two hundred exceeds it by chance
    assert np.mean(np.array(ps) <= 0.05) <= most
    assert np.mean(np.array(unseen_ps) <= 0.05) <= most


def test_nothing_to_compare_is_no_drift():
    nothing = np.zeros(3, np.int64)
    assert between_numbers(nothing, np.array([1, 2, 3])).p == 1
    assert between_levels(np.array([1, 2, 3]), nothing, rng()).p == 1


# Mapping back


def test_numbers_are_mapped_to_the_distribution_before():
    old, new = rng(11).normal(size=5_000), rng(12).gamma(2, size=3_000)
    summary = ColumnSummary(0, Numbers.of(old))
    mapped = mapped_back(pl.Series("x", new), summary, 5_000, (), rng())
    assert stats.ks_2samp(mapped.to_numpy(), old).statistic < 0.03
    order = np.argsort(new)
    assert (np.diff(mapped.to_numpy()[order]) >= -1e-12).all()  # ranks are kept


def test_whole_numbers_stay_whole():
    old, new = rng(13).poisson(2, 5_000), rng(14).poisson(4, 3_000)
    summary = ColumnSummary(0, Numbers.of(old.astype(float)))
    mapped = mapped_back(pl.Series("x", new.astype(float)), summary, 5_000, (), rng()).to_numpy()
    assert (mapped == np.round(mapped)).all()
    assert (
        np.abs(
            np.bincount(mapped.astype(int))[:6] / 3_000 - stats.poisson.pmf(np.arange(6), 2)
        ).max()
        < 0.03
    )


def test_as_few_levels_are_redrawn_as_have_moved():
    old = pl.Series("x", ["a"] * 600 + ["b"] * 300 + ["c"] * 100)
    new = pl.Series("x", ["a"] * 300 + ["b"] * 300 + ["c"] * 350 + ["z"] * 50)
    summary = ColumnSummary(0, Levels.of(level_counts(old), 0.0))
    mapped = mapped_back(new, summary, 1_000, ("a", "b", "c"), rng())
    assert level_counts(mapped) == {"a": 600, "b": 300, "c": 100}
    assert (mapped != new).sum() == 300


def test_rare_levels_are_redrawn_among_those_known():
    old = pl.Series("x", [f"level {place}" for place in range(500)] * 2)
    new = pl.Series("x", ["never seen"] * 1_000)
    known = old.unique().to_list()
    summary = ColumnSummary(0, Levels.of(level_counts(old), 0.0))
    assert mapped_back(new, summary, 1_000, known, rng()).is_in(known).all()


@pytest.mark.parametrize(("before", "now"), [(0.3, 0.1), (0.0, 0.2)])
def test_missing_values_come_and_go_with_their_share(before, now):
    values = pl.Series("x", rng(15).normal(size=1_000))
    holes = values.set(pl.Series(np.arange(1_000) < 1_000 * now), None)
    summary = ColumnSummary(int(1_000 * before), Numbers.of(as_numbers(values)))
    summary = ColumnSummary(summary.missing, Numbers.of(as_numbers(values)[summary.missing :]))
    mapped = mapped_back(holes, summary, 1_000, (), rng())
    assert mapped.null_count() == 1_000 * before


def test_flags_are_mapped():
    old, new = pl.Series("x", [True] * 30 + [False] * 70), pl.Series("x", [True] * 100)
    summary = ColumnSummary(0, Levels.of(level_counts(old), 0.0))
    mapped = mapped_back(new, summary, 100, (), rng())
    assert mapped.dtype == pl.Boolean
    assert mapped.sum() == 30


@pytest.mark.parametrize(
    "old",
    [
        pl.Series("x", rng(16).normal(size=1_000)),
        pl.Series("x", rng(17).poisson(2, 1_000).astype(float)),
        pl.Series("x", 1e15 + np.arange(1_000)).cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
        pl.Series("x", ["a"] * 700 + ["b"] * 300),
        pl.Series("x", [True] * 300 + [False] * 700),
    ],
    ids=lambda old: str(old.dtype),
)
def test_a_column_that_is_all_missing_is_filled_as_it_was_before(old):
    known = () if old.dtype.is_numeric() or old.dtype.is_temporal() else ("a", "b")
    values = Levels.of(level_counts(old), 0.0) if known else Numbers.of(as_numbers(old))
    mapped = mapped_back(old.clear(1_000), ColumnSummary(0, values), 1_000, known, rng())
    assert mapped.dtype == old.dtype
    if known:
        assert level_counts(mapped) == level_counts(old)
    else:
        assert stats.ks_2samp(as_numbers(mapped), as_numbers(old)).statistic < 0.05


def test_a_column_that_was_all_missing_is_emptied():
    nothing = ColumnSummary(1_000, Levels.of({}, 0.0))
    values = pl.Series("x", ["a"] * 100)
    assert mapped_back(values, nothing, 1_000, ("a",), rng()).null_count() == 100


# The watch


def test_like_rows_raise_no_alarm(like):
    assert not like.alarm
    assert not any(line.drifted for line in like.found.columns)
    assert "No alarm" in like.summary()


def test_a_moved_column_is_found_with_what_it_does(model):
    new = rows(1_000, 3).with_columns(pl.col("x") + 0.5)
    watch = model.watch(new)
    found = column(watch, "x")
    assert watch.alarm
    assert found.alarming
    assert found.median.shift == pytest.approx(0.5, abs=0.15)
    assert found.effect.mean == pytest.approx(1.5, abs=0.3)  # three times as much
    assert found.effect.absolute == pytest.approx(1.5, abs=0.3)
    assert {alarm.column for alarm in watch.found.alarms} == {None, "x"}
    assert watch.found.answers.drifted


def test_what_no_answer_hangs_on_is_harmless(model):
    new = rows(1_000, 4).with_columns(pl.col("noise") + 1.0)
    watch = model.watch(new)
    found = column(watch, "noise")
    assert found.drifted
    assert found.effect.harmless
    assert not found.alarming
    assert not watch.alarm
    assert "only in ways that hardly move an answer" in " ".join(watch.summary().split())


def test_levels_that_come_and_grow_are_found(model):
    some = pl.Series(rng(5).random(1_000))
    new = rows(1_000, 5).with_columns(
        level=pl.when(some < 0.2).then(pl.lit("new")).otherwise(pl.col("level"))
    )
    watch = model.watch(new)
    found = column(watch, "level")
    assert found.unseen.levels == ("new",)
    assert found.unseen.rows == (some < 0.2).sum()
    assert found.unseen.p < 1e-6
    assert "'new'" in found.sentence


def test_missing_values_are_found(model):
    holes = pl.Series(rng(6).random(1_000) < 0.1)
    new = rows(1_000, 6).with_columns(x=pl.when(holes).then(None).otherwise("x"))
    found = column(model.watch(new), "x")
    assert found.missing.p < 1e-6
    assert found.drifted
    assert found.missing.reference == 0


@pytest.mark.slow
def test_blocks_are_counted_as_the_whole(model, tmp_path, like, monkeypatch):
    monkeypatch.setattr("gradum.questions.rows.sampled_rows.BLOCK_ROWS", 64)
    assert model.watch(rows(1_000, 2)).found == like.found
    rows(1_000, 2).write_csv(tmp_path / "new.csv")
    found = model.watch(tmp_path / "new.csv").found
    assert [(line.column, line.counts) for line in found.columns] == [
        (line.column, line.counts) for line in like.found.columns
    ]


def test_a_column_that_no_longer_comes_is_not_harmless(model):
    new = rows(1_000, 7).with_columns(x=pl.lit(None, dtype=pl.Float64))
    watch = model.watch(new)
    found = column(watch, "x")
    assert found.alarming
    assert found.effect.absolute == pytest.approx(3 * np.sqrt(2 / np.pi), rel=0.1)  # E |3 x|


def test_rows_to_compare_with_can_be_given(model):
    moved = rows(1_000, 7).with_columns(pl.col("x") + 1)
    assert model.watch(moved).alarm
    against = model.watch(rows(800, 8).with_columns(pl.col("x") + 1), reference=moved)
    assert not against.alarm
    assert any("stand for the rows learned from" in note for note in against.found.notes)


def test_a_model_without_its_rows_compares_column_by_column(model, tmp_path):
    model.save(tmp_path / "m.gradum")
    found = gradum.load(tmp_path / "m.gradum").watch(rows(500, 9)).found
    assert found.joint is None
    assert any("not jointly" in note for note in found.notes)


def test_a_classifier_sees_what_no_single_column_shows():
    """Two columns whose signs agree before, and differ now."""
    from gradum.questions.watch.boosted_trees import classifying_trees

    draw = rng(16)
    x = draw.normal(size=(1_500, 2))
    before, now = x[:750], x[750:]
    frames = [
        pl.DataFrame({"a": np.abs(part[:, 0]) * s, "b": np.abs(part[:, 1]) * s * sign})
        for part, s, sign in (
            (before, draw.choice([-1, 1], 750), 1),
            (now, draw.choice([-1, 1], 750), -1),
        )
    ]
    columns = [Column("a", "numeric", "feature"), Column("b", "numeric", "feature")]
    found = watch_jointly(*frames, columns, classifying_trees, rng())
    assert found.auc > 0.9
    assert found.p < 1e-6
    assert {name for name, _ in found.columns} == {"a", "b"}


def test_a_classifier_promises_no_more_than_it_holds():
    def by_first_column(values, coded, label):
        slope = np.sign(np.cov(values[:, 0], label)[0, 1])
        return lambda rows: slope * rows[:, 0]

    draw, columns, ps = rng(17), [Column("a", "numeric", "feature")], []
    for _ in range(TIMES):
        frames = [pl.DataFrame({"a": draw.normal(size=count)}) for count in (80, 60)]
        ps.append(watch_jointly(*frames, columns, by_first_column, draw).p)
    assert np.mean(np.array(ps) <= 0.05) <= 0.05
    assert np.mean(np.array(ps) <= 0.2) <= 0.2


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (rows(1, 0), TableError, "1 row"),
        (rows(30, 0).clear(), TableError, "no rows"),
        (rows(30, 0).drop("x"), SchemaError, "x"),
        (rows(30, 0).with_columns(x=pl.lit("word")), SchemaError, "x"),
    ],
)
def test_what_cannot_be_compared_is_refused(model, data, error, words):
    with pytest.raises(error, match=words):
        model.watch(data)


def test_a_model_of_earlier_versions_asks_for_rows(model, tmp_path):
    old = gradum.Model(replace(model.fitted, reference=None))
    with pytest.raises(SpecError, match="Fit it again"):
        old.watch(rows(100, 10))
    assert not old.watch(rows(500, 10), reference=rows(500, 11)).alarm
    assert not gradum.Model(old.fitted, model.run).watch(rows(500, 10)).alarm


def test_columns_of_many_levels_are_taken_by_the_trees():
    from gradum.questions.watch.boosted_trees import classifying_trees

    draw = rng(18)
    frames = [
        pl.DataFrame({"a": [f"level {code}" for code in draw.integers(low, 80, 400)]})
        for low in (0, 40)
    ]
    found = watch_jointly(*frames, [Column("a", "categorical", "feature")], classifying_trees, draw)
    assert found.auc > 0.55


@pytest.mark.parametrize("name", ["x", "level", "flag"])
def test_a_column_that_is_gone_is_no_harmless_one(model, name):
    new = rows(1_000, 12).with_columns(pl.when(pl.int_range(pl.len()) < 1).then(name).alias(name))
    found = column(model.watch(new), name)
    assert found.missing.new > 0.99
    assert found.alarming
    assert found.effect.absolute > 0.1


@pytest.mark.parametrize(
    ("before", "dtype"),
    [(pl.Series(["a", "b"] * 30), pl.String), (pl.Series([1.0, 2.0] * 30), pl.Float64)],
)
def test_where_no_value_is_left_those_before_are_drawn(before, dtype):
    values = Levels.of(level_counts(before), 0.0) if dtype == pl.String else Numbers.of(before)
    nothing = pl.Series("x", [None] * 60, dtype=dtype)
    mapped = mapped_back(nothing, ColumnSummary(0, values), 60, (), rng())
    assert mapped.value_counts(sort=True)["count"].to_list() == [30, 30]


@pytest.mark.parametrize("distance", [-1.0, np.inf, np.nan])
def test_a_distance_that_makes_no_error_is_refused(model, distance):
    with pytest.raises(SpecError, match="cannot tell an error from a right answer"):
        model.watch(rows(100, 8), stream=True, beyond=distance)


def test_rows_of_a_watch_that_is_refused_are_not_counted(model, tmp_path):
    state, asked = tmp_path / "state.json", {"stream": True, "at_most": 0.5, "beyond": 1.0}
    with pytest.raises(SpecError, match="no model"):
        model.watch(rows(100, 9), rung="pack", state=state, **asked)
    few = rows(3, 9)
    with pytest.raises(TableError, match="can show no drift"):
        model.watch(rows(100, 9), reference=few, state=state, **asked)
    assert not state.exists()


def test_numbers_without_their_judged_rows_need_a_distance(model):
    reference = structs.replace(model.fitted.reference, errors=None)
    earlier = gradum.Model(replace(model.fitted, reference=reference))
    with pytest.raises(SpecError, match="--at-most RATE and --beyond DISTANCE"):
        earlier.watch(rows(100, 9), stream=True, at_most=0.1)
