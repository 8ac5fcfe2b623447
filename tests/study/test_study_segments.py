"""Scores by segment: slices, weakest segments, and their errors against simulation."""

import datetime

import msgspec
import numpy as np
import polars as pl
import pytest
from sklearn import metrics as peer

from gradum.errors import SpecError
from gradum.messages import as_text
from gradum.run.dataset import labelled
from gradum.rungs.rung import Prediction
from gradum.study.column_cut import cut
from gradum.study.evidence import Evidence
from gradum.study.findings import segments as module
from gradum.study.findings.segments import Segments, segments
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.sources.read import read


def evidence(frame, prediction, **roles):
    """What a model that says so leaves on a table whose last column is the target."""
    table = read(frame)
    schema = infer(table, target=frame.columns[-1], overrides=Overrides(**roles))
    dataset = labelled(table, schema)
    rows = np.arange(len(dataset))
    said = Prediction(prediction, None)
    if prediction.ndim == 2:
        said = Prediction.of_classes(prediction)
    return Evidence(
        "linear", dataset.truth, rows, rows + 1, said, dataset.frame, schema, 0, len(rows)
    )


def features(rows, seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "size": rng.normal(50, 10, rows),
            "age": rng.integers(18, 80, rows).astype(float),
            "colour": rng.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2]),
            "member": rng.random(rows) < 0.4,
            "city": rng.choice([f"city {k:02}" for k in range(10)], rows),
        }
    )


def regression(rows=1000, seed=0, **noise):
    """Numbers said to be 0, and errors whose deviation some level of a column changes."""
    frame, rng = features(rows, seed), np.random.default_rng([seed, 1])
    scale = np.ones(rows)
    for column, (level, factor) in noise.items():
        scale = np.where(frame[column] == level, factor, scale)
    frame = frame.with_columns(amount=scale * rng.normal(size=rows))
    return evidence(frame, np.zeros(rows))


def binary(rows=1000, seed=0):
    frame, rng = features(rows, seed), np.random.default_rng([seed, 2])
    share = rng.beta(2, 2, rows)
    said = np.where(frame["colour"] == "blue", 1 - share, share)  # the wrong way round
    frame = frame.with_columns(label=np.where(rng.random(rows) < share, "yes", "no"))
    return evidence(frame, np.column_stack([1 - said, said]))


def test_a_slice_has_the_score_of_its_rows_and_their_difference_from_the_others():
    seen = binary()
    blue = (seen.frame["colour"] == "blue").to_numpy()
    share = seen.prediction.probability[:, 1]
    slices = segments(seen, ["colour"], "auc").slices["colour"]
    assert [each.values for each in slices] == ["red", "green", "blue"]
    found = slices[2]
    own = peer.roc_auc_score(seen.target[blue], share[blue])
    rest = peer.roc_auc_score(seen.target[~blue], share[~blue])
    assert found.rows == blue.sum()
    assert found.score.value == pytest.approx(own)
    assert found.difference.value == pytest.approx(own - rest)
    assert found.baseline == pytest.approx(seen.target[blue].mean())
    assert found.finding == "weaker than the rest"  # less AUC is worse
    assert slices[0].finding == "stronger than the rest"


def test_the_interval_of_a_difference_is_that_of_two_independent_means():
    seen = regression(member=(True, 1.0))
    found = segments(seen, ["member"], "mae").slices["member"][1]
    inside = seen.frame["member"].to_numpy()
    error = np.abs(seen.target)
    expected = np.sqrt(error[inside].var() / inside.sum() + error[~inside].var() / (~inside).sum())
    assert found.difference.standard_error == pytest.approx(expected, rel=0.1)
    assert found.finding == "no difference shown"


def asked(seen, metric="rmse"):
    found = segments(seen, ["size", "age", "colour", "member", "city"], metric).slices
    return [each for column in found.values() for each in column]


@pytest.mark.parametrize("heavy", [False, True])
def test_of_many_slices_under_one_error_none_is_told_apart_in_19_runs_of_20(heavy):
    """More than 3 of 10 come with a chance of 0.1% if each comes with 5%."""
    wrong = 0
    for seed in range(10):
        frame, rng = features(500, seed), np.random.default_rng([seed, 4])
        error = rng.lognormal(0, 1, 500) if heavy else rng.normal(size=500)
        seen = evidence(frame.with_columns(amount=error), np.zeros(500))
        told = [each.finding for each in asked(seen) if each.difference]
        assert len(told) > 20
        wrong += any(finding != "no difference shown" for finding in told)
    assert wrong <= 3


