"""Whole runs: who learns from which rows, and that nothing else reaches the weights."""

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from sklearn.linear_model import Ridge

import gradum
from gradum.errors import SpecError
from gradum.run.events.events import Judged, RungFinished, RungStarted, Understood
from gradum.run.judging.judge_rungs import Seen
from gradum.run.ladder.fit_predictions import seen_by
from gradum.run.run import run
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.run.spec.spec import Spec, SplitSpec
from gradum.rungs.context import ALONE, Context
from gradum.solvers.solution import EpochDone
from gradum.tables.schema.schema import infer
from gradum.tables.split import Part
from gradum.tables.table import Table
from ladder import PLAIN_LADDER
from synthetic import ONCE, QUICK, SHORT, TINY, mixed, task

HOLD_OUT = ONCE["split"]
SOURCE = RowsInMemory(lambda: Table(task("label"), "made"))


def fit(frame, target, **options):
    return gradum.fit(frame, target, **{**QUICK, **options})


def fingerprint(model):
    return model.fitted.provenance.fingerprint


def rows_of(model, part):
    return np.flatnonzero(model.run.parts == part)


def test_every_row_has_one_part_and_the_judged_rows_are_the_test_rows(classifier):
    sizes = [len(rows_of(classifier, part)) for part in (Part.TRAIN, Part.VALIDATION, Part.TEST)]
    assert sizes == [816, 144, 240]
    assert classifier.run.judged.rows.tolist() == rows_of(classifier, Part.TEST).tolist()


def test_classes_have_their_shares_in_every_part(classifier):
    yes = (task("label")["label"] == "yes").to_numpy()
    for part in (Part.TRAIN, Part.VALIDATION, Part.TEST):
        rows = rows_of(classifier, part)
        assert abs(yes[rows].sum() - yes.mean() * len(rows)) < 1.5


@pytest.mark.parametrize("target", ["amount", "label"])
def test_the_features_of_the_test_rows_do_not_reach_the_weights(target, regressor, classifier):
    first = {"amount": regressor, "label": classifier}[target]
    frame = task(target)
    test = rows_of(first, Part.TEST)
    order = np.arange(len(frame))
    order[test] = np.random.default_rng(9).permutation(test)
    features = frame.drop(target)[order].with_columns(
        # Beyond a shuffle: every test row's size is halved.
        pl.when(pl.Series(first.run.parts == Part.TEST))
        .then(pl.col("size") / 2)
        .otherwise("size")
        .alias("size")
    )
    other = fit(features.with_columns(frame[target]), target)
    assert fingerprint(other) == fingerprint(first)
    assert other.fitted.encoder == first.fitted.encoder
    assert other.fitted.judgement != first.fitted.judgement


def test_the_targets_of_the_test_rows_do_not_reach_the_weights(regressor):
    frame = task("amount")
    test = pl.Series(regressor.run.parts == Part.TEST)
    changed = frame.with_columns(
        pl.when(test).then(pl.col("amount") * 1.01 + 1).otherwise("amount")
    )
    other = fit(changed, "amount")
    assert fingerprint(other) == fingerprint(regressor)
    before, after = (m.fitted.judgement.scores["linear"] for m in (regressor, other))
    assert before["train"] == after["train"]
    assert before["test"] != after["test"]


def test_one_training_value_does_reach_them(regressor):
    row = int(rows_of(regressor, Part.TRAIN)[0])
    frame = task("amount")
    changed = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == row).then(1.0).otherwise("size").alias("size")
    )
    assert fingerprint(fit(changed, "amount")) != fingerprint(regressor)


def test_balancing_classes_weighs_training_rows_alone():
    """A test file of one class must not tilt the training weights."""
    frame = task("label", 300)
    tests = [task("label", 80, 1), task("label", 80, 2).filter(pl.col("label") == "yes")]
    models = [
        fit(frame, "label", test=test, class_weight="balanced", model="linear") for test in tests
    ]
    assert fingerprint(models[0]) == fingerprint(models[1])
    plain = fit(frame, "label", test=tests[0], model="linear")
    assert fingerprint(models[0]) != fingerprint(plain)


@pytest.mark.slow
def test_the_seed_decides_everything():
    frame = task("label", 200)
    one, same, other = (fit(frame, "label", seed=seed, split=HOLD_OUT) for seed in (5, 5, 6))
    assert fingerprint(one) == fingerprint(same)
    assert one.fitted.judgement == same.fitted.judgement
    assert fingerprint(one) != fingerprint(other)
    assert (one.run.parts != other.run.parts).any()


