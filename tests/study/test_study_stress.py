"""Stress tests against closed forms, all combinations written out, chance, and `predict`."""

import datetime
from itertools import product
from types import SimpleNamespace

import msgspec
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss, root_mean_squared_error

import gradum
from gradum.errors import SpecError, TableError
from gradum.messages import as_text
from gradum.questions.counterfactual.aim import MARGIN_OF_NUMBERS
from gradum.questions.counterfactual.limits import Limits
from gradum.questions.stress import attack as attack_module
from gradum.questions.stress import corrupted as corrupted_module
from gradum.questions.stress import stress as stress_module
from gradum.questions.stress.aims import ClassAims, NumberAims, far_of
from gradum.questions.stress.answers import MovedAnswers
from gradum.questions.stress.attack import attack
from gradum.questions.stress.budget import Budget, Lengths
from gradum.questions.stress.corruption import corruptions_of
from gradum.questions.stress.result import RowAttack
from gradum.questions.stress.shift_search import ShiftSearch
from gradum.questions.stress.stressed_rows import Moves, MovingColumn, StressedRows, Threat
from gradum.randomness import stream
from gradum.run.predicting import predict_typed
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.rung import Prediction
from gradum.tables.check.check import check, widened
from gradum.tables.kinds.axis import EPOCH, Axis
from gradum.tables.kinds.categorical import mistyped
from gradum.tables.sources.read import read
from synthetic import ONCE, task

LEARNT = {**ONCE, "mlp": MLPSpec(hidden_layer_sizes=(8,), max_epochs=30)}
"""Judged on a hold-out: how a model is judged matters to none of these tests."""
START = datetime.datetime(2021, 1, 1)


def waved(rows=300, seed=0):
    """Three numbers of which no two act by themselves, one of them whole."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, rows))
    c = np.round(3 * c)
    y = np.sin(2 * a) * b - np.abs(b) + 0.3 * c * (a > 0)
    return pl.DataFrame({"a": a, "b": b, "c": c, "y": y})


def counted(rows=240, seed=0):
    """Two whole numbers of up to 12, and three levels: all combinations can be written out."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 12, rows), rng.integers(-4, 5, rows)
    c = rng.choice(["x", "y", "z"], rows)
    score = np.sin(a / 3) * b + (c == "x") + 0.3 * rng.normal(size=rows)
    return pl.DataFrame({"a": a, "b": b, "c": c, "label": np.where(score > 0.5, "yes", "no")})


def kept(rows=300, seed=1):
    """Whole numbers, prices of two decimals, dates, yes and no, levels and gaps."""
    rng = np.random.default_rng(seed)
    whole, price = rng.integers(0, 60, rows), rng.gamma(3, 20, rows).round(2)
    since = rng.integers(0, 900, rows)
    member, colour = rng.random(rows) < 0.5, rng.choice(["red", "green", "blue"], rows)
    y = 0.05 * whole + 0.03 * price + since / 300 + member + 2.0 * (colour == "red")
    return pl.DataFrame(
        {
            "whole": pl.Series(whole).set(pl.Series(rng.random(rows) < 0.1), None),
            "price": price,
            "since": [START + datetime.timedelta(days=int(days)) for days in since],
            "member": member,
            "colour": colour,
            "label": np.where(y + 0.3 * rng.normal(size=rows) > np.median(y), "high", "low"),
        }
    )


@pytest.fixture(scope="module")
def waves():
    rows = waved()
    return rows, gradum.fit(rows, "y", model="mlp", **LEARNT)


@pytest.fixture(scope="module")
def small():
    rows = counted()
    return rows, gradum.fit(rows, "label", model="mlp", **LEARNT)


@pytest.fixture(scope="module")
def mixed():
    rows = kept()
    return rows, gradum.fit(rows, "label", model="mlp", **LEARNT)


@pytest.fixture(scope="module")
def tested(mixed):
    rows, model = mixed
    return model.stress(rows, certify=0, rows=10)


