"""Scores of texts: of each row by a fit that has not learned it, of new texts by all fits."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.sparse
from msgspec import structs
from pack_tables import TINY, fitted, rows_of
from sklearn.linear_model import LogisticRegression, Ridge

from gradum.core.losses import LogLoss, SquaredError
from gradum.rungs.context import Context
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.inputs import BESIDE_SCORES, TEXT_COLUMNS, PackInputs
from gradum.rungs.pack.text_scores import text_scores
from gradum.rungs.rows import expanded

WORDS = np.array(["good", "bad", "red", "green", "blue", "old", "new", "small", "large", "soft"])
LOSSES = {"y": SquaredError(), "flag": LogLoss(), "grade": LogLoss()}


def notes(target, rows=120, seed=0):
    """Texts of five words, of which "good" and "bad" tell the target; the others tell nothing."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(WORDS), (rows, 5))
    y = (drawn == 0).sum(axis=1) - (drawn == 1).sum(axis=1) + 0.3 * rng.normal(size=rows)
    made = {
        "y": y,
        "flag": np.where(y > 0, "yes", "no"),
        "grade": np.array(["low", "middle", "high"])[np.digitize(y, [-0.4, 0.4])],
    }
    return pl.DataFrame(
        {
            "note": [" ".join(WORDS[each]) for each in drawn],
            "x": rng.normal(size=rows),
            target: made[target],
        }
    )


def in_folds(rows, folds=3):
    """Every third row is held out, and so on."""
    number = np.arange(rows) % folds
    return [(np.flatnonzero(number != f), np.flatnonzero(number == f)) for f in range(folds)]


def scored(rows, target, walks, *, views=None, weight=None, strengths=(1.0,), stop=lambda: False):
    """Scores of all n-grams together, if no views are given."""
    text = rows.design.sparse
    views = [np.arange(0 if text is None else text.shape[1])] if views is None else views
    weight = rows.weight if weight is None else weight
    goal = Goal(rows.target, weight, LOSSES[target], rows.classes)
    rng = np.random.default_rng(0)
    return text_scores(text, views, goal, walks, rng, Context(stop=stop), strengths)


def seen_in(rows, view):
    """Rows that have some of their n-grams alone."""
    seen = {**rows.design.arrays, "sparse": rows.design.sparse[:, view]}
    return replace(rows, design=replace(rows.design, arrays=seen))


def peer(target, text, aim, weight):
    """The coefficients (v, k) of scikit-learn's model under a strength of 1."""
    if target == "y":
        # Σ w r² + a ‖W‖², for the mean of w r² + 1 / (2n) ‖W‖²
        return Ridge(alpha=0.5).fit(text, aim, weight / weight.mean()).coef_[:, None]
    found = LogisticRegression(C=1.0, tol=1e-8, max_iter=5000)
    return found.fit(text, aim, weight / weight.mean()).coef_.T


def up_to_scale(one, other):
    """Whether columns are the same but for a factor of each."""
    one, other = (each / np.linalg.norm(each, axis=0) for each in (one, other))
    np.testing.assert_allclose(one, other, atol=2e-3)


def effects(target, text, aim, weight):
    """By how much the target differs where a word occurs, counted word by word (v,)."""
    each = aim[:, None] if target == "y" else np.eye(aim.max() + 1)[aim]
    weight = weight / weight.mean()
    mean = sum(w * t for w, t in zip(weight, each, strict=True)) / weight.sum()
    found = [
        np.linalg.norm((weight * word) @ (each - mean)) / (weight @ word + 0.5) for word in text.T
    ]
    return np.array(found) / np.sqrt(np.mean(np.square(found)))


@pytest.mark.parametrize("target", ["y", "flag", "grade"])
def test_each_row_is_scored_by_the_fit_without_it_and_new_texts_by_the_mean(target):
    rows, walks = rows_of(notes(target), target, text=("note",)), in_folds(120)
    weight = np.random.default_rng(1).uniform(0.5, 2, 120)
    found = scored(rows, target, walks, weight=weight)
    text = rows.design.sparse.toarray()
    peers = []
    for own, _ in walks:
        factor = effects(target, text[own], rows.target[own], weight[own])
        peers.append(
            np.hstack(
                [
                    r[:, None] * peer(target, text[own] * r, rows.target[own], weight[own])
                    for r in (np.ones(len(factor)), factor)
                ]
            )
        )
    up_to_scale(found.weight, np.mean(peers, axis=0))
    out_of_fold = np.zeros((120, peers[0].shape[1]))
    for (_, held), coefficients in zip(walks, peers, strict=True):
        out_of_fold[held] = text[held] @ coefficients
    up_to_scale(found.of_rows, out_of_fold)
    np.testing.assert_allclose(found.of_rows.std(axis=0), 1, rtol=1e-4)
    # One factor brings both into that unit.
    np.testing.assert_allclose(
        found.weight * out_of_fold.std(axis=0), np.mean(peers, axis=0), atol=1e-2
    )


