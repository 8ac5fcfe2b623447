"""Counterfactuals against every combination written out, integer programs and `Model.predict`."""

import datetime
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from scipy.optimize import Bounds, LinearConstraint, brentq, milp
from scipy.stats import median_abs_deviation

import gradum
from gradum.errors import SpecError
from gradum.questions.counterfactual.costs import PricedAxis, unit_of
from gradum.rungs.mlp.spec import MLPSpec
from gradum.tables.kinds.axis import Axis
from gradum.waiting import heard_by
from synthetic import ONCE, QUICK

LEARNT = {**ONCE, "mlp": MLPSpec(hidden_layer_sizes=(8,), max_epochs=30)}
COLUMNS = ["whole", "price", "since", "member", "colour"]


def few(rows=240, seed=0):
    """Two whole numbers of up to 12, and three levels: all combinations can be written out."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 12, rows), rng.integers(-4, 5, rows)
    c = rng.choice(["x", "y", "z"], rows)
    score = np.sin(a / 3) * b + (c == "x") + 0.3 * rng.normal(size=rows)
    label = np.where(score > 0.5, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "c": c, "label": label})


def mixed(rows=300, seed=1):
    """Whole numbers, prices of two decimals, dates, yes and no, levels and gaps."""
    rng = np.random.default_rng(seed)
    whole = rng.integers(0, 60, rows)
    price = rng.gamma(3, 20, rows).round(2)
    since = rng.integers(0, 900, rows)
    member, colour = rng.random(rows) < 0.5, rng.choice(["red", "green", "blue"], rows)
    y = 0.05 * whole + 0.03 * price + since / 300 + member + 2.0 * (colour == "red")
    label = np.digitize(y + 0.3 * rng.normal(size=rows), np.quantile(y, [0.33, 0.66]))
    start = datetime.datetime(2021, 1, 1)
    return pl.DataFrame(
        {
            "whole": pl.Series(whole).set(pl.Series(rng.random(rows) < 0.1), None),
            "price": price,
            "since": [start + datetime.timedelta(days=int(days)) for days in since],
            "member": member,
            "colour": colour,
            "y": y.round(3),
            "label": np.array(["low", "mid", "high"])[label],
        }
    )


@pytest.fixture(scope="module")
def small():
    rows = few()
    return rows, gradum.fit(rows, "label", model="mlp", **LEARNT)


@pytest.fixture(scope="module")
def classes():
    rows = mixed().drop("y")
    return rows, gradum.fit(rows, "label", **LEARNT)


@pytest.fixture(scope="module")
def numbers():
    rows = mixed().drop("label")
    return rows, gradum.fit(rows, "y", model="mlp", **LEARNT)


def edited(row, counterfactual):
    """The row as a person would edit it."""
    return row.with_columns(
        pl.lit(change.after).alias(change.column) for change in counterfactual.changes
    )


def test_the_least_cost_is_that_of_all_combinations(small):
    rows, model = small
    background = rows.head(90)
    units = {name: median_abs_deviation(background[name].to_numpy()) for name in ("a", "b")}
    every = pl.DataFrame(
        list(product(range(12), range(-4, 5), "xyz")), schema=["a", "b", "c"], orient="row"
    )
    answers = model.predict(every)
    asked = list(range(1, 31))
    found = model.counterfactuals(rows, rows=asked, background=background, count=2).found
    assert {len(row.counterfactuals) for row in found.rows} <= {1, 2}
    for row in found.rows:
        own = rows.row(row.row - 1, named=True)
        costs = sum(np.abs(every[name].to_numpy() - own[name]) / units[name] for name in "ab")
        costs = costs + (every["c"] != own["c"]).to_numpy()
        least = costs[answers != row.output].min()
        assert row.counterfactuals[0].cost == pytest.approx(least, rel=1e-9)
        assert row.complete


def least_on_a_grid(model, rows, row, units, most, side=41):
    """The least cost on an even grid of what costs less than ``most``, by `Model.predict` alone."""
    axes, costs = [], []
    for name, value in row.row(0, named=True).items():
        low, high = value - most * units[name], value + most * units[name]
        ends = max(low, rows[name].min()), min(high, rows[name].max())
        axes.append(np.unique(np.append(np.linspace(*ends, side).round(3), value)))
        costs.append(np.abs(axes[-1] - value) / units[name])
    cost = (costs[0][:, None, None] + costs[1][:, None] + costs[2]).ravel()
    cheap = np.flatnonzero(cost < most)
    places = np.unravel_index(cheap, [len(axis) for axis in axes])
    copies = zip(row.columns, axes, places, strict=True)
    answers = model.predict(pl.DataFrame({name: axis[place] for name, axis, place in copies}))
    return cost[cheap][answers != model.predict(row)[0]].min(initial=most)


def test_of_three_columns_with_decimals_no_change_on_a_grid_is_cheaper():
    """Of a pack, whose answers jump at many thresholds."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3)).round(3)
    score = np.sin(2 * x).sum(axis=1) + x[:, 0] * x[:, 1] + 0.2 * rng.normal(size=400)
    rows = pl.DataFrame(dict(zip("abc", x.T, strict=True)))
    label = pl.Series("label", np.where(score > 0.5, "yes", "no"))
    options = {"model": "pack", "explain": False, **ONCE}
    model = gradum.fit(rows.with_columns(label), "label", **options)
    background = rows.head(200)
    units = {name: median_abs_deviation(background[name].to_numpy()) for name in "abc"}
    found = model.counterfactuals(rows, rows=range(1, 7), background=background, count=1).found
    for row in found.rows:
        cost = row.counterfactuals[0].cost
        least = least_on_a_grid(model, rows, rows[[row.row - 1]], units, cost)
        assert cost <= 1.02 * least