def test_a_weak_slice_among_many_is_told_and_intervals_hold_for_all_at_once():
    seen = regression(colour=("blue", 1.6))
    alone = segments(seen, ["colour"], "rmse").slices["colour"]
    found = {each.values: each for each in asked(seen)}
    assert found["blue"].finding == "weaker than the rest"
    for each in alone:
        among = found[each.values]
        assert among.difference.value == each.difference.value
        assert among.difference.low < each.difference.low
        assert among.difference.high > each.difference.high
        assert among.score == each.score


def test_chance_moves_a_difference_as_the_permutation_of_a_mean_does():
    """Var = S² (1/a + 1/b), and 1.96 deviations for one comparison."""
    seen = regression(member=(True, 1.0))
    inside = seen.frame["member"].to_numpy()
    (bounds,) = module._by_chance(seen, np.arange(len(seen)), [inside], "mae")
    spread = np.abs(seen.target).std(ddof=1) * np.sqrt(1 / inside.sum() + 1 / (~inside).sum())
    assert bounds == pytest.approx([1.96 * spread] * 2, rel=0.25)


def test_the_weakest_segment_is_found_and_comes_first():
    seen = regression(colour=("blue", 1.6), city=("city 07", 3.0))
    found = segments(seen, [], "rmse")
    assert [(each.column, each.values) for each in found.weakest] == [
        ("city", "city 07"),
        ("colour", "blue"),
    ]
    city = (seen.frame["city"] == "city 07").to_numpy()
    assert found.weakest[0].rows == city.sum()
    assert found.weakest[0].score.value == pytest.approx(np.sqrt(np.mean(seen.target[city] ** 2)))
    assert found.weakest[0].baseline == pytest.approx(seen.target[city].mean())
    assert found.slices == {}
    assert found.tried == 4 + 4 + 3 + 2 + 10  # quarters and levels


def test_a_model_that_serves_all_alike_has_no_weakest_segment():
    found = [segments(regression(600, seed=seed), [], "rmse").weakest for seed in range(20)]
    assert sum(bool(each) for each in found) <= 1


@pytest.mark.slow
def test_of_classes_that_are_guessed_none_is_weakest():
    def guessed(seed):
        frame, rng = features(600, seed), np.random.default_rng([seed, 3])
        share = rng.dirichlet([2.0, 1.0, 1.0], 600)
        grade = (share.cumsum(axis=1) > rng.random((600, 1))).argmax(axis=1)
        return evidence(frame.with_columns(grade=grade), share)

    found = [segments(guessed(seed), [], "log_loss").weakest for seed in range(20)]
    assert sum(bool(each) for each in found) <= 1


def test_the_same_rows_are_not_told_twice():
    seen = regression(colour=("blue", 2.0))
    twin = seen.frame["colour"].replace_strict({"red": "r", "green": "g", "blue": "b"})
    frame = seen.frame.with_columns(tone=twin).select(["tone", *seen.frame.columns])
    found = segments(evidence(frame, np.zeros(len(frame))), [], "rmse").weakest
    assert len(found) == 1
    assert found[0].values in ("b", "blue")


def test_two_groups_alone_do_not_show_a_weakness():
    frame, rng = features(900), np.random.default_rng(5)
    group = np.repeat(np.arange(30), 30)
    site = np.where(group < 2, "far", "near")
    error = np.repeat(rng.normal(size=30), 30) + 0.1 * rng.normal(size=900)
    error[group < 2] *= 4
    frame = frame.with_columns(
        g=pl.Series([f"g{k}" for k in group]), site=pl.Series(site), amount=error
    )
    alone = segments(evidence(frame.drop("g"), np.zeros(900)), [], "rmse").weakest
    assert ("site", "far") in {(each.column, each.values) for each in alone}
    together = segments(evidence(frame, np.zeros(900), group="g"), [], "rmse").weakest
    assert not [each for each in together if each.column == "site"]


def test_few_rows_are_shown_but_not_judged():
    frame = features(300).with_columns(
        amount=np.random.default_rng(0).normal(size=300),
    )
    frame = frame.with_columns(
        rare=pl.when(pl.int_range(300) < 20).then(pl.lit("x")).otherwise(pl.lit("y"))
    ).select(["rare", *frame.columns])
    first = segments(evidence(frame, np.zeros(300)), ["rare"], "rmse").slices["rare"][1]
    assert (first.values, first.rows, first.difference) == ("x", 20, None)
    assert first.finding == "too few rows to say"
    assert first.score.low < first.score.value < first.score.high


