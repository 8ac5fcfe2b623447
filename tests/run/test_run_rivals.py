"""Rivals: judged on the rows and folds of the ladder, fitted to the rows that it learns from."""

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.svm import LinearSVC

import gradum
from gradum.api.rival_names import rivals_of
from gradum.errors import SpecError
from gradum.run.judging.verdict import rivals_in_words, standing
from gradum.run.rivals import contest
from gradum.run.spec.spec import Spec, SplitSpec
from gradum.rungs.context import Context
from gradum.scores.bootstrap import Resamples, paired_difference
from gradum.scores.interval import Interval
from gradum.scores.outcome import Outcome
from gradum.tables.split import Part
from synthetic import ONCE, SHORT, mixed, task

TREES = "sklearn.ensemble:HistGradientBoostingClassifier"
LINEAR = {"model": "linear", "linear": SHORT}
SEEN = []


class Remembers(RegressorMixin, BaseEstimator):
    """Notes what it is given, and predicts the mean."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, rows, target, sample_weight=None):
        self.mean_ = np.average(target, weights=sample_weight)
        SEEN.append((rows, target, sample_weight, self.random_state))
        return self

    def predict(self, rows):
        SEEN.append(rows)
        return np.full(len(rows), self.mean_)


class Fails(ClassifierMixin, BaseEstimator):
    """Refuses whatever it is given."""

    def fit(self, rows, target):
        raise ZeroDivisionError("no use\nof it")

    def predict(self, rows):
        return rows[:, 0]

    def predict_proba(self, rows):
        return rows[:, :2]


def fit(target, rows=300, frame=None, **options):
    frame = task(target, rows) if frame is None else frame
    return gradum.fit(frame, target, **{**LINEAR, "learning_curve": False, **options})


def test_a_rival_is_judged_by_the_paired_difference_on_the_test_rows():
    """Against the same estimator fitted by hand, and the difference on resamples drawn alike."""
    frame = task("label", 600)
    model = fit("label", frame=frame, **ONCE, against=TREES)
    judgement, parts = model.fitted.judgement, model.run.parts
    (rival,) = judgement.rivals
    codes = {name: np.unique(frame[name]) for name in ("colour", "city")}
    matrix = np.column_stack(
        [
            frame["size"].to_numpy(),
            frame["age"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
            np.searchsorted(codes["colour"], frame["colour"]),
            frame["member"].to_numpy().astype(float),
            np.searchsorted(codes["city"], frame["city"]),
        ]
    )
    target = (frame["label"] == "yes").to_numpy().astype(int)
    learned, test = parts != Part.TEST, parts == Part.TEST
    peer = HistGradientBoostingClassifier(random_state=0).fit(matrix[learned], target[learned])
    said = peer.predict_proba(matrix[test])
    assert rival.name == "HistGradientBoostingClassifier"
    assert rival.scores["log_loss"].value == pytest.approx(log_loss(target[test], said), rel=1e-12)

    rung = model.run.judged.predictions["linear"].probability
    weight = np.ones(test.sum())
    one, other = (
        Outcome("binary", target[test], each.argmax(1), each, weight) for each in (said, rung)
    )
    drawn = Resamples.draw(
        len(weight), rng=np.random.default_rng(5), count=4000, classes=target[test], table=target
    )
    expected = paired_difference(one, other, "log_loss", drawn)
    assert rival.against == "linear"
    assert rival.difference.value == pytest.approx(expected.value, rel=1e-9)
    width = expected.high - expected.low
    assert abs(rival.difference.low - expected.low) < 0.1 * width
    assert abs(rival.difference.high - expected.high) < 0.1 * width


@pytest.mark.slow
def test_rivals_leave_weights_and_scores_of_the_ladder_as_they_are():
    folds = {"split": SplitSpec(folds=2, repeats=1)}
    trees = RandomForestClassifier(5)
    alone = fit("label", **folds)
    one, two = (fit("label", **folds, against=[trees, DummyClassifier()]) for _ in range(2))
    assert one.fitted.judgement == two.fitted.judgement
    assert one.fitted.provenance.fingerprint == alone.fitted.provenance.fingerprint
    assert one.fitted.judgement.scores == alone.fitted.judgement.scores
    assert one.fitted.judgement.verdict == alone.fitted.judgement.verdict
    assert list(one.fitted.rungs) == ["baseline", "linear"]
    dummy = one.fitted.judgement.rivals[1]
    assert dummy.scores.keys() == one.fitted.judgement.scores["linear"]["test"].keys()
    # Folds are drawn class by class: the shares that it says are those of the baseline.
    assert dummy.scores["log_loss"].value == pytest.approx(
        one.fitted.judgement.scores["baseline"]["test"]["log_loss"].value, rel=1e-6
    )


@pytest.mark.parametrize("role", ["group", "time"])
def test_a_rival_learns_from_the_folds_rows_under_their_weights(role):
    """Every fold's rows with their own codes, dates as numbers, and no row of a judged group."""
    SEEN.clear()
    rows = 200
    frame = task("amount", rows).with_columns(
        pl.Series("w", np.linspace(0.5, 2, rows)),
        pl.Series("g", np.arange(rows) // 5),
        pl.Series("words", [f"some words of row {row} and more of it here" for row in range(rows)]),
    )
    began = pl.datetime(2020, 1, 1, time_unit="us")
    frame = frame.with_columns(when=began + pl.duration(hours=pl.int_range(rows)))
    options = {"weight": "w", "text": "words", "date": "when", role: "g", "seed": 3}
    if role == "group":
        options["cv"] = 2
    model = fit("amount", frame=frame, against=Remembers, **options)
    judges = model.run.judges
    assert len(SEEN) == 2 * len(judges)
    for judge, (learned, target, weight, seed), judged in zip(
        judges, SEEN[::2], SEEN[1::2], strict=True
    ):
        test = judge.parts == Part.TEST
        used = (judge.parts == Part.TRAIN) | (judge.parts == Part.VALIDATION)
        np.testing.assert_array_equal(learned[:, 0], frame["size"].to_numpy()[used])
        np.testing.assert_array_equal(judged[:, 0], frame["size"].to_numpy()[test])
        np.testing.assert_array_equal(target, frame["amount"].to_numpy()[used])
        np.testing.assert_array_equal(weight, frame["w"].to_numpy()[used])
        hours = frame["when"].dt.epoch("s").to_numpy()
        assert any(np.array_equal(column, hours[used]) for column in learned.T)
        assert seed is not None
        groups = frame["g"].to_numpy()
        assert not np.isin(groups[test], groups[used]).any()
    assert len({seed for *_, seed in SEEN[::2]}) == 1
    note = next(note for note in model.fitted.judgement.notes if "never saved" in note)
    assert "(not the text in 'words')" in note


def test_a_category_that_no_learned_row_has_is_missing():
    frame = task("label", 100).with_columns(
        colour=pl.when(pl.int_range(100) < 90).then(pl.col("colour")).otherwise(pl.lit("new"))
    )
    SEEN.clear()
    dataset = fit("amount", frame=frame.with_columns(amount=pl.int_range(100) * 1.5).drop("label"))
    dataset = dataset.run.dataset
    parts = np.where(np.arange(100) < 90, Part.TRAIN, Part.TEST)
    spec = Spec("amount")
    contest(rivals_of(Remembers), dataset, [parts], spec, Context())
    (learned, *_), judged = SEEN
    place = [column.name for column in dataset.schema.features].index("colour")
    assert set(learned[:, place]) == {0.0, 1.0, 2.0}
    assert np.isnan(judged[:, place]).all()


def test_labels_of_a_rival_are_balanced_where_the_ladders_are():
    frame = mixed(400).select("size", "age", "colour", "label")
    frame = frame.with_columns(
        label=pl.when(pl.col("size") > 62).then(pl.lit("yes")).otherwise(pl.lit("no"))
    )
    said = {}
    for weight in (None, "balanced"):
        model = fit("label", frame=frame, **ONCE, class_weight=weight, against=DummyClassifier())
        said[weight] = model.fitted.judgement.rivals[0].scores
    assert said[None]["recall"].value == 0
    assert said["balanced"]["log_loss"].value == pytest.approx(said[None]["log_loss"].value)


def test_a_rival_that_cannot_learn_ends_the_run_before_anything_is_trained():
    heard = []
    with pytest.raises(SpecError, match=r"Fails failed while it was fitted: no use\. Name an"):
        fit("label", against=Fails(), on_event=lambda event: heard.append(type(event).__name__))
    assert "RungStarted" not in heard
    with pytest.raises(SpecError, match="LogisticRegression failed while it was fitted: Input X"):
        fit("label", against=LogisticRegression())


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("lightgbm", "LightGBM is not installed. Install it: pip install lightgbm"),
        (
            "trees",
            "There is no rival 'trees'. Choose lightgbm, xgboost, catboost, statsforecast, or name",
        ),
        ("no_such_module:Trees", "The module 'no_such_module' cannot be imported: No module named"),
        ("sklearn.ensemble:Trees", "The module sklearn.ensemble has no 'Trees'."),
        (
            "json:dumps",
            "'function' is no estimator that can be made without arguments (json:dumps)",
        ),
        ("collections:Counter", "'Counter' is no estimator"),
        (object(), "'object' is no estimator"),
    ],
)
def test_what_is_no_rival_is_refused(named, message, monkeypatch):
    monkeypatch.setattr("gradum.api.rival_names.find_spec", lambda package: None)
    with pytest.raises(SpecError) as refused:
        rivals_of(named)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("target", "rival", "message"),
    [
        ("label", DummyRegressor(), "DummyRegressor is not a classifier, but 'label' has classes."),
        (
            "amount",
            DummyClassifier(),
            "DummyClassifier is not a regressor, but 'amount' is a number",
        ),
        ("label", LinearSVC(), "LinearSVC gives no probabilities"),
    ],
)
def test_a_rival_of_another_task_is_refused(target, rival, message):
    with pytest.raises(SpecError, match=message):
        fit(target, against=[rival])


