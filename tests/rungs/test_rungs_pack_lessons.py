"""The teaching of members: who is told what, and how it is mixed with the target."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs
from pack_tables import TINY, fitted, only

from gradum.core.losses import LOSSES
from gradum.errors import SpecError
from gradum.rungs.context import Context
from gradum.rungs.folding import walks_of
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.lessons import Lessons, told
from gradum.rungs.pack.members import Members
from gradum.rungs.teacher import Teacher

ROWS = 60
THREE = structs.replace(TINY, members=6, folds=3)


def goal_of(target, classes=None):
    loss = LOSSES["squared_error" if classes is None else "log_loss"]
    return Goal(target, np.ones(len(target)), loss, classes)


def walks(rows=ROWS, **options):
    return walks_of(5, rows, rng=np.random.default_rng(3), **options)


@pytest.mark.parametrize("time", [None, np.arange(ROWS)], ids=["by chance", "by time"])
def test_a_fold_is_told_what_was_learned_from_neither_the_row_nor_the_fold(time):
    """The teacher answers with a number of its fit, and what it was fitted to is kept."""
    fits = []

    def ask(learned, asked):
        fits.append(set(learned.tolist()))
        return np.full(len(asked), len(fits) - 1.0)

    folds = walks(time=time)
    teacher = Teacher("notes", ask, np.arange(ROWS))
    answers = told(teacher, folds, goal_of(np.zeros(ROWS)), Context())
    assert len(fits) == (10 if time is None else 4)  # in time, one serves all later folds
    for (learned, held), row in zip(folds, answers, strict=True):
        assert np.isnan(row[held]).all()
        for place in np.flatnonzero(np.isfinite(row)):
            fit = fits[int(row[place])]
            assert place not in fit
            assert not fit & set(held.tolist())
        if time is None:
            assert np.isfinite(row[learned]).all()
        else:
            assert all(max(fits[int(row[p])]) < p for p in learned if np.isfinite(row[p]))


def test_rows_of_rows_are_asked_for_by_their_places_in_the_table():
    table = np.arange(100.0, 200.0)
    teacher = Teacher("table", lambda learned, asked: table[asked], np.arange(100))
    rows = np.array([7, 3, 50, 20])
    taken = teacher.take(rows).take(np.array([2, 0]))
    np.testing.assert_array_equal(taken.answers(np.array([0]), np.array([1, 0])), [107.0, 150.0])


def test_a_teacher_says_nothing_once_the_time_is_up():
    teacher = Teacher("late", lambda learned, asked: pytest.fail("asked"), np.arange(ROWS))
    answers = told(teacher, walks(), goal_of(np.zeros(ROWS)), Context(end=0.0))
    assert np.isnan(answers).all()


def test_a_teacher_is_not_fitted_to_one_class_alone():
    """The two rows of the second class lie in the first two folds, which no pair may both leave."""
    folds = walks()
    target = np.zeros(ROWS, np.int64)
    target[[folds[0][1][0], folds[1][1][0]]] = 1

    def ask(learned, asked):
        assert len(np.unique(target[learned])) == 2
        return np.full((len(asked), 2), 0.5)

    answers = told(Teacher("fair", ask, np.arange(ROWS)), folds, goal_of(target, 2), Context())
    silent = np.isnan(answers).all(axis=2)
    expected = np.zeros((5, ROWS), bool)
    for fold, (_, held) in enumerate(folds):
        expected[fold, held] = True
    expected[0, folds[1][1]] = expected[1, folds[0][1]] = True
    np.testing.assert_array_equal(silent, expected)


@pytest.mark.parametrize("classes", [None, 2, 3])
def test_members_learn_target_and_answer_in_their_own_shares(classes):
    """Against the formula, row by row; a row of which nothing is said is its target."""
    rng = np.random.default_rng(0)
    target = rng.normal(size=ROWS) if classes is None else rng.integers(0, classes, ROWS)
    shape = (2, ROWS) if classes is None else (2, ROWS, classes)
    answers = rng.random(shape)
    if classes is not None:
        answers /= answers.sum(axis=-1, keepdims=True)
    answers[1, 4] = np.nan
    fold, teaching = np.array([0, 1, 1]), np.array([0.0, 0.25, 1.0], np.float32)
    rows = rng.integers(0, ROWS, (2, 3, 5))
    rows[0, :, 0] = 4
    lessons = Lessons(goal_of(target, classes), fold, teaching, answers).of(rows, slice(None))
    for step, member, place in np.ndindex(rows.shape):
        row, share = rows[step, member, place], teaching[member]
        true = target[row] if classes is None else np.eye(classes)[target[row]]
        answer = answers[fold[member], row]
        expected = true if np.isnan(answer).any() else (1 - share) * true + share * answer
        expected = expected[1] if classes == 2 else expected
        np.testing.assert_allclose(lessons[step, member, place], expected, atol=1e-6)


def test_members_who_listen_are_else_the_same_and_some_do_not():
    spec = structs.replace(TINY, members=12, folds=4)
    alone = Members.draw(spec, rows=100, folds=4, seed=1)
    taught = alone.listening(spec, seed=1)
    assert not alone.teaching.any()
    assert sorted(taught.fold[taught.teaching == 0]) == [0, 1, 2, 3]
    low, high = spec.teaching
    assert ((taught.teaching >= low) & (taught.teaching <= high)).sum() == 8
    assert replace(taught, teaching=alone.teaching).hyper == alone.hyper


@pytest.mark.parametrize("target", ["flag", "grade"])
def test_a_teacher_who_only_repeats_the_labels_changes_nothing(target):
    """Whatever the members' shares: (1 − α) target + α target is the target."""
    rows = only(target, 180)
    labels = np.eye(rows.classes)[rows.target]
    teacher = Teacher("echo", lambda learned, asked: labels[asked], np.arange(len(rows)))
    plain, taught = fitted(rows, THREE), fitted(replace(rows, teacher=teacher), THREE)
    logits = [rung.logits(rows.design) for rung in (plain, taught)]
    np.testing.assert_allclose(logits[1], logits[0], atol=2e-3)
    assert taught.settings["teacher"] == "echo"
    assert taught.settings["heard"]
    assert len(taught.settings["teaching"]) == taught.settings["kept"]
    assert "teacher" not in plain.settings