def features(model, rows):
    checked = check(read(rows), model.fitted.schema, encoder=model.fitted.encoder)
    return widened(checked.frame.select(model.features))


def edited(rows, attacked):
    """The row as a person would edit it."""
    return rows[[attacked.row - 1]].with_columns(
        pl.Series(change.column, [change.after], strict=False).cast(rows[change.column].dtype)
        for change in attacked.changes
    )


def stressed(model, frame, threat, rung=None):
    fitted, numbers = model.fitted, np.arange(len(frame)) + 1
    return StressedRows(fitted, fitted.rung(rung), fitted.reference, frame, numbers, threat)


def attacked(model, rows, rung=None, *, budget="iqr", frozen=(), upward=(), downward=(), **options):
    """What the attack alone finds; `stress` would look into accidents as well."""
    limits = Limits.of(model.fitted.schema, frozen, upward, downward)
    threat = Threat(Budget.of(budget, model.fitted), limits, **options)
    return attack(stressed(model, features(model, rows), threat, rung))


def by_chance(some, evaluations, seed):
    """The least boxes that chance finds: corners and inside points of ever smaller boxes."""
    fitted, rows, moves, threat = some.fitted, some.rows, some.moves, some.threat
    rung, full = some.rung.name, threat.budget.full
    present = predict_typed(fitted, rows, rung=rung)
    if fitted.classes:
        aims = ClassAims.of(present)
    else:
        aims = NumberAims.of(present, far_of(some.rung, threat.share))
    rng, least, batch = np.random.default_rng(seed), np.full(len(rows), np.inf), 20_000
    for row in range(len(rows)):
        aim, copies = np.full(batch, np.flatnonzero(aims.rows == row)[0]), np.full(batch, row)
        for _ in range(max(1, evaluations // batch)):
            directions = rng.uniform(-1, 1, (batch, moves.count))
            directions[: batch // 2] = np.sign(directions[: batch // 2])
            shifts = directions * rng.uniform(0, min(least[row], full), (batch, 1))
            places = moves.places(copies, shifts)
            prediction = predict_typed(fitted, moves.frame(copies, places), rung=rung)
            changed = aims.progress(prediction, aim).changed
            sizes = moves.distances(copies, places)[changed]
            least[row] = min(least[row], sizes.min(initial=np.inf))
    return least


def radii(found):
    return np.array([np.inf if row.radius is None else row.radius for row in found.rows])


@pytest.mark.parametrize(
    ("name", "rung", "row"),
    [("waves", "mlp", 7), ("grader", "pack", 40), ("regressor", "pack", 11)],
)
def test_the_attack_is_never_weaker_than_chance_of_thirty_times_its_answers(
    name, rung, row, request
):
    fixture = request.getfixturevalue(name)
    rows, model = fixture if name == "waves" else (task(fixture.target, 300), fixture)
    some = features(model, rows)[row : row + 1]
    threat = Threat(Budget.of("quantile" if name == "grader" else "iqr", model.fitted))
    under_stress = stressed(model, some, threat, rung)
    found = attack(under_stress)
    chance = by_chance(under_stress, 30 * found.evaluations, seed=row)
    # As far as a sum in float32 can tell two boxes from each other.
    assert (radii(found) <= chance * (1 + 1e-6)).all()


def test_of_a_linear_model_the_radius_is_known():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 4)) * [1, 10, 0.1, 5]
    weights = np.array([2.0, -0.3, 8.0, 0.5])
    table = pl.DataFrame({f"x{k}": x[:, k] for k in range(4)}).with_columns(
        y=x @ weights + rng.normal(size=400)
    )
    model = gradum.fit(table, "y", model="linear", **ONCE)
    inside = (np.abs(x) < np.quantile(np.abs(x), 0.5, axis=0)).all(axis=1)
    found = attacked(model, table.filter(inside)[:20], "linear", share=0.05)
    learned = dict(model.coefficients.select("feature", "coefficient").iter_rows())
    ranges = {}
    for name in model.features:
        values = model.fitted.reference.columns[name].values
        shares = np.array(values.at_most) / values.rows
        ranges[name] = np.subtract(*np.interp([0.75, 0.25], shares, values.edges))
    steepness = sum(abs(learned[name]) * ranges[name] for name in model.features)
    assert found.rows
    np.testing.assert_allclose(radii(found), found.least_move / steepness, rtol=2e-4)


def numbers_that_move(count, length, decimals):
    """One row of numbers, all 0, that move by multiples of a length."""
    axis = Axis(-10 * length, 10 * length, decimals)
    names = [f"x{place}" for place in range(count)]
    columns = tuple(MovingColumn(name, axis, Lengths(length)) for name in names)
    return Moves(pl.DataFrame({name: [0.0] for name in names}), columns, np.arange(count))


class Answers:
    """Answers of a function of the places of columns that each have an axis."""

    def __init__(self, function):
        self.function = function

    def __call__(self, rows, places):
        return Prediction(self.function(places), None)

    def along_axes(self, rows, places):
        q, several, c = places.shape
        copies = np.repeat(places[:, 0], c * (several - 1), axis=0).reshape(q, c, several - 1, c)
        for axis in range(c):
            copies[:, axis, :, axis] = places[:, 1:, axis]
        return self(rows, copies.reshape(-1, c))


def searched(moves, function, far):
    """The radius at which the search finds a function of the places to be ``far`` above 0."""
    aims = NumberAims(np.zeros(1, np.intp), np.zeros(1), np.ones(1), far / (1 + MARGIN_OF_NUMBERS))
    search = ShiftSearch(
        moves,
        aims,
        Answers(lambda places: np.maximum(function(places), -far / 2)),
        np.random.default_rng(0),
    )
    search.run(1.0)
    return search.size[0]


@pytest.mark.parametrize("together", [[], [["whole", "price"]]])
def test_copies_along_single_axes_are_answered_as_if_each_was_encoded(mixed, together):
    """Among them gaps, dates, a column with an indicator, and two that share an axis."""
    rows, model = mixed
    threat = Threat(Budget.of("iqr", model.fitted), together=together)
    some = stressed(model, features(model, rows[:7]), threat)
    moves, rng = some.moves, np.random.default_rng(0)
    count, a, v = 7, moves.count, 3
    shifts = rng.uniform(-1, 1, (count, 1 + v, a))
    answers = MovedAnswers(model.fitted.encoder, some.rung, moves)
    every = np.arange(count)
    places = moves.places(np.repeat(every, 1 + v), shifts.reshape(-1, a))
    found = answers.along_axes(every, places.reshape(count, 1 + v, -1))
    copies = np.repeat(shifts[:, 0], a * v, axis=0).reshape(count, a, v, a)
    for axis in range(a):
        copies[:, axis, :, axis] = shifts[:, 1:, axis]
    of_rows = np.repeat(every, a * v)
    written_out = answers(of_rows, moves.places(of_rows, copies.reshape(-1, a)))
    assert a == 3 - len(together)
    np.testing.assert_array_equal(found.value, written_out.value)
    np.testing.assert_allclose(found.probability, written_out.probability, rtol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_on_a_ridge_that_slants_the_radius_is_the_least_of_all_combinations(seed):
    """Six columns add up; two have a roof that neither can follow by itself, and its top inside."""
    rng, length = np.random.default_rng(seed), 300
    slope, angle = rng.uniform(0.2, 1, 6) * rng.choice([-1, 1], 6), rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across, top, steep = along[::-1] * [-1, 1], rng.uniform(20, 80), rng.uniform(1, 4)

    def roof(pairs):
        return 0.3 * (top - np.abs(pairs @ along - top)) - steep * np.abs(pairs @ across)

    far = np.abs(slope).sum() * rng.uniform(60, 150)
    found = searched(
        numbers_that_move(8, float(length), 0), lambda x: x[:, :6] @ slope + roof(x[:, 6:]), far
    )
    line = np.arange(-length, length + 1.0)
    pairs = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    highest = np.full(length + 1, -np.inf)
    np.maximum.at(highest, np.abs(pairs).max(axis=1).astype(int), roof(pairs))
    sizes = np.arange(length + 1)
    reached = sizes * np.abs(slope).sum() + np.maximum.accumulate(highest) >= far
    assert found == sizes[reached].min() / length


@pytest.mark.parametrize("seed", range(3))
def test_between_neighbouring_numbers_the_radius_is_exact(seed):
    rng = np.random.default_rng(seed)
    slope, far = rng.normal(size=5), rng.uniform(0.5, 3)
    found = searched(numbers_that_move(5, 7.0, None), lambda x: x @ slope, far)
    assert found == pytest.approx(far / (7 * np.abs(slope).sum()), rel=1e-14)


@pytest.mark.parametrize("levels", [0, 1])
def test_the_least_change_is_the_least_of_all_combinations(small, levels):
    rows, model = small
    found = attacked(model, rows[:25], levels=levels)
    grid = pl.DataFrame(
        list(product(range(12), range(-4, 5), "xyz")), schema=["a", "b", "c"], orient="row"
    )
    answers = model.predict(grid)
    ranges = {}
    for name in ("a", "b"):
        values = model.fitted.reference.columns[name].values
        shares = np.array(values.at_most) / values.rows
        ranges[name] = np.subtract(*np.interp([0.75, 0.25], shares, values.edges))
    for row in found.rows:
        own = rows.row(row.row - 1, named=True)
        sizes = np.maximum.reduce(
            [np.abs(grid[name].to_numpy() - own[name]) / ranges[name] for name in ("a", "b")]
        )
        possible = (answers != row.answer) & (sizes <= 1)
        if not levels:
            possible &= (grid["c"] == own["c"]).to_numpy()
        least = sizes[possible].min(initial=np.inf)
        assert (np.inf if row.radius is None else row.radius) == pytest.approx(least)


@pytest.mark.slow
def test_changes_are_replayed_and_keep_to_what_rows_may_hold(mixed):
    rows, model = mixed
    found = attacked(
        model, rows[:14], levels=1, frozen=["colour"], upward=["whole"], downward=["since"]
    )
    assert found.changed > 5
    for row in found.rows:
        if row.radius is None:
            continue
        copy = edited(rows, row)
        (answer,) = model.predict(copy)
        assert answer == row.changed_answer != row.answer
        own, other = rows.row(row.row - 1, named=True), copy.row(0, named=True)
        assert own["colour"] == other["colour"]
        assert own["whole"] is other["whole"] is None or other["whole"] >= own["whole"]
        assert other["since"] <= own["since"]
        assert other["since"].time() == datetime.time()
        assert round(other["price"], 2) == other["price"]
        assert rows["price"].min() <= other["price"] <= rows["price"].max()
        assert max((change.shift or 0.0 for change in row.changes), default=0.0) == row.radius
        assert sum(change.shift is None for change in row.changes) <= 1


def test_what_a_row_may_become_does_not_hang_on_the_rows_beside(mixed):
    rows, model = mixed
    threat = Threat(Budget.of("iqr", model.fitted))
    alone = features(model, rows.with_columns(pl.col("price").round()))[:1]
    moves = stressed(model, alone, threat).moves
    shifts = np.linspace(-1, 1, 101)[:, None] * np.ones(moves.count)
    copies = np.zeros(len(shifts), np.intp)
    prices = moves.frame(copies, moves.places(copies, shifts))["price"]
    assert (prices.round(2) == prices).all()
    assert (prices.round() != prices).sum() > 80
    whole = moves.frame(copies, moves.places(copies, shifts))["whole"]
    assert (whole.round() == whole).all()


def test_columns_together_shift_alike(mixed):
    rows, model = mixed
    budget = {"price": 40.0, "since": 400.0}
    found = attacked(model, rows[:20], budget=budget, together=[["price", "since"]])
    changed = [row for row in found.rows if row.changes]
    low, high = model.fitted.encoder.ranges["price"]
    since = next(step for step in model.fitted.encoder.steps if step.source == "since")
    first, last = (EPOCH + datetime.timedelta(days=end) for end in (since.minimum, since.maximum))
    inside = 0
    for row in changed:
        price, since = row.changes
        # Either stays within what was learned, and a date moves by whole days.
        if low < price.after < high and first < since.after < last:
            moved = (since.after - since.before).days / 400
            assert (price.after - price.before) / 40 == pytest.approx(moved, abs=1 / 400)
            inside += 1
    assert inside
    assert {change.column for row in changed for change in row.changes} == {"price", "since"}


def test_ranks_are_those_of_the_rows_learned_from(mixed):
    rows, model = mixed
    found = attacked(model, rows[:20], budget="quantile")
    prices = np.sort(rows["price"].to_numpy())
    shifts = [
        (change.shift, np.searchsorted(prices, [change.before, change.after]) / len(prices))
        for row in found.rows
        for change in row.changes
        if change.column == "price"
    ]
    assert shifts
    for shift, (before, after) in shifts:
        assert abs(after - before) == pytest.approx(shift, abs=0.07)  # known at 15 quantiles


def test_the_curve_counts_rows(tested):
    found = tested.found.attack
    for point in found.curve:
        assert point.attacked.value == np.mean(radii(found) > point.epsilon)
        assert point.certified is None
    assert found.median == np.quantile(radii(found), 0.5, method="inverted_cdf")
    assert tested.frame["radius"].to_list() == [row.radius for row in found.rows]


def test_the_same_seed_finds_the_same(mixed, tested):
    rows, model = mixed
    again = model.stress(rows, certify=0, rows=10).found
    assert msgspec.json.encode(again, enc_hook=as_text) == msgspec.json.encode(
        tested.found, enc_hook=as_text
    )


def test_after_the_time_no_row_is_begun(mixed):
    rows, model = mixed
    found = model.stress(rows, certify=1.0, rows=30, time_limit=1e-9).found
    assert len(found.attack.rows) == 1
    assert not found.attack.is_certified
    assert found.notes[0] == "The time was up: 1 of 30 rows was attacked."


@pytest.mark.parametrize(
    ("certify", "limit", "most"), [(0, 21.0, 10), (1.0, 31.5, 10), (0, 600.0, 60)]
)
def test_as_many_rows_are_attacked_as_the_time_lets_expect(
    mixed, monkeypatch, certify, limit, most
):
    """On a clock of its own, by which each row takes a second."""
    rows, model = mixed
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)

    def attacked(some, far):
        clock.now += len(some)
        changes = [RowAttack(int(number), "", None) for number in some.numbers]
        return SimpleNamespace(least_changes=lambda: changes, evaluations=0)

    def proved(some, found, *, seconds):
        assert seconds == pytest.approx(min(certify, (limit - most) / 2 / most))
        return found

    monkeypatch.setattr(attack_module, "time", clock)
    monkeypatch.setattr(stress_module, "time", clock)
    monkeypatch.setattr(attack_module._AttackedPart, "of", attacked)
    monkeypatch.setattr(stress_module, "certify", proved)
    found = model.stress(rows, certify=certify, rows=60, time_limit=limit).found.attack
    assert (len(found.rows), found.asked) == (most, 60)


def test_as_many_accidents_are_tried_as_there_is_time_for(mixed, tested, monkeypatch):
    """On a clock of its own, by which each watch takes a second."""
    rows, model = mixed
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)

    def watched(stressed, some, counted):
        clock.now += 1.0

    every = tested.found.corruptions
    assert every.left_out == 0
    monkeypatch.setattr(corrupted_module, "time", clock)
    monkeypatch.setattr(stress_module, "time", clock)
    monkeypatch.setattr(corrupted_module, "_alarms", watched)
    found = model.stress(rows, certify=0, rows=1, time_limit=3.5).found
    tried = len(found.corruptions.effects)
    assert (tried, found.corruptions.left_out) == (3, len(every.effects) - 3)
    assert found.notes[0] == f"The time was up: {len(every.effects) - 3} accidents were not tried."
    effects = {(effect.kind, effect.columns): effect.score for effect in every.effects}
    for effect in found.corruptions.effects:
        assert effects[effect.kind, effect.columns].value == pytest.approx(effect.score.value)


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_scores_of_corrupted_rows_are_those_of_other_libraries(name, request):
    model = request.getfixturevalue(name)
    rows = task(model.target, 300, seed=1)
    found = model.stress(rows, certify=0, rows=1, rung="linear").found.corruptions
    order = stream(model.fitted.spec.seed, "study", "stress", "rows").permutation(300)
    chosen = pl.lit(pl.Series(np.isin(np.arange(300), order[:30])))
    target = rows[model.target].to_numpy()

    def error(table):
        if model.classes:
            shares = model.predict_proba(table, rung="linear")
            return log_loss(target, shares, labels=list(model.classes))
        return root_mean_squared_error(target, model.predict(table, rung="linear"))

    effects = {(effect.kind, effect.columns): effect for effect in found.effects}
    by_hand = {
        ("tenfold", "size"): pl.when(chosen).then(pl.col("size") * 10).otherwise("size"),
        ("missing", "colour"): pl.when(~chosen).then("colour"),
    }
    for (kind, column), expression in by_hand.items():
        effect = effects[kind, (column,)]
        other = rows.with_columns(expression.alias(column))
        assert effect.score.value == pytest.approx(error(other) - error(rows), rel=1e-5)
        assert effect.score.low <= effect.score.value <= effect.score.high
    assert effects["missing", ("colour",)].noticed
    harm = [effect.score.value for effect in found.effects]
    assert harm == sorted(harm, reverse=True)


