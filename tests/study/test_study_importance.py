"""Permutation importance, against its closed form for independent columns."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.rungs.linear.spec import LinearSpec
from gradum.study.findings import importance as module
from gradum.study.findings.importance import importance
from gradum.study.first_layer import Opened
from gradum.tables.kinds.design import Design
from gradum.tables.split import Part
from synthetic import ONCE, QUICK, mixed, task

PLAIN = LinearSpec(strengths=(1e-6,))


def by_column(found):
    return {each.column: each.increase for each in found.columns}


def numbers(rows, weights, seed=0):
    """Independent normal columns, and their weighted sum with noise of variance 1."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, len(weights)))
    frame = pl.DataFrame({f"x{k}": columns[:, k] for k in range(len(weights))})
    return frame.with_columns(y=columns @ weights + rng.normal(size=rows))


def test_of_independent_columns_it_is_twice_the_squared_weight_times_the_variance():
    weights = [1.5, 0.5, 0.0]
    model = gradum.fit(numbers(12_000, weights), "y", model="linear", linear=PLAIN)
    run, found = model.run, by_column(importance(model.run))
    rows, said = run.judged.rows, run.judged.predictions["linear"].value
    residual = run.dataset.target[rows] - said
    mse = np.mean(residual**2)
    coefficients = dict(model.coefficients.select("feature", "coefficient").iter_rows())
    for column, increase in found.items():
        values, weight = run.dataset.frame[column].to_numpy()[rows], coefficients[column]
        # The expectation over all shuffles; the covariance is 0 but for chance.
        added = 2 * weight**2 * values.var() + 2 * weight * np.cov(residual, values, ddof=0)[0, 1]
        expected = np.sqrt(mse + added) - np.sqrt(mse)
        assert increase.value == pytest.approx(expected, rel=0.03, abs=5e-4)
        assert increase.low < increase.value < increase.high
    assert found["x2"].low < 0 < found["x2"].high
    assert found["x1"].low > 0


def test_a_column_that_the_model_does_not_use_is_worth_exactly_nothing(regressor):
    run = regressor.run
    judge = run.judges[0]
    rung = judge.rungs["linear"]
    layout = judge.encoder.layout
    layer = {name: values.copy() for name, values in rung.params["layers"][0].items()}
    _, sources = rung.input_layer.columns(layout)
    layer["weight"][[source == "age" for source in sources]] = 0.0
    blind = replace(rung, params={"layers": [layer]})
    changed = replace(run, judges=(replace(judge, rungs={**judge.rungs, "linear": blind}),))
    increase = by_column(importance(changed))["age"]
    assert (increase.value, increase.low, increase.high) == (0.0, 0.0, 0.0)


def everything(rows=400):
    """Every kind of column: missing values, few and many levels, dates, texts."""
    rng = np.random.default_rng(2)
    words = ["red", "green", "blue", "small", "large", "old", "new"]
    days = np.datetime64("2020-01-01") + rng.integers(0, 900, rows)
    return mixed(rows).with_columns(
        day=pl.Series(days.astype("M8[us]")),
        note=pl.Series([" ".join(rng.choice(words, rng.integers(2, 9))) for _ in range(rows)]),
    )


def shuffled(design, source, order):
    """The design with the rows of all columns of one source shuffled."""
    layout = design.layout

    def own(features):
        return [place for place, feature in enumerate(features) if feature.source == source]

    dense, codes, sparse = design.dense.copy(), design.codes.copy(), design.sparse.tolil()
    dense[:, own(layout.dense)] = dense[order][:, own(layout.dense)]
    codes[:, own(layout.codes)] = codes[order][:, own(layout.codes)]
    sparse[:, own(layout.sparse)] = design.sparse.tolil()[order][:, own(layout.sparse)]
    return Design({"dense": dense, "codes": codes, "sparse": sparse.tocsr()}, layout)


@pytest.mark.parametrize(("rung", "target"), [("linear", "amount"), ("mlp", "grade")])
def test_shares_say_what_shuffling_the_columns_of_the_design_says(rung, target):
    frame = everything().drop({"amount", "label", "grade"} - {target})
    model = gradum.fit(frame, target, model=rung, text="note", **ONCE)
    judge = model.run.judges[0]
    design = judge.encoder.transform(model.run.dataset.frame)
    opened, order = Opened.of(judge.rungs[rung], design), np.random.default_rng(0).permutation(400)
    sources = set(judge.encoder.layout.sources)
    assert sources == {"size", "age", "colour", "member", "city", "day", "note"}
    exact = 1e-10 if rung == "linear" else 2e-4
    for source in sources:
        share = opened.share(source)
        moved = opened.logits(opened.total + share[order] - share)
        expected = judge.rungs[rung].logits(shuffled(design, source, order))
        np.testing.assert_allclose(moved, expected, rtol=exact, atol=exact)
        assert np.abs(moved - judge.rungs[rung].logits(design)).max() > 1e-3