def test_rows_in_blocks_have_no_rivals(tmp_path):
    task("amount", 200).write_csv(tmp_path / "t.csv")
    with pytest.raises(SpecError, match="this table is read in blocks"):
        gradum.fit(tmp_path / "t.csv", "amount", blocks=True, against=DummyRegressor())


def test_rivals_of_one_name_are_told_apart():
    several = [DummyRegressor(), DummyRegressor(strategy="median")]
    titles = [rival.title for rival in rivals_of(several)]
    assert titles == ["DummyRegressor", "DummyRegressor (2)"]


def test_a_regression_rival_and_its_words_come_back_from_the_file(tmp_path):
    model = fit("amount", cv=2, against=DummyRegressor())
    model.save(tmp_path / "m.gradum")
    read = gradum.load(tmp_path / "m.gradum")
    assert read.fitted.judgement == model.fitted.judgement
    (rival,) = read.fitted.judgement.rivals
    assert rival.finding == "DummyRegressor is worse than linear"
    assert "DummyRegressor is worse than linear (RMSE differs by +" in " ".join(
        read.fitted.judgement.headline
    )
    assert len(read.fitted.judgement.headline) <= 5
    assert "DummyRegressor" in read.summary()
    assert "DummyRegressor<small>rival" in read.report().replace("<wbr>", "")


def interval(value, low, high):
    return Interval(value, low, high, 0.01)


def test_a_rival_that_is_better_is_said_not_to_be_used():
    scores = {"log_loss": interval(0.3, 0.2, 0.4)}
    better = standing("LightGBM", scores, "pack", interval(-0.05, -0.08, -0.02), "log_loss")
    level = standing("XGBoost", scores, "pack", interval(-0.01, -0.08, 0.02), "log_loss")
    said = rivals_in_words("log_loss", (better, level))
    assert said.startswith("LightGBM is better than network ensemble (log loss differs by -0.05")
    assert "; no difference shown between XGBoost and network ensemble (" in said
    assert said.endswith("; a rival is only judged, and predictions use the network ensemble.")
    assert "only judged" not in rivals_in_words("log_loss", (level,))
    assert "2 more in the table" in rivals_in_words(
        "log_loss", (better, *(structs.replace(level, name=f"X{k}") for k in range(4)))
    )
    greater = standing("LightGBM", {"auc": scores["log_loss"]}, "pack", better.difference, "auc")
    assert greater.finding == "LightGBM is worse than network ensemble"
