"""Whole fits of tiny packs: what they learn, what they may not look at, and how they end."""

import dataclasses
import json

import msgspec
import numpy as np
import polars as pl
import pytest
from msgspec import structs
from pack_tables import TINY, fitted, numbers, only, rows_of
from sklearn.metrics import log_loss, r2_score

from gradum.errors import SpecError
from gradum.run.fingerprint import fingerprint
from gradum.run.spec.spec import Spec
from gradum.rungs.context import ALONE
from gradum.rungs.linear.fit import fit_linear
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.pack import fit as module
from gradum.rungs.pack.held_out import SMOOTHED, HeldOut
from gradum.rungs.pack.spec import EFFORTS, PackSpec
from gradum.rungs.pack.training import PackTraining
from gradum.solvers.solution import Status

LEARNING = structs.replace(TINY, epochs=16, hidden_layer_sizes=(16,), most_codes=4)


def always():
    return True


def changed(rows, **fields):
    """Rows, or a design, with other fields."""
    return dataclasses.replace(rows, **fields)


def halves(target, rows=900):
    whole = only(target, rows)
    return whole.take(np.arange(600)), whole.take(np.arange(600, rows))


@pytest.fixture(scope="module")
def number():
    """A pack that learned, the rows it learned from, and others."""
    train, held = halves("y")
    return fitted(train, LEARNING), train, held


def linear(train):
    spec = LinearSpec(strengths=(1.0,))
    nothing = np.zeros(len(train), bool)
    return fit_linear(train, nothing, spec, ALONE, log_target=False)


def test_a_number_that_no_linear_model_can_tell(number):
    rung, train, held = number
    said = rung.predict(held.design).value
    line = linear(train).predict(held.design).value
    assert r2_score(held.target, line) < 0.35
    assert r2_score(held.target, said) > 0.75


def test_the_certificate_s_loss_is_that_of_rows_never_seen(number):
    """In units of the target's variance; members that had not learned from a row judged it."""
    rung, train, held = number
    error = np.mean((rung.predict(held.design).value - held.target) ** 2) / train.target.var()
    learned = np.mean((rung.predict(train.design).value - train.target) ** 2) / train.target.var()
    # Each fold's members alone are judged: they have less to learn from than all together.
    assert learned < rung.certificate.validation_loss < 2.5 * error
    assert rung.certificate.kind == "cross-fitted"
    assert "these rows also chose the members, so it is somewhat too good" in (
        rung.certificate.sentence
    )


