"""Members before they learn: what their codes and weights look at, text, the wide start."""

from dataclasses import replace

import jax
import numpy as np
import polars as pl
import pytest
import scipy.sparse
from msgspec import structs
from pack_tables import TINY, numbers, only, rows_of
from sklearn.linear_model import LogisticRegression, Ridge

from gradum.core import LogLoss, SquaredError
from gradum.randomness import stream
from gradum.rungs.context import ALONE
from gradum.rungs.folding import walks_up_to
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.inputs import TEXT_COLUMNS, PackInputs, _projection
from gradum.rungs.pack.members import RAMPS, STEPS, WAVES, Members, initial_codes, initial_weights
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.pack.training import _Order
from gradum.rungs.pack.wide import (
    OF_CODES,
    OF_MANY_ROWS,
    STRENGTHS,
    begin_wide,
    best_prior,
    is_much_work,
    linear_start,
)
from gradum.rungs.rows import expanded

MANY = structs.replace(TINY, members=12, folds=3)


def prepared(target="y", spec=MANY, seed=0, rows=None):
    rows = only(target, 300) if rows is None else rows
    goal = goal_of(rows)
    inputs = PackInputs.of(rows, spec, goal, seed)
    walks = walks_up_to(
        spec.folds, rows, np.arange(len(rows)) % 5 == 0, stream(seed, "pack", "folds")
    )
    members = Members.draw(spec, rows=len(rows), folds=len(walks), seed=seed)
    return rows, goal, inputs, walks, members


def goal_of(rows):
    loss = SquaredError() if rows.classes is None else LogLoss()
    return Goal(rows.target, rows.weight, loss, rows.classes)


def codes_of(rows, inputs, walks, members, target=None):
    return initial_codes(
        inputs,
        members,
        goal_of(rows if target is None else replace(rows, target=target)),
        [train for train, _ in walks],
        seed=0,
    )


def test_members_are_drawn_within_their_ranges_and_every_fold_gets_as_many():
    spec = PackSpec(members=240, folds=4)
    drawn = Members.draw(spec, rows=100, folds=4, seed=0)
    np.testing.assert_array_equal(np.bincount(drawn.fold), 60)
    for name in ("learning_rate", "decay", "frequency"):
        low, high = getattr(spec, name)
        values = getattr(drawn, name)
        assert values.min() >= low * 0.9999
        assert values.max() <= high * 1.0001
        middle = (np.log(low) + np.log(high)) / 2  # of a log-uniform distribution
        assert np.log(values).mean() == pytest.approx(middle, abs=0.1 * np.log(high / low))
    for name in ("dropout", "column_dropout"):
        values = getattr(drawn, name)
        assert np.mean(values == 0) == pytest.approx(spec.undropped, abs=0.1)
        assert values.max() <= getattr(spec, name)[1]
    for fold in range(4):
        own = drawn.kind[drawn.fold == fold]
        np.testing.assert_allclose(np.bincount(own) / 60, [0.5, 0.25, 0.25], atol=0.05)
        wide = drawn.begins_wide[drawn.fold == fold]
        assert (own[wide] == STEPS).all()
        assert wide.sum() == pytest.approx(spec.wide * np.sum(own == STEPS), abs=1)


def test_weights_are_forgotten_in_as_many_epochs_however_many_rows_there_are():
    spec = PackSpec(members=16, epochs_at=1000)

    def epochs_to_forget(rows):
        drawn = Members.draw(spec, rows=rows, folds=8, seed=0)
        steps = 1 / (drawn.learning_rate * drawn.decay)
        return steps / (rows / spec.batch_size)

    np.testing.assert_allclose(epochs_to_forget(64_000), epochs_to_forget(1_000), rtol=1e-5)
    few, fewer = (Members.draw(spec, rows=rows, folds=8, seed=0) for rows in (1_000, 10))
    np.testing.assert_array_equal(few.decay, fewer.decay)
    many = Members.draw(spec, rows=64_000, folds=8, seed=0)
    np.testing.assert_array_equal(few.embedding_decay, many.embedding_decay)
    np.testing.assert_allclose(few.embedding_decay, spec.embedding_decay * few.decay, rtol=1e-6)