def test_classes_that_are_balanced_balance_the_answers_too():
    """Bayes' rule by hand: what is learned is p w / Σ p w."""
    probability = np.array([[0.9, 0.1], [0.5, 0.5]])
    teacher = Teacher("sure", lambda learned, asked: probability[asked], np.arange(2))
    answers = teacher.weighed(np.array([1.0, 9.0])).answers(np.array([0]), np.array([0, 1]))
    np.testing.assert_allclose(answers, [[0.5, 0.5], [0.1, 0.9]])


def test_answers_that_lie_on_classes_without_weight_say_nothing():
    probability = np.array([[0.0, 0.0, 1.0], [0.3, 0.1, 0.6]])
    teacher = Teacher("sure", lambda learned, asked: probability[asked], np.arange(2))
    answers = teacher.weighed(np.array([1.0, 1.0, 0.0])).answers(np.array([0]), np.array([0, 1]))
    np.testing.assert_allclose(answers, [[np.nan] * 3, [0.75, 0.25, 0.0]])


def test_a_fit_that_ends_before_the_teacher_is_done_says_that_nobody_heard_it():
    """The pack is that of the members who learned alone."""
    rows, questions = only("flag", 180), []

    def ask(learned, asked):
        questions.append(asked)
        return np.full((len(asked), 2), 0.5)

    teacher = Teacher("slow", ask, np.arange(len(rows)))
    rung = fitted(replace(rows, teacher=teacher), THREE, stop=lambda: bool(questions))
    assert len(questions) == 1
    np.testing.assert_array_equal(rung.logits(rows.design), fitted(rows, THREE).logits(rows.design))
    assert not rung.settings["heard"]
    assert not any(rung.settings["teaching"])


def test_two_folds_have_no_teacher():
    """Outside both of them is no row that it could learn from."""
    rows = only("y", 200)
    teacher = Teacher("any", lambda learned, asked: np.zeros(len(asked)), np.arange(len(rows)))
    with pytest.raises(SpecError, match="needs three folds"):
        fitted(replace(rows, teacher=teacher), structs.replace(THREE, folds=2))


def test_several_quantiles_have_no_teacher():
    rows = only("y", 200)
    teacher = Teacher("any", lambda learned, asked: np.zeros(len(asked)), np.arange(len(rows)))
    with pytest.raises(SpecError, match="several quantiles learns from no teacher"):
        fitted(replace(rows, teacher=teacher), loss=LOSSES["quantile"].at_levels((0.1, 0.9)))