@pytest.mark.parametrize("target", ["flag", "grade"])
def test_classes_that_no_linear_model_can_tell(target):
    train, held = halves(target)
    rung = fitted(train, LEARNING)
    share, line = (each.predict(held.design).probability for each in (rung, linear(train)))
    assert log_loss(held.target, share) < log_loss(held.target, line) - 0.15
    assert rung.certificate.validation_loss == pytest.approx(log_loss(held.target, share), rel=0.4)
    np.testing.assert_allclose(share.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("target", ["y", "flag"])
def test_of_noise_nothing_is_learned(target):
    """A member that saw the rows which judge it would seem to know some."""
    rows = only(target, 600)
    rows = changed(rows, target=np.random.default_rng(5).permutation(rows.target))
    loss = fitted(rows, LEARNING).certificate.validation_loss
    best = 1.0 if target == "y" else log_loss(rows.target, np.full(600, rows.target.mean()))
    assert loss > 0.97 * best


def watched(monkeypatch):
    """Note the rows that members learn from, and those that they are judged by."""
    noted = {}

    class NotedHeldOut(HeldOut):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            noted["held"], noted["fold"] = self.folds, self.fold

    class NotedTraining(PackTraining):
        def __init__(self, *args):
            super().__init__(*args)
            noted["learned"] = args[4]
            noted["drawn"] = set()

        def _draws(self, *args):
            for draw in super()._draws(*args):
                for member in range(draw.rows.shape[1]):
                    noted["drawn"] |= {(member, row) for row in np.unique(draw.rows[:, member])}
                yield draw

    monkeypatch.setattr(module, "HeldOut", NotedHeldOut)
    monkeypatch.setattr(module, "PackTraining", NotedTraining)
    return noted


def test_no_member_ever_learns_from_a_row_that_judges_it(monkeypatch):
    noted, rows = watched(monkeypatch), only("y", 600)
    fitted(rows)
    assert np.bincount(noted["fold"]).tolist() == [2, 2]
    for member, learned in enumerate(noted["learned"]):
        held = noted["held"][noted["fold"][member]]
        assert not np.intersect1d(learned, held).size
        assert len(learned) + len(held) == 600
        drawn = {row for each, row in noted["drawn"] if each == member}
        assert drawn <= set(learned.tolist())
        assert len(drawn) > 200
    np.testing.assert_array_equal(np.sort(np.concatenate(noted["held"])), np.arange(600))


def test_no_group_is_on_both_sides(monkeypatch):
    noted, frame = watched(monkeypatch), numbers(600).select("x0", "x1", "x2", "y")
    groups = np.random.default_rng(0).integers(0, 40, 600)
    fitted(rows_of(frame, "y", groups=groups), stop=always)
    for member, learned in enumerate(noted["learned"]):
        held = noted["held"][noted["fold"][member]]
        assert not np.intersect1d(groups[learned], groups[held]).size


def test_no_member_learns_from_what_comes_after_the_rows_that_judge_it(monkeypatch):
    noted, frame = watched(monkeypatch), numbers(600).select("x0", "x1", "x2", "y")
    time = np.random.default_rng(0).permutation(600) // 3
    fitted(rows_of(frame, "y", time=time), stop=always)
    for member, learned in enumerate(noted["learned"]):
        held = noted["held"][noted["fold"][member]]
        assert time[learned].max() < time[held].min()


def test_one_group_is_judged_by_the_validation_rows(monkeypatch):
    noted, frame = watched(monkeypatch), numbers(600).select("x0", "x1", "x2", "y")
    fitted(rows_of(frame, "y", groups=np.zeros(600)), stop=always)
    assert len(noted["held"]) == 1
    np.testing.assert_array_equal(noted["held"][0], np.arange(0, 600, 5))


def test_the_seed_decides_every_bit(number):
    rung, train, _ = number
    assert fingerprint([fitted(train, LEARNING)]) == fingerprint([rung])
    assert fingerprint([fitted(train, LEARNING, seed=1)]) != fingerprint([rung])


def test_the_shares_add_up_and_only_members_that_have_one_are_kept(number):
    rung, _, _ = number
    share = rung.params["share"]
    assert (share > 0).all()
    assert share.sum() == pytest.approx(1, abs=1e-6)
    assert len(share) == rung.network.members == rung.settings["kept"] <= LEARNING.members
    assert rung.params["sharpness"] == 1  # of numbers


def test_no_more_of_a_fold_s_members_are_kept_than_is_said():
    rows, spec = only("y", 300), structs.replace(LEARNING, members=8)
    one, any_number = (
        fitted(rows, structs.replace(spec, kept=kept)).network.members for kept in (1, 8)
    )
    assert one == spec.folds < any_number


@pytest.mark.parametrize("target", ["y", "flag", "grade"])
def test_a_row_alone_is_predicted_as_among_others(target):
    rows = only(target, 300)
    rung = fitted(rows, LEARNING)
    together = rung.logits(rows.design)
    alone = np.concatenate([rung.logits(rows.design.take(np.array([row]))) for row in range(60)])
    np.testing.assert_allclose(alone, together[:60], rtol=1e-4, atol=1e-4)


def test_columns_that_act_together_are_seen_and_named():
    frame = numbers(900).select("x0", "x1", "x2")
    frame = frame.with_columns(y=(pl.col("x0") + pl.col("x2")).sign() + 0.3 * pl.col("x1"))
    rows = rows_of(frame, "y")
    rung = fitted(rows, LEARNING)
    assert rung.network.pairs[0] == (0, 2, 1)
    assert rung.settings["pairs"][0] == "x0 + x2"
    assert len(rung.network.coded) == 3 + len(rung.network.pairs)
    without = fitted(rows, structs.replace(LEARNING, pairs=0))
    assert without.network.pairs == ()
    assert without.settings["pairs"] == []
    held = rung.certificate.validation_loss, without.certificate.validation_loss
    assert held[0] < 0.7 * held[1]
    bare = fitted(rows, structs.replace(LEARNING, most_codes=0))
    assert bare.network.pairs == ()


def test_predictions_of_numbers_stay_within_the_training_targets(number):
    rung, train, held = number
    blocks = {**held.design.arrays, "dense": 1e6 * held.design.dense}
    far = changed(held.design, arrays=blocks)
    said = rung.predict(far).value
    assert said.min() >= train.target.min()
    assert said.max() <= train.target.max()


def test_the_history_has_an_entry_an_epoch(number):
    rung, _, _ = number
    assert [entry["epoch"] for entry in rung.history] == list(range(1, len(rung.history) + 1))
    assert rung.iterations == len(rung.history) <= LEARNING.epochs
    whole = len(rung.history) == LEARNING.epochs
    assert rung.status is (Status.COMPLETED if whole else Status.EARLY_STOPPED)
    assert rung.history[-1]["objective"] < rung.history[0]["objective"]


@pytest.mark.parametrize("target", ["y", "grade"])
def test_stopped_before_it_began_it_is_what_members_begin_with(target):
    rung = fitted(only(target, 600), stop=always)
    assert rung.status is Status.INTERRUPTED
    assert rung.settings["steps"] == 0
    assert rung.history == ()
    assert np.isfinite(rung.certificate.validation_loss)
    for layer in rung.params["layers"]:
        assert np.isfinite(layer["weight"]).all()


def test_after_its_seconds_it_ends_with_what_it_has():
    endless = structs.replace(TINY, epochs=100_000, patience=100_000)
    rung = fitted(only("y", 600), endless, seconds=0.5)
    assert rung.status is Status.TIME_LIMIT
    assert f"in epoch {len(rung.history) + 1} of at most 100000" in rung.advice
    assert "--time-limit" in rung.advice
    assert "max_iter" not in rung.advice
    assert rung.settings["steps"] > 0
    none = fitted(only("y", 600), endless, seconds=0.0)
    assert none.settings["steps"] == 4  # a chunk


def test_patience_ends_what_no_longer_improves():
    rows = only("y", 600)
    noise = changed(rows, target=np.random.default_rng(5).permutation(rows.target))
    rung = fitted(noise, structs.replace(LEARNING, epochs=400, patience=2))
    assert rung.status is Status.EARLY_STOPPED
    assert len(rung.history) < 60


def test_rows_that_weigh_next_to_nothing_have_no_say():
    """Where they are the other way round, the heavy ones alone are learned."""
    rows = only("y", 600)
    light = rows.design.dense[:, 2] > 0
    target = np.where(light, -rows.target, rows.target)
    weight = np.where(light, 1e-6, 1.0)
    rung = fitted(changed(rows, target=target, weight=weight), LEARNING)
    error = np.square(rung.predict(rows.design).value - target)
    assert error[~light].mean() < 0.1 * error[light].mean()


def test_a_member_is_kept_as_it_was_at_its_best(monkeypatch):
    seen = []

    class Noted(HeldOut):
        def _judged(self, *args):
            logits, losses = super()._judged(*args)
            seen.append(losses)
            return logits, losses

    held = {}
    monkeypatch.setattr(
        module, "HeldOut", lambda *args, **options: held.setdefault("it", Noted(*args, **options))
    )
    fitted(only("y", 600), structs.replace(LEARNING, shrinkage=0))
    start, *epochs = seen
    running = [
        np.mean(epochs[max(0, at + 1 - SMOOTHED) : at + 1], axis=0) for at in range(len(epochs))
    ]
    assert (np.isfinite(held["it"].best)).all()
    wide = held["it"].best == start  # where the linear model was never improved on
    expected = np.where(wide, start, np.min(running, axis=0))
    np.testing.assert_allclose(held["it"].best, expected, rtol=1e-12)


def category(rng, rows, levels):
    return pl.Series([f"level {k}" for k in rng.integers(0, levels, rows)])


def odd_table(name):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x[:, 0] + rng.normal(0, 0.1, 200)
    frame, target = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y}), "y"
    match name:
        case "categories":
            frame = pl.DataFrame({"a": category(rng, 200, 3), "b": category(rng, 200, 2), "y": y})
        case "one column":
            frame = frame.select("a", "y")
        case "20 rows":
            frame = frame.head(20)
        case "200 columns":
            wide = rng.normal(size=(200, 200))
            frame = pl.DataFrame({f"c{k}": wide[:, k] for k in range(200)}).with_columns(y=y)
        case "40 classes":
            frame, target = frame.with_columns(k=category(rng, 200, 40)).drop("y"), "k"
        case "a class of one row":
            labels = np.where(x[:, 0] > 0, "yes", "no").astype(object)
            labels[0] = "perhaps"
            frame, target = frame.with_columns(k=pl.Series(labels.tolist())).drop("y"), "k"
        case "missing values":
            gone = pl.Series(rng.random(200) < 0.4)
            frame = frame.with_columns(a=pl.when(~gone).then(pl.col("a")), c=category(rng, 200, 3))
            frame = frame.with_columns(c=pl.when(gone).then(pl.col("c")))
        case "nearly constant":
            frame = frame.with_columns(b=pl.Series(np.where(np.arange(200) < 2, 1.0, 0.0)))
        case "one target":
            frame = frame.with_columns(y=pl.Series(np.where(np.arange(200) < 1, 1.0, 0.0)))
        case "values that nearly touch":
            tiny = np.where(rng.random(200) < 0.5, 1.0, 0.0) + 10.0 ** rng.uniform(-44, -38, 200)
            frame = frame.with_columns(b=pl.Series(tiny))
    return rows_of(frame, target)