def test_a_segment_that_leaves_the_score_undefined_is_left_out():
    frame = features(300).with_columns(
        label=pl.when(pl.col("member") | (pl.col("size") > 50))
        .then(pl.lit("yes"))
        .otherwise(pl.lit("no"))
    )
    share = np.random.default_rng(0).random(300)
    seen = evidence(frame, np.column_stack([1 - share, share]))
    found = segments(seen, ["member"], "auc")
    (others,) = found.slices["member"]  # every member is of one class
    assert (others.values, others.difference) == ("false", None)
    assert others.finding == "too few rows to say"
    assert msgspec.json.decode(msgspec.json.encode(found, enc_hook=as_text), type=Segments) == found


def test_a_weighted_row_counts_as_often_as_its_weight():
    frame = features(200).with_columns(
        w=pl.Series(np.tile([1.0, 3.0], 100)), amount=np.random.default_rng(1).normal(size=200)
    )
    found = segments(evidence(frame, np.zeros(200), weight="w"), ["member"], "rmse")
    inside = frame["member"].to_numpy()
    own = np.average(frame["amount"].to_numpy()[inside] ** 2, weights=frame["w"].to_numpy()[inside])
    assert found.slices["member"][1].score.value == pytest.approx(np.sqrt(own))


def test_a_slice_of_no_column_names_the_nearest_ones():
    with pytest.raises(SpecError, match=r"no column 'color' .* Did you mean 'colour'\?"):
        segments(regression(200), ["color"], "rmse")
    with pytest.raises(SpecError, match="'amount' is the target"):
        segments(regression(200), ["amount"], "rmse")


def test_large_tables_keep_their_values_and_bootstrap_some_rows(monkeypatch):
    seen = regression(3000, colour=("blue", 1.5))
    whole = segments(seen, ["colour"], "rmse")
    monkeypatch.setattr("gradum.study.resampling.ROWS_FOR_INTERVALS", 750)
    monkeypatch.setattr("gradum.study.findings.segments.SEARCHED_VALUES", 5 * 1500)
    some = segments(seen, ["colour"], "rmse")
    for one, other in zip(whole.slices["colour"], some.slices["colour"], strict=True):
        assert (one.rows, one.score.value) == (other.rows, other.score.value)
        wider = other.difference.standard_error / one.difference.standard_error
        assert wider == pytest.approx(2.0, rel=0.25)
    assert [each.values for each in some.weakest] == [each.values for each in whole.weakest]


def names(values, kind):
    found = cut(pl.Series("x", values), kind)
    return [(name, int((found.codes == k).sum())) for k, name in enumerate(found.names)]


def test_numbers_are_cut_in_quarters_that_split_no_equal_values():
    assert names([float(k) for k in range(1, 101)], "numeric") == [
        ("1 to 25", 25),
        ("26 to 50", 25),
        ("51 to 75", 25),
        ("76 to 100", 25),
    ]
    many_zeros = [0.0] * 60 + [float(k) for k in range(1, 41)]
    assert names(many_zeros, "numeric") == [("0", 60), ("1 to 15", 15), ("16 to 40", 25)]
    assert names([3.0, 1.0, 1.0, None, 2.5], "numeric") == [
        ("1", 2),
        ("2.5", 1),
        ("3", 1),
        ("missing", 1),
    ]


def test_other_columns_are_cut_by_what_they_hold():
    assert names([True, False, None, True], "boolean") == [
        ("false", 1),
        ("true", 2),
        ("missing", 1),
    ]
    levels = [f"l{k:02}" for k in range(15) for _ in range(20 - k)]
    assert names(levels, "categorical")[:2] == [("l00", 20), ("l01", 19)]
    assert names(levels, "categorical")[-1] == ("other", 8 + 7 + 6)
    assert names(["a b", "c", "it's", None], "text") == [
        ("1 word", 2),
        ("2 words", 1),
        ("missing", 1),
    ]
    days = [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=k) for k in range(40)]
    assert names(days, "date")[0] == ("2024-01-01 to 2024-01-10", 10)
    hours = [datetime.datetime(2024, 1, 1) + datetime.timedelta(hours=k) for k in range(40)]
    assert names(hours, "date")[0] == ("2024-01-01 00:00 to 2024-01-01 09:00", 10)
    assert names([None, None], "categorical") == [("missing", 2)]