def test_without_a_target_answers_are_counted(mixed):
    rows, model = mixed
    test = model.stress(rows.drop("label"), certify=0, rows=1)
    found = test.found.corruptions
    assert found.metric is None
    assert all(effect.score is None and not effect.worse for effect in found.effects)
    kinds = {(effect.kind, effect.columns) for effect in found.effects}
    assert ("year_later", ("since",)) in kinds
    assert ("typos", ("colour",)) in kinds
    assert ("swapped", ("whole", "price")) in kinds
    assert "no target" in test.summary()


def test_what_is_corrupted_is_what_accidents_do(mixed):
    rows, model = mixed
    typed, chosen = features(model, rows), np.arange(len(rows)) % 10 == 0
    made = {(one.kind, one.columns): one for one in corruptions_of(model.fitted)}

    def after(kind, *columns):
        frame = made[kind, columns].corrupt(typed, chosen)
        assert frame.filter(~pl.Series(chosen)).equals(typed.filter(~pl.Series(chosen)))
        return frame.filter(pl.Series(chosen))

    before = typed.filter(pl.Series(chosen))
    assert (after("centimetres", "price")["price"] == before["price"] * 2.54).all()
    later = after("year_later", "since")["since"] - before["since"]
    assert (later == datetime.timedelta(days=365)).all()
    assert after("missing", "member")["member"].null_count() == chosen.sum()
    typed_wrongly = zip(before["colour"], after("typos", "colour")["colour"], strict=True)
    assert all(sorted(one) == sorted(other) and one != other for one, other in typed_wrongly)
    swapped = after("swapped", "whole", "price")
    assert swapped["whole"].equals(before["price"].alias("whole"))
    assert (after("rounded", "price")["price"] % 10 == 0).all()