def test_the_log_loss_increase_is_the_mean_over_the_shuffles(monkeypatch, classifier):
    run, orders = classifier.run, []
    added_loss = module._added_loss

    def spy(run, rows, columns, given):
        orders.extend(given)
        assert list(rows) == list(run.judged.rows)
        return added_loss(run, rows, columns, given)

    monkeypatch.setattr(module, "_added_loss", spy)
    found = by_column(importance(run))
    judge = run.judges[0]
    rung, rows = judge.rungs[classifier.used], run.judged.rows
    frame, target = run.dataset.frame[rows], run.dataset.target[rows]

    def log_loss(frame):
        share = rung.predict(judge.encoder.transform(frame)).probability
        return -np.log(share[np.arange(len(target)), target]).mean()

    for column in ("size", "colour", "age"):
        losses = [log_loss(frame.with_columns(frame[column].gather(order))) for order in orders]
        expected = np.mean(losses) - log_loss(frame)
        assert found[column].value == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert found["size"].low > 0


def test_columns_come_by_falling_importance(classifier):
    found = importance(classifier.run)
    values = [each.increase.value for each in found.columns]
    assert values == sorted(values, reverse=True)
    assert [each.column for each in found.columns[:3]] == ["size", "colour", "member"]
    assert (found.metric, found.rows, found.repeats, found.screened) == ("log_loss", 240, 5, 0)


def test_folds_ask_each_model_about_rows_that_it_has_not_seen(grader, monkeypatch):
    run, asked = grader.run, []
    openings = module._openings

    def spy(run, rows):
        made = openings(run, rows)
        asked.extend((opening.opened.rung, rows[opening.judged]) for opening in made)
        return made

    monkeypatch.setattr(module, "_openings", spy)
    found = importance(run)
    assert len(run.judges) == 6  # three folds, twice over
    assert found.rows == len(run.dataset)
    for judge, (rung, rows) in zip(run.judges, asked, strict=False):
        assert rung is judge.rungs[grader.used]
        assert (judge.parts[rows] == Part.TEST).all()
    assert sorted(np.concatenate([rows for _, rows in asked])) == list(range(len(run.dataset)))


def test_of_many_columns_those_that_move_the_outputs_are_measured():
    weights = np.zeros(90)
    weights[[3, 40, 77]] = 1.0, 0.7, 0.4
    model = gradum.fit(numbers(800, weights), "y", model="linear", **ONCE)
    found = importance(model.run)
    assert [each.column for each in found.columns[:3]] == ["x3", "x40", "x77"]
    assert (len(found.columns), found.screened) == (40, 50)


def test_the_baseline_has_no_columns():
    frame = numbers(200, [0.0, 0.0], seed=4)
    model = gradum.fit(frame, "y", model="linear", **QUICK)
    assert model.used == "baseline"
    assert importance(model.run).columns == ()


def test_rows_of_a_group_are_drawn_together():
    # Each row eight times over, as one group: an interval as of the rows taken once.
    frame = numbers(150, [1.0, 0.3])
    options = {"model": "linear", "linear": PLAIN, "group": "g", "seed": 1}
    group = pl.Series("g", [f"g{k:03}" for k in range(150)])
    once = gradum.fit(frame.with_columns(group), "y", **options)
    eightfold = gradum.fit(pl.concat([frame.with_columns(group)] * 8), "y", **options)
    few, many = (by_column(importance(model.run))["x0"] for model in (once, eightfold))
    assert many.standard_error > 0.5 * few.standard_error
    assert once.used == eightfold.used == "linear"


def test_the_same_seed_gives_the_same_figures(regressor):
    assert importance(regressor.run) == importance(regressor.run)


def test_a_table_of_one_column_has_its_importance():
    frame = task("amount", 300).select("size", "amount")
    model = gradum.fit(frame, "amount", model="linear", **ONCE)
    found = importance(model.run)
    assert [each.column for each in found.columns] == ["size"]
    assert found.columns[0].increase.low > 0