TABLES = [
    "categories",
    "one column",
    "20 rows",
    "200 columns",
    "40 classes",
    "a class of one row",
    "missing values",
    "nearly constant",
    "one target",
    "values that nearly touch",
]


@pytest.mark.parametrize("name", TABLES)
def test_odd_tables_are_learned_from(name):
    rows = odd_table(name)
    rung = fitted(rows)
    said = rung.predict(rows.design)
    assert np.isfinite(said.value).all()
    assert np.isfinite(rung.certificate.validation_loss)
    assert rung.settings["steps"] > 0
    if said.probability is not None:
        assert said.probability.shape == (200, rows.classes)
        np.testing.assert_allclose(said.probability.sum(axis=1), 1, rtol=1e-6)
    if name == "200 columns":
        assert rung.network.codes == 0
    if name == "categories":
        assert rung.network.coded == ()


@pytest.mark.parametrize("unit", [1e12, 1e-12])
def test_the_target_s_unit_does_not_matter(unit):
    rows = only("y", 600)
    plain = fitted(rows).predict(rows.design).value
    scaled = fitted(changed(rows, target=unit * rows.target)).predict(rows.design).value
    np.testing.assert_allclose(scaled / unit, plain, rtol=1e-3, atol=1e-3)


def test_a_logarithm_is_learned_and_undone():
    rows = only("y", 600)
    positive = changed(rows, target=np.exp(3 * rows.target))
    rung = fitted(positive, log_target=True)
    assert rung.target_scale.log
    said = rung.predict(rows.design).value
    assert said.min() >= positive.target.min()
    # Duan's factor is of rows that were held out, and so above that of the rows learned from.
    logs = rung.target_scale.centre + rung.target_scale.scale * rung.logits(rows.design)[:, 0]
    assert rung.target_scale.smearing > np.mean(np.exp(np.log(positive.target) - logs))
    assert rung.target_scale.spread.where == "on held-out rows"