def test_one_column_moves_to_where_the_answer_turns(classes):
    """Where the probability of the other class overtakes, by SciPy's root finding."""
    rows, model = classes
    frozen = [name for name in COLUMNS if name != "price"]
    found = model.counterfactuals(rows, rows=range(1, 9), frozen=frozen, rung="linear").found
    turned = [row for row in found.rows if row.counterfactuals]
    assert len(turned) >= 3
    for row in turned:
        (change,) = row.counterfactuals[0].changes
        places = [model.classes.index(one) for one in (row.output, row.counterfactuals[0].output)]

        def ahead(price, row=row, places=places):
            copy = rows[[row.row - 1]].with_columns(price=pl.lit(float(price)))
            share = model.predict_proba(copy, rung="linear")[0]
            return np.log(share[places[1]] / share[places[0]])

        turn = brentq(ahead, change.before, change.after)
        moved = abs(change.after - change.before)
        assert moved == pytest.approx(abs(turn - change.before), rel=2e-3, abs=0.011)
        assert round(change.after, 2) == change.after


@settings(max_examples=8)
@given(data=st.data())
def test_every_one_holds_and_keeps_to_its_limits(classes, data):
    rows, model = classes
    ways = {name: data.draw(st.sampled_from(["free", "frozen", "up", "down"])) for name in COLUMNS}
    ways["colour"] = "frozen" if ways["colour"] == "frozen" else "free"
    limits = {
        option: [name for name, way in ways.items() if way == word]
        for option, word in (("frozen", "frozen"), ("upward", "up"), ("downward", "down"))
    }
    number = data.draw(st.integers(1, len(rows)))
    rung = data.draw(st.sampled_from(["linear", "mlp", "pack"]))
    found = model.counterfactuals(rows, rows=[number], rung=rung, count=2, **limits).found.rows[0]
    row = rows[[number - 1]]
    assert found.output == model.predict(row, rung=rung)[0]
    for each in found.counterfactuals:
        after = edited(row, each)
        assert model.predict(after, rung=rung)[0] == each.output != found.output
        assert each.cost == pytest.approx(sum(change.cost for change in each.changes))
        for change in each.changes:
            way = ways[change.column]
            assert change.before == row[change.column][0] is not None
            assert way != "frozen"
            assert way != "up" or change.after > change.before
            assert way != "down" or change.after < change.before
            learned = rows[change.column].drop_nulls()
            if change.column == "colour":
                assert change.after in set(learned)
            else:
                assert learned.min() <= change.after <= learned.max()
            if change.column == "whole":
                assert change.after == int(change.after)
            if change.column == "since":
                assert change.after.time() == change.before.time()
    sets = [{change.column for change in each.changes} for each in found.counterfactuals]
    assert all(one != other for one, other in pairwise(sets))


