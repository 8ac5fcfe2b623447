"""Solvers held against each other: the trainings, what is said of them, and who is refused."""

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.errors import SpecError
from gradum.run.compare_solvers import Course, _choice, _learning_rates
from gradum.rungs.mlp.spec import MLPSpec
from gradum.scores.interval import Interval

SMALL = {"hidden": "8", "max_epochs": 6, "seed": 3}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    label = np.where(x[:, 0] * x[:, 1] + 0.3 * rng.normal(size=400) > 0, "yes", "no")
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": label})


@pytest.fixture(scope="module")
def compared(table):
    return gradum.compare_solvers(table, "y", solvers="sgd,adam,lbfgs", **SMALL).comparison


def test_each_solver_scores_as_its_own_fit_does(table, compared):
    for course in compared.courses:
        own = {} if course.learning_rate is None else {"learning_rate": course.learning_rate}
        split = {"small_table_rows": 0}
        model = gradum.fit(
            table,
            "y",
            model="mlp",
            solver=course.solver,
            split=split,
            learning_curve=False,
            **own,
            **SMALL,
        )
        score = model.fitted.judgement.scores["mlp"]["test"]["log_loss"]
        assert course.score == score
        losses = [entry["validation_loss"] for entry in model.fitted.rungs["mlp"].history]
        assert [entry["validation_loss"] for entry in course.history] == losses


def test_the_learning_rate_is_the_best_of_those_tried_on_the_validation_rows(table, compared):
    for course in compared.courses[:2]:
        assert len(course.tried) == 4
        assert course.learning_rate in course.tried
        alone = [
            gradum.compare_solvers(
                table, "y", solvers=[course.solver, "lbfgs"], learning_rate=None, **SMALL
            )
        ]
        assert alone[0].comparison.courses[0].learning_rate == course.learning_rate
    assert compared.courses[2].learning_rate is None


def test_it_is_the_same_every_time_but_for_the_clock(table, compared):
    again = gradum.compare_solvers(table, "y", solvers=("sgd", "adam", "lbfgs"), **SMALL).comparison

    def without_clock(found):
        return [
            structs.replace(
                course,
                seconds=0.0,
                history=tuple({**entry, "seconds": 0.0} for entry in course.history),
            )
            for course in found.courses
        ]

    assert without_clock(again) == without_clock(compared)


def test_steps_and_passes_are_counted(compared):
    rows = compared.rows
    assert rows["train"] + rows["validation"] + rows["test"] == 400
    for course in compared.courses:
        batch = rows["train"] if course.solver == "lbfgs" else 32
        assert course.steps == course.epochs * -(-rows["train"] // batch)
        assert len(course.history) == course.epochs


def course(solver, seconds, score, difference=None, finding="best"):
    empty = Course(solver, 0.1, (0.1,), "early_stopped", 1, 1, seconds, (), 1)
    return structs.replace(empty, score=score, difference=difference, finding=finding)


def at(value, error=0.1):
    return Interval(value, value - 2 * error, value + 2 * error, error)


def test_the_best_is_chosen_unless_one_within_an_error_is_far_quicker():
    best = course("adam", 2.0, at(0.5))
    near = course("sgd", 0.9, at(0.55), at(0.05), "no difference shown")
    slow = course("gd", 1.1, at(0.52), at(0.02), "no difference shown")
    far = course("lbfgs", 0.1, at(0.65), at(0.15), "no difference shown")
    worse = course("muon", 0.1, at(0.9), at(0.4), "worse")

    def chosen(*courses):
        return _choice({each.solver: each for each in courses}, "log_loss")

    assert chosen(best, slow, far, worse) == (
        "adam",
        "Choose adam: its log loss on new rows is the best, though within chance of gd; muon did "
        "worse.",
    )
    assert chosen(best, near, slow) == (
        "sgd",
        "Choose sgd: its log loss on new rows is within chance of the best, adam's 0.5, and it "
        "took 0.9 s instead of 2 s.",
    )
    broken = Course("gd", None, (0.1,), "diverged", 0, 0, 0.0, (), None)
    assert chosen(best, broken)[1].endswith("; the training broke down with gd.")


def test_a_learning_rate_that_is_given_is_the_only_one():
    assert [each.learning_rate for each in _learning_rates(MLPSpec(learning_rate=0.5), "sgd")] == [
        0.5
    ]
    assert [each.learning_rate for each in _learning_rates(MLPSpec(), "lbfgs")] == [None]
    rates = [each.learning_rate for each in _learning_rates(MLPSpec(), "adam")]
    np.testing.assert_allclose(rates, [0.01, 0.001, 0.003, 0.03])


@pytest.mark.slow
def test_what_breaks_down_is_named_and_not_judged(table):
    found = gradum.compare_solvers(
        table.with_columns(y=pl.col("a") * 1.0),
        "y",
        solvers="gd,lbfgs",
        learning_rate=None,
        **SMALL,
    )
    assert "lbfgs" in str(found)
    with pytest.raises(SpecError, match=r"broke down with each of sgd, gd\. Give a smaller"):
        gradum.compare_solvers(
            table.with_columns(y=pl.col("a")), "y", solvers="sgd,gd", learning_rate=1e30, **SMALL
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solvers": "adam"}, "nothing to compare adam with"),
        ({"solvers": "adam,newton"}, r"no first-order solver 'newton'.*Choose one of gd, sgd"),
        ({"hidden": "0"}, "hidden layers are 0"),
        ({"hidden": "8,x"}, "cannot be read"),
        ({"cv": 5}, "no option 'cv'"),
        ({"dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_what_cannot_be_compared_is_refused(table, options, message):
    with pytest.raises(SpecError, match=message):
        gradum.compare_solvers(table, "y", **options)


def test_it_shows_itself(table, compared):
    shown = str(gradum.compare_solvers(table, "y", solvers="adam,sgd", **SMALL))
    assert shown.startswith("2 solvers on y from ")
    assert "Choose " in shown
    assert "seconds" in shown