@pytest.mark.parametrize("level", ["red", "a", "aa", "ab", "", "Zürich", "1-2"])
def test_a_typing_error_is_another_level(level):
    assert mistyped(level) != level or not level


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "inches"}, "'inches' is no budget."),
        ({"budget": {"prize": 1.0}}, "The model sees no column 'prize'."),
        ({"budget": {"price": -1.0}}, "The budget of column 'price' is -1.0"),
        ({"budget": {"price": float("nan")}}, "The budget of column 'price' is nan"),
        ({"budget": {"colour": 1.0}}, "Column 'colour' is no number and no date"),
        ({"frozen": "prize"}, "The model sees no column 'prize'."),
        ({"frozen": ["whole", "price", "since"]}, "No column may move"),
        ({"together": [["price", "colour"]]}, "Column 'colour' is to move with others"),
        ({"together": [["price", "whole"], ["whole", "since"]]}, "Column 'whole' is named twice"),
        ({"levels": -1}, "levels is -1. Give a whole number from 0"),
        ({"rows": 0}, "rows is 0. Give a whole number from 1"),
        ({"time_limit": 0.0}, "The time limit is 0.0."),
        ({"share": -1.0}, "Numbers are to move by -1.0 of the target's range."),
        ({"share": float("nan")}, "Numbers are to move by nan of the target's range."),
        ({"share": 2.0}, "Numbers are to move by 2.0 of the target's range."),
        ({"share": "half"}, "The argument share cannot be 'half'. Give a number."),
        ({"rows": True}, "The argument rows cannot be True. Give a whole number."),
        ({"frozen": ["price", 5]}, "The argument frozen cannot be ['price', 5]. Give a text or a"),
        ({"together": ["price", 5]}, "The argument together cannot be"),
        ({"budget": {"price": "x"}}, "The argument budget cannot be {'price': 'x'}."),
        ({"rung": ["mlp"]}, "The argument rung cannot be ['mlp']. Give a text."),
        ({"rung": "forest"}, "This file has no model 'forest'."),
    ],
)
def test_what_makes_no_sense_is_refused(mixed, options, message):
    rows, model = mixed
    with pytest.raises(SpecError) as refused:
        model.stress(rows, **options)
    assert str(refused.value).startswith(message)