def test_if_every_member_diverges_it_is_said(monkeypatch):
    wild = structs.replace(TINY, learning_rate=(9e29, 1e30), wide=0.0, patience=2)
    with pytest.raises(SpecError, match="diverged") as refused, np.errstate(all="ignore"):
        fitted(only("y", 600), wild)
    assert refused.value.remedy


def test_members_that_begin_with_a_linear_model_survive_a_divergence():
    wild = structs.replace(TINY, learning_rate=(9e29, 1e30), wide=1.0, patience=2)
    rows = only("y", 600)
    with np.errstate(all="ignore"):
        rung = fitted(rows, wild)
    assert np.isfinite(rung.predict(rows.design).value).all()


@pytest.mark.parametrize(
    "options",
    [
        {"members": 2, "folds": 4},
        {"members": 4, "folds": 1},
        {"members": 0, "folds": 0},
        {"epochs": 0},
        {"fewest_epochs": 0},
        {"picks": 0},
        {"kept": 0},
        {"hidden_layer_sizes": (8, 0)},
        {"hidden_layer_sizes": ()},
        {"epochs_at": 0},
        {"batch_size": 0},
        {"embedding_size": 0},
        {"most_codes": -1},
        {"all_codes": -1},
        {"text_scores": -1},
        {"pairs": -1},
        {"shrinkage": -1},
        {"scale_factor": -1.0},
        {"leak_factor": float("nan")},
        {"muon": -0.1},
        {"embedding_decay": -1.0},
        {"steps": -0.1},
        {"steps": 0.0, "ramps": 0.0, "waves": 0.0},
        {"waves": float("nan")},
        {"learning_rate": (0.0, 0.1)},
        {"learning_rate": (0.1, 0.01)},
        {"decay": (0.0, 0.0)},
        {"frequency": (0.1, float("inf"))},
        {"dropout": (0.0, 1.0)},
        {"column_dropout": (-0.1, 0.5)},
        {"wide": 1.1},
        {"undropped": float("nan")},
        {"flat": 1.0},
        {"label_smoothing": (0.0, 1.0)},
    ],
)
def test_packs_that_cannot_be_are_refused(options):
    with pytest.raises(SpecError) as refused:
        PackSpec(**options)
    assert refused.value.remedy