@pytest.mark.slow
def test_a_permuted_target_is_not_learned():
    """No leak: without a relation, nothing is enough but the baseline.

    One standard error is a loose bar, and the best of four rungs may pass it by chance
    (one-sided, 16% a rung); most seeds must not, and "better" at 95% must be rarer still.
    """
    enough, better, once = [], [], SplitSpec(folds=2, repeats=1)
    for seed in range(6):
        frame = mixed(200, seed)
        amount = np.random.default_rng(seed + 100).permutation(frame["amount"].to_numpy())
        frame = task("amount", 200, seed).with_columns(amount=amount)
        verdict = fit(frame, "amount", seed=seed, split=once).fitted.judgement.verdict
        enough.append(verdict.enough)
        better += [c for c in verdict.comparisons if c.finding.endswith("better than baseline")]
    assert enough.count("baseline") >= 5
    assert len(better) <= 1


def test_a_small_table_is_cross_validated_and_every_row_judges(grader):
    judgement = grader.fitted.judgement
    assert "3-fold cross-validation, 2 times over" in judgement.how
    assert judgement.rows["test"] == 300
    assert np.bincount(grader.run.judged.rows).tolist() == [2] * 300
    assert set(grader.run.parts) == {Part.TRAIN, Part.VALIDATION}


@pytest.mark.parametrize("at_a_time", [1, 3])
def test_fits_asked_side_by_side_say_what_each_says_alone(grader, monkeypatch, at_a_time):
    monkeypatch.setattr("gradum.run.ladder.fit_predictions.cores", lambda: at_a_time)
    judges, dataset = grader.run.judges, grader.run.dataset
    together = seen_by(judges, dataset, ALONE)
    alone = [seen_by([judge], dataset, ALONE) for judge in judges]
    assert len(alone) > 2
    for part, seen in together.items():
        pooled = Seen.pool([one[part] for one in alone])
        np.testing.assert_array_equal(seen.rows, pooled.rows)
        assert seen.predictions.keys() == pooled.predictions.keys()
        for name, prediction in pooled.predictions.items():
            np.testing.assert_array_equal(seen.predictions[name].value, prediction.value)


def test_groups_are_on_one_side_of_every_split():
    group = np.arange(1200) // 8
    frame = task("amount").with_columns(g=pl.Series([f"g{each}" for each in group]))
    parts = fit(frame, "amount", group="g", model="linear").run.parts
    for a, b in (
        (Part.TRAIN, Part.TEST),
        (Part.TRAIN, Part.VALIDATION),
        (Part.VALIDATION, Part.TEST),
    ):
        assert not set(group[parts == a]) & set(group[parts == b])


def test_time_trains_on_the_past():
    time = np.random.default_rng(3).permutation(1200)
    frame = task("amount").with_columns(t=time)
    model = fit(frame, "amount", time="t", model="linear")
    parts = model.run.parts
    assert time[parts == Part.TRAIN].max() < time[parts == Part.VALIDATION].min()
    assert time[parts == Part.VALIDATION].max() < time[parts == Part.TEST].min()
    assert "t" not in {column.name for column in model.fitted.schema.features}


@pytest.mark.parametrize(
    ("option", "distinct", "how"),
    [
        ("group", 3, "3-fold cross-validation"),
        ("group", 4, "4-fold cross-validation"),
        ("time", 3, "held-out rows, later than"),
        ("time", 40, "5-fold cross-validation, later than"),
    ],
)
def test_few_groups_or_times_get_as_many_folds_as_they_allow(option, distinct, how):
    frame = task("amount", 240).with_columns(k=pl.Series(np.arange(240) % distinct))
    model = fit(frame, "amount", model="linear", **{option: "k"})
    assert how in model.fitted.judgement.how


def test_two_groups_are_too_few_to_train_stop_and_judge():
    frame = task("amount", 240).with_columns(k=pl.Series(np.arange(240) % 2))
    with pytest.raises(SpecError, match="2 groups cannot be divided among 3 parts"):
        fit(frame, "amount", group="k")