def test_a_share_of_nothing_is_refused(regressor):
    with pytest.raises(SpecError, match="Numbers are to move by 0"):
        regressor.stress(task("amount"), share=0)


def test_a_table_without_rows_is_refused(mixed):
    rows, model = mixed
    with pytest.raises(TableError, match="no rows"):
        model.stress(rows[:0])


def test_what_is_noticed_is_an_alarm_of_the_watch(mixed, tested):
    rows, model = mixed
    rows, effects = rows.drop("label"), tested.found.corruptions.effects
    order = stream(model.fitted.spec.seed, "study", "stress", "rows").permutation(300)
    chosen = pl.lit(pl.Series(np.isin(np.arange(300), order[:30])))
    before = {alarm.column for alarm in model.watch(rows).found.alarms}
    for column, factor in (("price", 1000), ("whole", 10)):
        other = rows.with_columns(pl.when(chosen).then(pl.col(column) * factor).otherwise(column))
        alarms = {alarm.column for alarm in model.watch(other).found.alarms} - before
        kind = "thousandfold" if factor == 1000 else "tenfold"
        (effect,) = [one for one in effects if (one.kind, one.columns) == (kind, (column,))]
        assert effect.noticed == bool(alarms)


def test_levels_alone_can_be_attacked(mixed):
    rows, model = mixed
    found = attacked(model, rows[:6], levels=1, frozen=["whole", "price", "since"])
    assert not found.columns
    others = {"member": [False, True], "colour": ["red", "green", "blue"]}
    for row in found.rows:
        own = rows[[row.row - 1]]
        copies = pl.concat(
            own.with_columns(pl.lit(level).alias(column))
            for column, levels in others.items()
            for level in levels
        )
        changes = (model.predict(copies) != row.answer).any()
        assert row.radius == (0.0 if changes else None)