@pytest.mark.parametrize("kind", range(3))
def test_shares_of_one_kind_alone_are_heeded(kind):
    shares = dict(zip(("steps", "ramps", "waves"), np.eye(3)[kind].tolist(), strict=True))
    drawn = Members.draw(structs.replace(MANY, **shares), rows=100, folds=3, seed=1)
    np.testing.assert_array_equal(drawn.kind, kind)


def test_the_seed_draws_the_members():
    one, again, other = (Members.draw(MANY, rows=100, folds=3, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.learning_rate, again.learning_rate)
    assert not np.allclose(one.learning_rate, other.learning_rate)


@pytest.mark.parametrize("target", ["y", "grade"])
def test_no_member_s_codes_look_at_the_rows_that_it_holds_out(target):
    rows, _, inputs, walks, members = prepared(target)
    codes = codes_of(rows, inputs, walks, members)
    for fold, (_, held) in enumerate(walks):
        told = rows.target.copy()
        told[held] = np.roll(told[held], 7)
        dense = inputs.flat["dense"].copy()
        dense[held] = dense[held][::-1] + 1
        flat = dict(inputs.flat, dense=dense)
        changed = replace(inputs, flat=flat)
        others = codes_of(rows, changed, walks, members, told)
        for name in ("shift", "slope"):
            same = (codes[name] == others[name]).reshape(len(members.fold), -1).all(axis=1)
            assert same[members.fold == fold].all()
            looking = (members.fold != fold) & (members.kind != WAVES)
            assert not same[looking].any()


def test_each_kind_has_codes_of_its_kind():
    rows, _, inputs, walks, members = prepared()
    codes = codes_of(rows, inputs, walks, members)
    assert {STEPS, RAMPS, WAVES} == set(members.kind)
    np.testing.assert_array_equal(codes["wave"], members.kind == WAVES)
    for member, kind in enumerate(members.kind):
        train = walks[members.fold[member]][0]
        for place, column in enumerate(inputs.network.coded):
            values = np.unique(inputs.flat["dense"][train, column])
            shift, slope = codes["shift"][member, place], codes["slope"][member, place]
            if kind == STEPS:
                low = np.searchsorted(values, shift[slope > 0])
                np.testing.assert_array_equal(values[low], shift[slope > 0])
                np.testing.assert_allclose(
                    slope[slope > 0], 1 / np.diff(values.astype(np.float64))[low], rtol=1e-5
                )
            elif kind == RAMPS:
                ends = shift + 1 / slope
                np.testing.assert_allclose(ends[:-1], shift[1:], rtol=1e-3, atol=1e-4)
                assert values[0] - 1e-4 <= shift[0]
                assert ends[-1] <= values[-1] + 1e-4


def test_every_unit_is_of_size_1_and_bends_at_a_row_that_its_member_learns_from():
    rows, goal, inputs, walks, members = prepared(
        "y", structs.replace(MANY, hidden_layer_sizes=(8, 6))
    )
    learned = [train for train, _ in walks]
    params = initial_weights(
        inputs, codes_of(rows, inputs, walks, members), members, goal, learned, seed=0
    )
    for member in range(MANY.members):
        own = learned[members.fold[member]]
        one = {name: params[name][member : member + 1] for name in ("shift", "slope", "wave")}
        dense = inputs.flat["dense"][own][None]
        z = (
            structs.replace(inputs.network, members=1)
            .expand(one, dense, None, np)[0]
            .astype(np.float64)
        )
        for layer in params["layers"][:-1]:
            before = z @ layer["weight"][member] + layer["bias"][member]
            assert (np.abs(before).min(axis=0) < 1e-5).all()
            np.testing.assert_allclose(before.std(axis=0), 1, rtol=0.25)
            z = np.maximum(before, 0)


def test_an_order_goes_through_all_rows_of_a_member_before_any_comes_again():
    rows = [np.arange(0, 10), np.arange(100, 107)]
    order = _Order(rows, 4, np.random.default_rng(0))
    taken = np.concatenate([order.take(2) for _ in range(9)])  # 18 steps of 4 rows
    assert taken.shape == (18, 2, 4)
    for member, own in enumerate(rows):
        went = taken[:, member].ravel()
        passes = [went[at : at + len(own)] for at in range(0, len(went) - len(own), len(own))]
        assert len(passes) > 6
        for each in passes:
            np.testing.assert_array_equal(np.sort(each), own)
        assert len({tuple(each) for each in passes}) > 3


def linear_case(classes, rows=240, columns=5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) * [1, 2, 0.5, 1, 1]
    score = x @ rng.normal(size=(columns, max(classes, 1))) + rng.normal(
        size=(rows, max(classes, 1))
    )
    if classes == 0:
        return x, score[:, 0] / score[:, 0].std()
    return x, (score[:, 0] > 0).astype(int) if classes == 2 else score.argmax(axis=1)


def peer(classes, strength, weight):
    """The scikit-learn model of the penalty alpha = strength / n, of n rows of these weights."""
    alpha = strength / len(weight)
    if classes == 0:  # ‖Xw - y‖² + a ‖w‖², for the mean of squares + alpha / 2 ‖w‖²
        return Ridge(alpha * weight.sum() / 2)
    return LogisticRegression(C=1 / (alpha * weight.sum()), tol=1e-10, max_iter=10_000)


def said_by(model, x, classes):
    if classes == 0:
        return model.predict(x)[:, None]
    logits = model.decision_function(x)
    return logits[:, None] if logits.ndim == 1 else logits - logits.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_the_wide_start_is_scikit_learns_answer(classes, weighted):
    x, target = linear_case(classes)
    weight = np.random.default_rng(1).uniform(0.3, 2, 240) if weighted else np.ones(240)
    learned = np.arange(160)
    outputs = 3 if classes == 3 else 1
    goal = Goal(target, weight, *((LogLoss(), classes) if classes else (SquaredError(),)))
    found = linear_start(x, goal, learned, 30.0, ALONE)
    model = peer(classes, 30.0, weight[learned])
    model.fit(x[learned], target[learned], sample_weight=weight[learned])
    said = x @ found[0] + found[1]
    if outputs == 3:
        said = said - said.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(said, said_by(model, x, classes), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("noise", [0.1, 6.0])
def test_the_penalty_is_the_one_that_predicts_the_held_out_rows_best(noise):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(90, 30))
    target = x[:, 0] + noise * rng.normal(size=90)
    learned, held = np.arange(60), np.arange(60, 90)

    def fit(strength):
        return peer(0, strength, np.ones(60)).fit(x[learned], target[learned])

    losses = [np.mean((fit(s).predict(x[held]) - target[held]) ** 2) for s in STRENGTHS]
    best = fit(STRENGTHS[int(np.argmin(losses))])
    assert (int(np.argmin(losses)) == 0) == (noise > 1)
    goal = Goal(target, np.ones(90), SquaredError())
    strength, _ = best_prior([(x, (learned, held))], [np.ones(30)], STRENGTHS, goal, ALONE)
    assert strength == pytest.approx(STRENGTHS[int(np.argmin(losses))])
    weights, bias = linear_start(x, goal, learned, strength, ALONE)
    np.testing.assert_allclose(weights[:, 0], best.coef_, rtol=1e-4, atol=1e-6)
    assert bias[0] == pytest.approx(best.intercept_, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("by_steps", [False, True])
def test_held_out_rows_tell_how_much_steps_have_to_say(by_steps):
    rng = np.random.default_rng(3)
    z = rng.normal(size=600)
    columns = np.column_stack([z, z[:, None] > np.linspace(-2, 2, 60)])
    target = (2.0 * (z > 0) if by_steps else z) + rng.normal(size=600)
    scales = [np.append(1.0, np.full(60, share)) for share in (0.03, 1.0)]
    goal = Goal(target, np.ones(600), SquaredError())
    walk = np.arange(300), np.arange(300, 600)
    _, scale = best_prior([(columns, walk)], scales, STRENGTHS, goal, ALONE)
    assert scale is scales[by_steps]


def test_rows_that_are_not_learned_from_change_nothing():
    x, target = linear_case(0)
    learned = np.arange(160)
    one = linear_start(x, Goal(target, np.ones(240), SquaredError()), learned, 10.0, ALONE)
    changed = target.copy()
    changed[160:] += 5
    other = linear_start(x, Goal(changed, np.ones(240), SquaredError()), learned, 10.0, ALONE)
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


def test_what_would_be_much_work_is_not_begun():
    assert is_much_work(columns=900, outputs=3, rows=10)
    assert not is_much_work(columns=800, outputs=3, rows=10)
    assert is_much_work(columns=2, outputs=1, rows=50_001)


@pytest.mark.parametrize("varying", [2, 0])
def test_columns_that_do_not_vary_have_no_weight_and_change_no_other(varying):
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(90, varying)), rng.normal(size=90)
    goal, learned = Goal(target, np.ones(90), SquaredError()), np.arange(60)
    x[60:] += 1  # of rows not learned from
    among = np.insert(x, 0, 3.0, axis=1)
    among = np.append(among, np.arange(90)[:, None] > 59, axis=1)
    weights, bias = linear_start(among, goal, learned, 10.0, ALONE)
    np.testing.assert_array_equal(weights[[0, -1]], 0)
    if varying:
        alone, level = linear_start(x, goal, learned, 10.0, ALONE)
        np.testing.assert_array_equal(weights[1:-1], alone)
        np.testing.assert_array_equal(bias, level)
    else:
        np.testing.assert_allclose(bias, [target[learned].mean()])


@pytest.mark.parametrize(
    ("target", "many"), [("y", False), ("y", True), ("flag", False), ("grade", False)]
)
def test_members_that_begin_wide_are_the_linear_model_of_codes_of_columns(
    target, many, monkeypatch
):
    if many:
        monkeypatch.setattr("gradum.rungs.pack.wide.MANY_ROWS", 0)
    spec = structs.replace(MANY, wide=1.0)
    rows, goal, inputs, walks, members = prepared(target, spec)
    codes = codes_of(rows, inputs, walks, members)
    learned = [train for train, _ in walks]
    params = initial_weights(inputs, codes, members, goal, learned, seed=0)
    plain = jax.tree.map(np.copy, params)
    aim = (rows.target - rows.target.mean()) / rows.target.std() if target == "y" else rows.target
    begin_wide(params, inputs, members, replace(goal, target=aim), walks, ALONE)
    x = inputs.network.expand(params, inputs.flat["dense"][None], None, np)
    logits = inputs.network.logits_of(params, x, np)
    classes = 0 if target == "y" else rows.classes
    assert members.begins_wide.any()
    assert inputs.network.pairs  # which the linear model does not use
    np.testing.assert_array_equal(params["wide"][:, inputs.of_pairs], 0)
    chosen, errors_of_folds = set(), {}
    for member in range(spec.members):
        train, held = walks[members.fold[member]]
        if not members.begins_wide[member]:
            np.testing.assert_array_equal(params["wide"][member], 0)
            last = params["layers"][-1]["weight"][member]
            np.testing.assert_array_equal(last, plain["layers"][-1]["weight"][member])
            continue
        own = x[member].astype(np.float64)
        own[:, inputs.of_pairs] = 0
        priors = []
        for share in (OF_CODES, 1.0) if many else (OF_CODES,):
            scaled = own.copy()
            scaled[:, inputs.network.inputs :] *= share
            for strength in OF_MANY_ROWS if many else STRENGTHS:
                model = peer(classes, strength, np.ones(len(train)))
                priors.append((scaled, model.fit(scaled[train], aim[train])))
        said = logits[member] - (logits[member].mean(axis=1, keepdims=True) if classes == 3 else 0)
        distance = [
            np.abs(said - said_by(model, scaled, classes)).max() for scaled, model in priors
        ]
        assert min(distance) < 2e-3
        chosen.add(int(np.argmin(distance)))
        if classes == 0:
            errors = [
                np.sum((model.predict(scaled[held]) - aim[held]) ** 2) for scaled, model in priors
            ]
            errors_of_folds[members.fold[member]] = np.array(errors)
    assert len(chosen) == 1  # one penalty and scale for all folds, which choose them together
    if classes == 0:
        assert len(errors_of_folds) == spec.folds
        assert chosen == {int(np.argmin(sum(errors_of_folds.values())))}


def test_where_each_number_came_from():
    rng = np.random.default_rng(0)
    words = np.array(["red", "green", "blue", "old", "new", "small"])
    frame = numbers(300).select("x0", "x1", "y")
    frame = frame.with_columns(
        shop=pl.Series([f"shop {k}" for k in rng.integers(0, 50, 300)]),
        colour=pl.Series(words[rng.integers(0, 3, 300)]),
        note=pl.Series([" ".join(rng.permutation(words)[:4]) for _ in range(300)]),
    )
    rows = rows_of(frame, "y", text=("note",), categorical=("shop", "colour"))
    inputs = PackInputs.of(rows, TINY, goal_of(rows), 0)
    network = inputs.network
    assert inputs.source.shape == (network.first,)
    # The numbers of one column's codes, and of one column's embedding, are of one source.
    coded = network.inputs + np.arange(len(network.coded) * network.codes)
    for index, place in enumerate(network.coded):
        own = coded[index * network.codes : (index + 1) * network.codes]
        np.testing.assert_array_equal(inputs.source[own], inputs.source[place])
    embedded = inputs.source[-network.embedding.width :]
    assert len(set(embedded)) == 1
    assert embedded[0] not in inputs.source[: -network.embedding.width]
    text = inputs.source[network.inputs - network.projected : network.inputs]
    assert len(set(text)) == network.projected
    # What the network takes is what is learned from, its text brought down.
    dense, codes = network.flat(inputs.text, expanded(inputs.layer, rows))
    np.testing.assert_array_equal(dense, inputs.take(np.arange(300))[0])
    np.testing.assert_array_equal(codes[0], inputs.take(np.arange(300))[1])


def test_text_is_brought_down_to_directions_that_training_rows_differ_in():
    """Five sentences span few directions; others must not be blown up for a sentence unseen."""
    rng = np.random.default_rng(0)
    sentences = ["red and old", "green and new", "blue and small", "red and new", "blue and old"]
    frame = pl.DataFrame(
        {
            "note": [sentences[k] for k in rng.integers(0, 5, 200)],
            "x": rng.normal(size=200),
            "y": rng.normal(size=200),
        }
    )
    rows = rows_of(frame, "y", text=("note",))
    inputs = PackInputs.of(rows, TINY, goal_of(rows), 0)
    text = expanded(inputs.layer, rows)["sparse"]
    assert np.abs(text @ inputs.text["projection"]).max() < 10
    vocabulary = np.eye(text.shape[1], dtype=np.float32)
    assert np.abs(vocabulary @ inputs.text["projection"]).max() < 100


def test_text_that_never_differs_is_not_blown_up():
    text = scipy.sparse.csr_array(np.tile(np.float32([0.6, 0.8, 0.0]), (30, 1)))
    projection = _projection(text, TEXT_COLUMNS, 0)
    assert projection.shape == (3, 1)
    assert np.abs(text @ projection).max() <= 1 + 1e-6


@pytest.mark.parametrize("rows", [40, 200])
def test_text_keeps_the_distances_of_its_strongest_directions(rows):
    """Against NumPy's decomposition: the same directions, each with a spread of 1."""
    rng = np.random.default_rng(0)
    words = scipy.sparse.random_array((rows, 90), density=0.2, rng=rng, dtype=np.float32).tocsr()
    projection = _projection(words, TEXT_COLUMNS, 0)
    size = min(TEXT_COLUMNS, rows - 1, 89)
    assert projection.shape == (90, size)
    said = words @ projection
    np.testing.assert_allclose(said.std(axis=0), 1, rtol=1e-4)
    _, _, strongest = np.linalg.svd(words.toarray().astype(np.float64), full_matrices=False)
    own = projection / np.linalg.norm(projection, axis=0)
    np.testing.assert_allclose(np.abs(strongest[:size] @ own).max(axis=0), 1, atol=1e-3)
