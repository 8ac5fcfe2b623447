"""Bagging and tuning around a toy library whose models can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.quality import boosting
from benchmarks.quality.boosting import Bagged, CatBoost, LightGBM, Tuned
from benchmarks.quality.one import fit
from benchmarks.quality.sets import Suite
from benchmarks.quality.split import Split


class Shares:
    """Predicts the mean, or the shares of the classes, of the rows that it learned, moved."""

    def __init__(self, target, regression, moved):
        self.target, self.moved = target, moved
        self.shares = None if regression else np.bincount(target) / len(target)

    def predict(self, rows):
        return np.full(len(rows), self.target.mean() + self.moved)

    def predict_proba(self, rows):
        return np.tile(self.shares, (len(rows), 1))


class Toy:
    """A library; it keeps what it was given. Its draws move the mean by 1, 2, …."""

    def __init__(self, regression):
        self.regression, self.seed, self.settings = regression, 0, {"moved": 3.0}
        self.stopped, self.drawn = [], 0

    def fit_stopped(self, settings, train, target, held):
        self.stopped.append((settings, train["row"].to_numpy(), target, held))
        return Shares(target, self.regression, settings["moved"])

    def draw(self, random):
        self.drawn += 1
        return {"moved": float(self.drawn) - 5}  # the fifth draw does not move

    def stopped_at(self, models):
        return {"trees": len(models)}

    def fit_all(self, settings, train, target):
        self.whole = settings, train["row"].to_numpy(), target
        return Shares(target, self.regression, settings["moved"])


def rows(count):
    return pd.DataFrame({"row": np.arange(count)})


def test_a_bag_is_the_mean_of_models_each_without_one_fold():
    toy, target = Toy(regression=True), pd.Series(np.arange(80.0) ** 2)
    said = Bagged(toy).fit(rows(80), target).predict(rows(3))
    assert len(toy.stopped) == 8
    held = np.concatenate([held["row"] for _, _, _, (held, _) in toy.stopped])
    assert sorted(held) == list(range(80))
    for _, learned, learned_target, (held, held_target) in toy.stopped:
        assert sorted([*learned, *held["row"]]) == list(range(80))
        np.testing.assert_array_equal(learned_target, learned**2.0)
        np.testing.assert_array_equal(held_target, held["row"] ** 2.0)
    # Every row is in seven of eight models of 70 rows, so the mean of the means is the mean.
    np.testing.assert_allclose(said, target.mean() + 3)


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_a_fold_that_lacks_a_class_gives_it_no_probability():
    target = pd.Series(["a"] * 40 + ["b"] + ["c"] * 39)
    toy = Toy(regression=False)
    said = Bagged(toy).fit(rows(80), target).predict_proba(rows(2))
    without = [40 not in learned for _, learned, _, _ in toy.stopped]
    assert sum(without) == 1
    for lacks, (_, learned, numbers, (held, held_numbers)) in zip(
        without, toy.stopped, strict=True
    ):
        classes = ["a", "c"] if lacks else ["a", "b", "c"]
        assert [classes[number] for number in numbers] == target[learned].tolist()
        assert [classes[number] for number in held_numbers] == target[held["row"]].tolist()
    assert said.shape == (2, 3)
    np.testing.assert_allclose(said.sum(axis=1), 1)
    assert 0 < said[0, 1] < 1 / 70


def test_there_are_no_more_folds_than_rows_of_a_class():
    toy = Toy(regression=False)
    Bagged(toy).fit(rows(20), pd.Series(list("abcde") * 4))
    assert len(toy.stopped) == 4


@pytest.mark.parametrize(("count", "folds"), [(100, 5), (2_000, 3), (5_000, 1), (9_000, 1)])
def test_the_settings_with_the_least_held_out_loss_are_refitted_to_all_rows(count, folds):
    target = pd.Series(np.random.default_rng(0).normal(size=count))
    toy = Toy(regression=True)
    said = Tuned(toy).fit(rows(count), target).predict(rows(2))
    assert toy.drawn == 19
    assert len(toy.stopped) == 20 * folds
    assert {settings["moved"] for settings, *_ in toy.stopped} == {3.0, *range(-4, 15)}
    settings, learned, _ = toy.whole
    assert settings == {"moved": 0.0, "trees": folds}
    assert len(learned) == count
    np.testing.assert_allclose(said, target.mean())


def test_classes_are_chosen_by_log_loss_and_named_in_order():
    toy = Toy(regression=False)
    target = pd.Series(list("zy") * 30)
    said = Tuned(toy).fit(rows(60), target).predict_proba(rows(1))
    np.testing.assert_allclose(said, [[0.5, 0.5]])
    assert toy.whole[2].tolist() == [1, 0] * 30


@pytest.mark.parametrize("kind", [LightGBM, CatBoost])
def test_draws_lie_in_the_published_ranges(kind):
    random = np.random.default_rng(0)
    draws = pd.DataFrame([kind.draw(None, random) for _ in range(2_000)])
    ranges = {
        LightGBM: {
            "learning_rate": (0.005, 0.1),
            "num_leaves": (2, 200),
            "min_child_samples": (1, 64),
            "colsample_bytree": (0.4, 1),
            "max_cat_to_onehot": (8, 100),
        },
        CatBoost: {
            "learning_rate": (0.005, 0.1),
            "depth": (4, 8),
            "leaf_estimation_iterations": (1, 20),
            "max_ctr_complexity": (2, 5),
            "l2_leaf_reg": (1e-4, 5),
        },
    }[kind]
    for name, (low, high) in ranges.items():
        assert low <= draws[name].min() < low + 0.1 * (high - low) + 0.5
        assert high >= draws[name].max() > high - 0.1 * (high - low) - 0.5
    assert draws["learning_rate"].median() == pytest.approx(np.sqrt(0.005 * 0.1), rel=0.1)


@pytest.mark.parametrize("name", ["two", "three", "number"])
@pytest.mark.parametrize("way", ["bagged", "tuned"])
@pytest.mark.filterwarnings("ignore")
def test_lightgbm_learns(folder, monkeypatch, way, name):
    monkeypatch.setattr(boosting, "MOST_TREES", 20)
    monkeypatch.setattr(boosting, "DRAWS", 3)
    split = Split.of(folder, Suite.read(folder).tables[name], seed=0, rows=4000)
    assert 0 < fit(f"{way}_lightgbm", split, 0)["error"] < 1.2