def test_a_test_file_alone_judges():
    test = task("amount", 90, 7)
    model = fit(task("amount", 300), "amount", test=test)
    judgement = model.fitted.judgement
    assert judgement.how == "Judged on the 90 rows of the test file."
    error = test["amount"].to_numpy() - model.predict(test)
    said = judgement.scores[model.used]["test"]["rmse"].value
    assert said == pytest.approx(np.sqrt(np.mean(error**2)))
    with pytest.raises(SpecError, match="both judge"):
        fit(task("amount", 300), "amount", test=test, cv=3)


@pytest.mark.parametrize("again", [30, 200])
def test_duplicates_across_the_split_are_counted_or_cause_an_alarm(again):
    frame = task("amount", 1000)
    frame = pl.concat([frame, frame.head(again)])
    model = fit(frame, "amount", model="linear")
    parts = model.run.parts
    twin = np.full(1000 + again, -1)
    twin[:again], twin[1000:] = np.arange(1000, 1000 + again), np.arange(again)
    expected = sum(
        parts[row] == Part.TEST and twin[row] >= 0 and parts[twin[row]] != Part.TEST
        for row in range(len(frame))
    )
    judgement = model.fitted.judgement
    noted = any(
        note.startswith(f"{expected} test rows equal one of the other rows")
        for note in judgement.notes
    )
    alarmed = any(alarm.kind == "near duplicates" for alarm in judgement.alarms)
    assert expected > 0
    assert (noted, alarmed) == (again == 30, again == 200)


def test_refit_trains_the_rung_in_use_on_every_row():
    """Ridge of scikit-learn on all 400 rows, under the penalty that the path chose."""
    frame = task("amount", 400).select("size", "member", "amount")
    judged = fit(frame, "amount", model="linear", split=HOLD_OUT)
    model = fit(frame, "amount", model="linear", split=HOLD_OUT, refit=True)
    assert list(model.fitted.rungs) == [judged.used] == ["linear"]
    assert model.fitted.judgement == judged.fitted.judgement
    rung = model.fitted.rungs["linear"]
    assert rung.settings["rows"] == 400
    x = frame.select(pl.col("size"), pl.col("member").cast(pl.Float64)).to_numpy()
    y = frame["amount"].to_numpy()
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    peer = Ridge(alpha=rung.settings["alpha"] * 400 / 2, tol=1e-12).fit(z, (y - y.mean()) / y.std())
    expected = y.mean() + y.std() * peer.predict(z)
    np.testing.assert_allclose(model.predict(frame), expected, rtol=1e-8)


def test_refit_trains_the_network_for_its_best_number_of_epochs():
    frame = task("label", 1200)
    fast = structs.replace(TINY, learning_rate=0.02)
    model = fit(frame, "label", model="mlp", mlp=fast, refit=True)
    before = fit(frame, "label", model="mlp", mlp=fast)
    assert (model.used, list(model.fitted.rungs)) == ("mlp", ["mlp"])
    best = before.fitted.rungs["mlp"].certificate.best_epoch
    assert len(model.fitted.rungs["mlp"].history) == best


def test_a_large_linear_refit_needs_no_validation_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=12_000)
    frame = pl.DataFrame({"x": x, "y": 3 * x + rng.normal(0, 0.1, 12_000)})
    model = fit(frame, "y", model="linear", refit=True)
    assert model.fitted.rungs["linear"].settings["rows"] == 12_000
    assert model.coefficients["coefficient"].to_list() == pytest.approx([0, 3], abs=0.01)


def events_of(**options):
    events = []
    spec = Spec("label", **QUICK | options)
    return events, run(spec, SOURCE, context=Context(tell=events.append))


def test_events_tell_the_whole_run_in_order():
    events, finished = events_of()
    assert isinstance(events[0], Understood)
    assert isinstance(events[-1], Judged)
    assert [e.rung for e in events if isinstance(e, RungStarted)] == list(PLAIN_LADDER)
    assert [e.rung for e in events if isinstance(e, RungFinished)] == list(PLAIN_LADDER)
    assert [e.epoch for e in events if isinstance(e, EpochDone)] == [1, 2, 3, 4, 5, 1, 2]
    assert events[-1].judgement is finished.fitted.judgement


def interrupted_at(moment, **options):
    """Ask a run to stop from the first event on for which ``moment`` holds."""
    asked = []
    spec = Spec("label", **QUICK | options)

    def hear(event):
        if moment(event):
            asked.append(1)

    return run(spec, SOURCE, context=Context(tell=hear, stop=lambda: bool(asked)))