def test_a_number_is_reached_from_either_side(numbers):
    rows, model = numbers
    present = model.predict(rows.head(1))[0]
    for number in (present - 0.8, present + 0.8):
        found = model.counterfactuals(rows.head(1), rows=[1], towards=number).found.rows[0]
        assert found.counterfactuals
        for each in found.counterfactuals:
            after = model.predict(edited(rows.head(1), each))[0]
            assert after == pytest.approx(each.output)
            assert (after >= number) if number > present else (after <= number)


def test_a_class_is_reached_that_is_asked_for(classes):
    rows, model = classes
    low = int(np.flatnonzero(model.predict(rows) == "low")[0]) + 1
    found = model.counterfactuals(rows, rows=[low], towards="high", count=1).found.rows[0]
    assert found.counterfactuals[0].output == "high"
    assert model.counterfactuals(rows, rows=[low], count=1).found.rows[0].counterfactuals


def test_sums_of_many_levels_are_near_the_integer_optimum():
    """Of a linear model a least change is a knapsack, which HiGHS solves exactly."""
    rng = np.random.default_rng(4)
    names = [f"x{i}" for i in range(7)]
    data = {name: rng.choice(list("abcd"), 300) for name in names}
    data["size"] = rng.integers(0, 12, 300)
    effect = 0.1 * data["size"] + rng.normal(size=300)
    for name in names:
        effect = effect + rng.normal(size=4)[np.unique(data[name], return_inverse=True)[1]]
    label = np.where(effect > 0, "yes", "no")
    rows = pl.DataFrame({**data, "label": label})
    model = gradum.fit(rows, "label", model="linear", **ONCE)
    shares = model.predict_proba(rows)[:, 1]
    asked = [int(shares.argmin()) + 1, int(shares.argmax()) + 1, *range(1, 9)]
    unit = median_abs_deviation(rows["size"].head(200).to_numpy())
    found = model.counterfactuals(rows, rows=asked, background=rows.head(200), count=1).found
    for row in found.rows:
        own = rows.drop("label").row(row.row - 1, named=True)
        options = [
            (name, value)
            for name in own
            for value in (range(12) if name == "size" else "abcd")
            if value != own[name]
        ]
        copies = pl.DataFrame([own, *({**own, name: value} for name, value in options)])
        share = model.predict_proba(copies)[:, 1]
        logit = np.log(share / (1 - share)) * (1 if row.output == "no" else -1)
        cost = [abs(value - own[name]) / unit if name == "size" else 1.0 for name, value in options]
        one_each = [[float(name == column) for name, _ in options] for column in own]
        constraints = [
            LinearConstraint(logit[1:] - logit[0], -logit[0]),
            LinearConstraint(one_each, ub=1),
        ]
        best = milp(
            cost, constraints=constraints, integrality=np.ones(len(cost)), bounds=Bounds(0, 1)
        )
        reached = row.counterfactuals[0].cost
        assert best.fun - 1e-9 <= reached <= 1.1 * best.fun
        if (best.x > 0.5).sum() <= 2:
            assert reached == pytest.approx(best.fun)