def test_epochs_fall_by_the_root_of_the_rows():
    spec = PackSpec(epochs=24, epochs_at=4000, fewest_epochs=3)
    assert [spec.epochs_for(n) for n in (1, 4000, 16_000, 64_000, 10**9)] == [24, 24, 12, 6, 3]
    assert PackSpec(epochs=2, fewest_epochs=3).epochs_for(10**9) == 2


@pytest.mark.parametrize("rows", [1, 20, 127, 128, 500, 2048, 10**6])
def test_an_epoch_has_eight_steps_where_16_rows_a_step_leave_so_many(rows):
    size = PackSpec(batch_size=256).batch_for(rows)
    assert size in (16, 32, 64, 128, 256)
    assert size == 16 or 8 * size <= rows
    assert size == 256 or 8 * 2 * size > rows


@pytest.mark.parametrize("effort", EFFORTS)
def test_efforts_go_through_json(effort):
    spec = Spec("y", effort=effort, time_limit=9.5)
    again = msgspec.json.decode(msgspec.json.encode(spec), type=Spec)
    assert again == spec
    assert again.of_rung("pack").settings == EFFORTS[effort]
    own = Spec("y", pack=EFFORTS[effort])
    read = msgspec.json.decode(msgspec.json.encode(own), type=Spec)
    assert read.of_rung("pack").settings == EFFORTS[effort]
    assert own.of_rung("pack") == Spec("y", effort=effort).of_rung("pack")


def test_more_effort_is_more_members():
    quick, standard, best = (EFFORTS[name] for name in ("quick", "standard", "best"))
    assert quick.members < standard.members < best.members
    assert standard == PackSpec()


def test_a_spec_with_an_unknown_effort_or_no_time_is_refused():
    with pytest.raises(SpecError, match=r"no effort 'huge'.*quick.*standard.*best"):
        Spec("y", effort="huge")
    for seconds in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(SpecError, match="time limit"):
            Spec("y", time_limit=seconds)
    broken = json.loads(msgspec.json.encode(Spec("y", pack=TINY)))
    broken["pack"]["folds"] = 1
    with pytest.raises(msgspec.ValidationError, match="folds"):
        msgspec.json.decode(json.dumps(broken), type=Spec)