def test_stopped_in_the_linear_rung_it_keeps_what_it_has():
    finished = interrupted_at(lambda e: isinstance(e, RungStarted) and e.rung == "linear")
    assert list(finished.fitted.rungs) == ["baseline", "linear"]
    assert finished.interrupted
    assert finished.fitted.judgement.interrupted


def test_stopped_in_training_the_network_says_so():
    finished = interrupted_at(lambda e: isinstance(e, EpochDone) and e.epoch == 2)
    assert finished.fitted.rungs["mlp"].status == "interrupted"
    assert finished.fitted.rungs["mlp"].iterations == 2
    assert finished.interrupted


@pytest.mark.slow
def test_stopped_before_any_fold_was_judged_there_is_no_judgement():
    finished = interrupted_at(
        lambda e: isinstance(e, RungStarted) and e.fold == 1, split=SplitSpec(folds=3)
    )
    assert finished.fitted.judgement is None
    assert finished.judged is None
    assert finished.interrupted
    assert finished.fitted.used == "pack"


@pytest.mark.slow
def test_stopped_after_one_fold_that_fold_judges():
    finished = interrupted_at(
        lambda e: isinstance(e, RungStarted) and e.fold == 2, split=SplitSpec(folds=3)
    )
    assert finished.fitted.judgement.interrupted
    assert finished.fitted.judgement.rows["test"] == 400


def test_half_a_refit_is_thrown_away():
    whole = events_of(model="mlp")[1]
    seen = []

    def in_refit(event):
        seen.append(event)
        return isinstance(event, EpochDone) and any(isinstance(each, Judged) for each in seen)

    finished = interrupted_at(in_refit, model="mlp", refit=True)
    assert finished.interrupted
    assert finished.fitted.provenance.fingerprint == whole.fitted.provenance.fingerprint


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": "rmse"}, "rmse is not for a binary"),
        (
            {"model": "linear", "class_weight": "balanced", "target": "amount"},
            "no classes to weigh",
        ),
    ],
)
def test_options_that_contradict_the_target_are_refused(options, said):
    target = options.pop("target", "label")
    with pytest.raises(SpecError, match=said):
        fit(task(target), target, **options)


@pytest.mark.slow
def test_an_edited_schema_decides():
    table = Table(task("amount"), "made")
    schema = infer(table, target="amount", log_target=False)
    columns = tuple(
        structs.replace(column, role="unused") if column.name == "city" else column
        for column in schema.columns
    )
    target = structs.replace(schema.target, log=True)
    edited = structs.replace(schema, columns=columns, target=target)
    positive = task("amount").with_columns(pl.col("amount").abs() + 1)
    model = gradum.fit(positive, "amount", schema=edited, **QUICK)
    assert "city" not in set(model.coefficients["source"])
    assert all(rung.target_scale.log for rung in model.fitted.rungs.values())
    with pytest.raises(SpecError, match="predicts 'amount', but 'size' is to be predicted"):
        gradum.fit(positive, "size", schema=edited)


def test_a_log_target_is_judged_in_its_own_units():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1200)
    y = np.exp(2 + 0.5 * x + rng.normal(0, 0.2, 1200))
    model = fit(pl.DataFrame({"x": x, "y": y}), "y", model="linear", log_target=True)
    test = rows_of(model, Part.TEST)
    ideal = np.exp(2 + 0.5 * x + 0.02)  # E[y | x] of the lognormal
    error = np.sqrt(np.mean((y - ideal)[test] ** 2))
    assert model.fitted.judgement.scores["linear"]["test"]["rmse"].value == pytest.approx(
        error, rel=0.05
    )


def test_weights_equal_repetition():
    frame = task("amount", 300).select("size", "member", "amount")
    times = np.random.default_rng(0).integers(1, 4, 300)
    test = task("amount", 100, 1)
    weighted = frame.with_columns(w=times.astype(float))
    repeated = frame[np.repeat(np.arange(300), times)].with_columns(w=pl.lit(1.0))
    one_penalty = structs.replace(SHORT, strengths=(1e-9,))
    options = {"model": "linear", "weight": "w", "linear": one_penalty}
    models = [
        gradum.fit(each, "amount", test=test.with_columns(w=pl.lit(1.0)), **options)
        for each in (weighted, repeated)
    ]
    np.testing.assert_allclose(*(model.predict(test) for model in models), rtol=1e-7)
    mean = np.average(frame["amount"], weights=times)
    for model in models:
        assert model.predict(test, rung="baseline")[0] == pytest.approx(mean)