def test_where_none_is_found_the_fewest_limits_to_lift_are_named(classes):
    rows, model = classes
    found = model.counterfactuals(rows, rows=[2], frozen=COLUMNS, towards=other(model, rows[[1]]))
    row = found.found.rows[0]
    assert row.counterfactuals == ()
    assert row.without_limits is not None
    lifted = row.beyond_limits
    rest = [name for name in COLUMNS if name not in lifted]
    assert model.counterfactuals(rows, rows=[2], frozen=rest).found.rows[0].counterfactuals
    assert "No change within the limits was found. It would take " in found.summary()
    assert found.frame.is_empty()
    assert next(iter(found.records()))["why_none"] in " ".join(found.summary().split())


def other(model, row):
    """A class that the row is not answered."""
    return next(label for label in model.classes if label != model.predict(row)[0])


def test_balanced_classes_are_decided_as_predict_decides_them():
    rows = few(seed=3).filter((pl.col("label") == "no") | (pl.col("b") > 2))
    model = gradum.fit(rows, "label", model="linear", class_weight="balanced", **ONCE)
    plain = model.predict_proba(rows).argmax(axis=1) != (model.predict(rows) == "yes")
    number = int(np.flatnonzero(plain)[0]) + 1
    each = model.counterfactuals(rows, rows=[number], count=1).found.rows[0].counterfactuals[0]
    assert model.predict(edited(rows[[number - 1]], each))[0] == each.output
    assert each.output != model.predict(rows[[number - 1]])[0]


def test_missing_values_and_texts_stay(classes):
    rows, model = classes
    gap = int(np.flatnonzero(rows["whole"].is_null())[0]) + 1
    found = model.counterfactuals(rows, rows=[gap])
    assert found.found.rows[0].missing == ("whole",)
    assert "whole" not in found.frame["column"].to_list()
    assert f"Row {gap} has no value in 'whole'; what is missing stays so." in found.summary()


def test_a_row_does_not_hang_on_others_nor_on_the_time(classes):
    rows, model = classes
    alone = model.counterfactuals(rows, rows=[5], rung="pack").frame
    heard = []
    with heard_by(heard.append):
        among = model.counterfactuals(rows, rows=[3, 5, 9], rung="pack").frame
    assert [stage.done for stage in heard] == [0, 1 / 3, 2 / 3, 1]
    assert among.filter(pl.col("row") == 5).equals(alone)
    assert (
        model.counterfactuals(rows[[4]], rows=[1], rung="pack")
        .frame.drop("row")
        .equals(alone.drop("row"))
    )


def test_the_frame_has_a_line_a_change_and_reads_back(classes):
    rows, model = classes
    frame = model.counterfactuals(rows, rows=[1, 2]).frame
    assert frame.columns == [
        *("row", "counterfactual", "column", "from", "to", "cost"),
        *("output_before", "output_after"),
    ]
    for (number, _), lines in frame.group_by("row", "counterfactual", maintain_order=True):
        as_text = rows[[number - 1]].with_columns(pl.col("since").dt.to_string("%Y-%m-%d"))
        changed = as_text.with_columns(
            pl.lit(line["to"]).alias(line["column"]) for line in lines.iter_rows(named=True)
        )
        assert model.predict(changed)[0] == lines["output_after"][0]


def test_decimals_are_those_of_the_rows_learned_from_whatever_the_background(classes):
    rows, model = classes
    background = rows.with_columns(pl.col("price").round())
    found = model.counterfactuals(rows, rows=range(1, 9), background=background).found
    prices = [
        change.after
        for row in found.rows
        for counterfactual in row.counterfactuals
        for change in counterfactual.changes
        if change.column == "price"
    ]
    assert any(price % 1 for price in prices)
    assert all(round(price, 2) == price for price in prices)


@pytest.mark.parametrize(
    ("values", "size", "measure"),
    [
        ([1.0, 2.0, 4.0, 8.0, 9.0], 3.0, "median"),
        ([0.0, 0.0, 0.0, 8.0], 2.0, "mean"),
        ([3.0, 3.0], 10.0, "range"),
        ([], 10.0, "range"),
    ],
)
def test_units_are_the_first_measure_that_is_not_0(values, size, measure):
    unit = unit_of(np.array(values), 0.0, 10.0)
    assert (unit.size, unit.measure) == (size, measure)
    assert unit_of(np.array([1.0]), 1.0, 1.0).size == 1.0