@pytest.mark.parametrize("target", ["y", "flag", "grade"])
def test_words_and_characters_are_scored_alone(target):
    rows, walks = rows_of(notes(target), target, text=("note",)), in_folds(120)
    layout = rows.design.layout
    words, characters = layout.views
    assert len(words) + len(characters) == len(layout.sparse)
    assert {layout.sparse[place].kind for place in words} == {"words"}
    assert {layout.sparse[place].kind for place in characters} == {"characters"}
    found = scored(rows, target, walks, views=layout.views)
    alone = [scored(seen_in(rows, view), target, walks) for view in layout.views]
    np.testing.assert_array_equal(found.of_rows, np.hstack([each.of_rows for each in alone]))
    for view, each, weight in zip(
        layout.views, alone, np.split(found.weight, 2, axis=1), strict=True
    ):
        np.testing.assert_array_equal(weight[view], each.weight)
        assert not np.delete(weight, view, axis=0).any()


@pytest.mark.parametrize("target", ["y", "flag", "grade"])
def test_a_row_s_own_target_does_not_reach_its_score(target):
    """But for the unit, which all rows share."""
    rows, walks = rows_of(notes(target), target, text=("note",)), in_folds(120)
    changed = rows.target.copy()
    changed[7] = changed[7] + 3 if target == "y" else 1 - min(changed[7], 1)
    one = scored(rows, target, walks).of_rows
    other = scored(replace(rows, target=changed), target, walks).of_rows
    own = walks[7 % 3][1]
    up_to_scale(one[own], other[own])
    np.testing.assert_array_equal(np.argsort(one[own], axis=0), np.argsort(other[own], axis=0))
    rest = walks[7 % 3][0]
    assert np.abs(one[rest] - other[rest]).max() > 1e-3


def test_words_that_tell_nothing_predict_nothing():
    """Fits of shuffled targets fit them; scores out of fold do not follow them."""
    rows = rows_of(notes("y"), "y", text=("note",))
    shuffled = np.random.default_rng(2).permutation(rows.target)
    found = scored(replace(rows, target=shuffled), "y", in_folds(120), strengths=(0.01,))
    assert np.corrcoef(found.of_rows[:, 0], shuffled)[0, 1] < 0.2
    assert np.corrcoef((rows.design.sparse @ found.weight)[:, 0], shuffled)[0, 1] > 0.2


@pytest.mark.parametrize(
    "walks",
    [
        pytest.param([(np.arange(90), np.arange(90, 120))], id="one part held out"),
        pytest.param(
            [(np.arange(at), np.arange(at, at + 30)) for at in (30, 60, 90)], id="stretches of time"
        ),
        pytest.param([(np.arange(1), np.arange(1, 120))], id="a first row alone"),
    ],
)
def test_rows_that_no_fold_holds_out_are_scored_within_themselves(walks):
    rows = rows_of(notes("y"), "y", text=("note",))
    of_rows = scored(rows, "y", walks).of_rows
    never = np.setdiff1d(np.arange(120), np.concatenate([held for _, held in walks]))
    alone = len(never) == 1
    assert (of_rows[never] == 0).all() == alone
    # None knows a target of what is held out: what came later does not reach what was before.
    changed = rows.target.copy()
    changed[-30:] += 5
    later = scored(replace(rows, target=changed), "y", walks).of_rows
    if not alone:
        up_to_scale(of_rows[:90], later[:90])
        for row in never[:3]:
            changed = rows.target.copy()
            changed[row] += 5
            others = scored(replace(rows, target=changed), "y", walks).of_rows
            assert np.abs(others[never] - of_rows[never]).max() > 1e-3


@pytest.mark.parametrize("target", ["y", "flag", "grade"])
@pytest.mark.parametrize("words", [[0.0, 0.0], [1.0], [0.6, 0.8]], ids=["empty", "one", "same"])
def test_text_that_never_differs_is_not_blown_up(target, words):
    rows = rows_of(notes(target), target, text=("note",))
    same = scipy.sparse.csr_array(np.tile(words, (120, 1)))
    rows = replace(rows, design=replace(rows.design, arrays={**rows.design.arrays, "sparse": same}))
    found = scored(rows, target, in_folds(120))
    assert np.abs(found.of_rows).max() < 1e-2
    assert np.abs(found.weight).max() < 1e-2


@pytest.mark.parametrize("target", ["flag", "grade", "y"])
def test_a_target_that_never_differs_outside_one_fold(target):
    rows, walks = rows_of(notes(target), target, text=("note",)), in_folds(120)
    aim = np.where(np.arange(120) % 3 == 0, rows.target, rows.target[0])
    found = scored(replace(rows, target=aim), target, walks)
    assert np.isfinite(found.of_rows).all()
    assert np.isfinite(found.weight).all()
    own = found.of_rows[walks[0][1]]
    assert np.abs(own).max() < 1e-2


def test_the_penalty_is_chosen_by_the_last_fold():
    rows, walks = rows_of(notes("y"), "y", text=("note",)), in_folds(120)
    strengths = (1000.0, 1.0, 1e-3)
    chosen = scored(rows, "y", walks, strengths=strengths)
    (learned, held), text = walks[-1], rows.design.sparse.toarray()
    errors = [
        np.mean(
            (
                Ridge(alpha=a / 2).fit(text[learned], rows.target[learned]).predict(text[held])
                - rows.target[held]
            )
            ** 2
        )
        for a in strengths
    ]
    alone = scored(rows, "y", walks, strengths=(strengths[int(np.argmin(errors))],))
    np.testing.assert_allclose(chosen.of_rows, alone.of_rows, atol=1e-3)


def test_there_are_none_without_text_or_when_stopped():
    rows, walks = rows_of(notes("flag"), "flag", text=("note",)), in_folds(120)
    assert scored(rows, "flag", walks) is not None
    assert scored(rows, "flag", walks, stop=lambda: True) is None
    arrays = {name: array for name, array in rows.design.arrays.items() if name != "sparse"}
    none = replace(rows, design=replace(rows.design, arrays=arrays))
    assert scored(none, "flag", walks) is None


@pytest.mark.parametrize(("most", "scores"), [(3, 12), (2, 0)])
def test_more_classes_than_scores_get_none(most, scores):
    rows = rows_of(notes("grade"), "grade", text=("note",))
    network = fitted(rows, structs.replace(TINY, text_scores=most)).network
    assert network.projected == scores + (BESIDE_SCORES if scores else TEXT_COLUMNS)


def test_a_stop_between_two_fits_leaves_none():
    """Some would be solved, others not: no mean of them means anything."""
    rows, walks = rows_of(notes("flag"), "flag", text=("note",)), in_folds(120)
    asked = iter(range(1000))
    assert scored(rows, "flag", walks, stop=lambda: next(asked) > 6) is None


def test_scores_come_last_of_one_source_and_a_new_row_s_by_the_projection():
    rows, walks = rows_of(notes("grade"), "grade", text=("note",)), in_folds(120)
    found = scored(rows, "grade", walks)
    goal = Goal(rows.target, rows.weight, LogLoss(), rows.classes)
    plain = PackInputs.of(rows, TINY, goal, 0)
    inputs = PackInputs.of(rows, TINY, goal, 0, found)
    network = inputs.network
    assert plain.network.projected == TEXT_COLUMNS
    assert network.projected == BESIDE_SCORES + 6
    np.testing.assert_array_equal(inputs.text["projection"][:, -6:], found.weight)
    learned = inputs.take(np.arange(120))[0]
    new = network.flat(inputs.text, expanded(inputs.layer, rows))[0]
    np.testing.assert_array_equal(learned[:, -6:], found.of_rows)
    np.testing.assert_allclose(new[:, -6:], rows.design.sparse @ found.weight, atol=1e-5)
    np.testing.assert_array_equal(learned[:, :-6], new[:, :-6])
    own = inputs.source[network.inputs - 6 : network.inputs]
    assert len(set(own)) == 1
    assert own[0] not in np.delete(inputs.source, np.arange(network.inputs - 6, network.inputs))


def test_a_pack_of_text_predicts_by_words_among_many():
    """Hundreds of words that tell nothing, and two that tell all."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 300, (500, 12))
    tells = rng.integers(0, 2, 500)
    text = [
        " ".join([*(f"word{k}" for k in own), "good" if good else "bad"])
        for own, good in zip(drawn, tells, strict=True)
    ]
    noise = rng.normal(size=500)
    frame = pl.DataFrame({"note": text, "x": noise, "y": 2.0 * tells + 0.1 * noise})
    rows = rows_of(frame, "y", text=("note",))
    rung = fitted(rows)
    network = rung.network
    assert rung.params["projection"].shape == (rows.design.sparse.shape[1], network.projected)
    error = rung.predict(rows.design).value - rows.target
    assert np.mean(error**2) < 0.3 * np.var(rows.target)


def test_a_pack_of_text_without_time_does_without_scores():
    rows = rows_of(notes("y"), "y", text=("note",))
    assert fitted(rows).network.projected == BESIDE_SCORES + 4
    assert fitted(rows, seconds=1e-6).network.projected == TEXT_COLUMNS