def test_places_between_two_are_possible_values():
    axis = PricedAxis(
        Axis(0.0, 100.0, 1, never=(0.3,)), unit_of(np.arange(5.0), 0, 100), np.arange(5.0)
    )
    assert axis.between(0.0, 0.5, 0.0, 9).tolist() == [0.1, 0.2, 0.4]
    assert axis.between(0.5, 0.0, 0.5, 9).tolist() == [0.4, 0.2, 0.1]
    assert axis.between(0.1, 0.2, 0.0, 9).tolist() == []
    coarse = axis.between(0.0, 87_654.0, 0.0, 4)
    assert (coarse % 10 == 0).all()


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"rows": [0]}, "none has the number 0"),
        ({"frozen": ["nose"]}, "no column 'nose'"),
        (
            {"frozen": ["price"], "upward": ["price"]},
            "'price' is named by --frozen and by --upward",
        ),
        ({"upward": ["price"], "downward": ["price"]}, "by --upward and by --downward"),
        ({"upward": ["colour"]}, "'colour' has no order"),
        ({"towards": "purple"}, "'purple' is no class"),
        ({"count": 0}, "count is 0. Give a whole number from 1 to"),
        ({"rung": "forest"}, "forest"),
    ],
)
def test_what_cannot_be_asked_is_refused(classes, options, cause):
    rows, model = classes
    with pytest.raises(SpecError, match=cause):
        model.counterfactuals(rows.head(3), **{"rows": [1], **options})


def test_what_is_there_already_is_refused(classes, numbers):
    rows, model = classes
    label = model.predict(rows.head(1))[0]
    with pytest.raises(SpecError, match=f"Row 1 is answered '{label}' already"):
        model.counterfactuals(rows.head(1), rows=[1], towards=label)
    rows, model = numbers
    with pytest.raises(SpecError, match="already"):
        model.counterfactuals(rows.head(1), rows=[1], towards=model.predict(rows.head(1))[0])
    for towards, cause in ((None, "which one is to be reached"), ("much", "'much' is no number")):
        with pytest.raises(SpecError, match=cause):
            model.counterfactuals(rows.head(1), rows=[1], towards=towards)


def test_nothing_lies_beyond_held_answers_nor_changes_a_baseline(numbers):
    rows, model = numbers
    far = model.counterfactuals(rows.head(1), rows=[1], towards=1e6)
    assert "No answer of this model lies beyond the targets" in far.summary()
    none = model.counterfactuals(rows.head(1), rows=[1], towards=5.0, rung="baseline")
    assert "The baseline model looks at no column" in none.summary()


def test_several_quantiles_are_no_number_to_move(numbers):
    rows, model = numbers
    rung = model.fitted.rung("mlp")
    several = replace(rung, network=structs.replace(rung.network, outputs=3))
    fitted = replace(model.fitted, rungs={**model.fitted.rungs, "mlp": several})
    with pytest.raises(SpecError, match="several quantiles"):
        gradum.Model(fitted, model.run).counterfactuals(rows.head(1), rows=[1], towards=1.0)


def test_names_are_shown_as_text():
    hostile = "<script>alert(1)</script>"
    rows = few().rename({"c": hostile}).with_columns(pl.col(hostile).replace("x", "<b>\x1b[31m"))
    model = gradum.fit(rows, "label", model="linear", cv=2, **QUICK)
    found = model.counterfactuals(rows, rows=[1, 2, 3], frozen=["a", "b"])
    page, words = found._repr_html_(), found.summary()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page + words


def test_one_row_and_one_column_need_no_list(classes):
    rows, model = classes
    found = model.counterfactuals(rows, rows=2, frozen="whole", upward="price")
    listed = model.counterfactuals(rows, rows=[2], frozen=["whole"], upward=["price"])
    assert found.frame.equals(listed.frame)
