"""Rows like a given one, against distances written out, and where their rows are kept."""

import numpy as np
import polars as pl
import pytest

import gradum
from command_line import run as gradum_command
from command_line import short_paths, short_reports
from gradum.core.models.opened import LastLayer
from gradum.errors import SpecError
from gradum.questions.rows.learned_rows import learned_rows
from gradum.run.plan import make_plan
from gradum.tables.split import Part
from packed_models import everything, pack_of
from synthetic import ONCE, SHORT, mixed

TARGETS = ("amount", "grade")


@pytest.fixture(scope="module", params=TARGETS)
def ladder(request):
    rows = mixed(240).drop("label", *(each for each in TARGETS if each != request.param))
    return rows, gradum.fit(rows, request.param, seed=0, **ONCE)


def written_out(model, rung, one, others):
    """Distances of a row from others, member by member and unit by unit."""
    rows = learned_rows(model, rung)
    here, there = (LastLayer.join(rows.last_layers(frame)) for frame in (one, others))
    distances = []
    for row in range(len(others)):
        square = 0.0
        for member, share in enumerate(here.share):
            weight = here.weight[member].astype(float)
            apart = here.units[member, 0].astype(float) - there.units[member, row]
            beside = here.beside[member, 0].astype(float) - there.beside[member, row]
            if len(model.classes) > 2:
                weight = weight - weight.mean(axis=1)[:, None]
                beside = beside - beside.mean()
            square += share * sum(a**2 * (w @ w) for a, w in zip(apart, weight, strict=True))
            square += share * (beside @ beside)
        distances.append(np.sqrt(square))
    return rows, np.array(distances)


@pytest.mark.parametrize("rung", ["linear", "mlp", "pack"])
def test_the_nearest_are_those_of_all_distances_written_out(ladder, rung):
    table, model = ladder
    asked = mixed(3, seed=5).select(model.features)
    rows, distances = written_out(model, rung, asked[[1]], learned_rows(model, rung).frame)
    found = model.alike(asked, row=2, count=6, rung=rung)
    order = np.argsort(distances, kind="stable")[:6]
    assert found.frame["row"].to_list() == rows.numbers[order].tolist()
    np.testing.assert_allclose(found.frame["distance"], distances[order], rtol=1e-5)
    given = table[found.frame["row"].to_numpy() - 1]
    assert found.frame["target"].to_list() == given[model.target].to_list()
    assert found.values[1:].equals(given.select(model.features))
    said = model.predict(given, rung=rung)
    if not model.classes:
        np.testing.assert_allclose(found.frame["answer"], said, rtol=1e-6)
    else:
        assert found.frame["answer"].to_list() == said.tolist()
        likeliest = model.predict_proba(asked[[1]], rung=rung)[0].argmax()
        expected = model.predict_proba(given, rung=rung)[:, likeliest]
        np.testing.assert_allclose(found.frame["probability"], expected, rtol=1e-6)


def test_a_row_learned_from_is_most_like_itself(ladder):
    table, model = ladder
    number = int(learned_rows(model).numbers[10])
    found = model.alike(table, row=number)
    assert found.frame["row"][0] == number
    assert found.frame["distance"][0] == pytest.approx(0, abs=1e-6)
    assert found.frame["equal_columns"][0] == len(model.features)
    assert found.frame["nearer_than"][0] == 1


def test_texts_dates_and_many_levels_take_part():
    model = pack_of("grade")
    found = model.alike(everything(), row=3, count=2)
    assert len(found.frame) == 2
    assert found.values.columns == list(model.features)
    assert "Row 3" in found.summary()
    assert "grade" in found.summary()


def fitted_by_command(folder, *words):
    """A run folder of two classes, and the model of the same fit at hand."""
    table = folder / "t.parquet"
    mixed(120).drop("amount", "grade").write_parquet(table)
    words = ["-t", "label", "--model", "linear", "--cv", "2", "-o", folder / "run", *words]
    words += ["--no-learning-curve"]
    with short_paths(), short_reports():
        ended = gradum_command("fit", table, *words)
    assert ended.code == 0, ended.err
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alike")
    loaded = fitted_by_command(folder)
    options = {"model": "linear", "cv": 2, "linear": SHORT, "learning_curve": False}
    return loaded, gradum.fit(folder / "t.parquet", "label", **options)


def test_a_loaded_run_has_the_rows_of_the_fit(run):
    folder, model = run
    loaded, asked = gradum.load(folder), mixed(2, seed=8)
    for ask in ("alike", "influence"):
        at_hand, again = (getattr(each, ask)(asked, row=2) for each in (model, loaded))
        assert again.frame.equals(at_hand.frame)
    itself = loaded.alike(folder.parent / "t.parquet", row=4, count=3).frame["row"].to_list()
    others = loaded.alike(row=4, count=2).frame["row"].to_list()
    assert itself == [4, *others]


def test_the_rank_is_the_share_of_pairs_that_are_farther(run):
    _, model = run
    asked = mixed(3, seed=5).select(model.features)[[0]]
    rows = learned_rows(model, "linear")
    found = model.alike(asked, rung="linear").frame
    pairs = [
        written_out(model, "linear", rows.frame[[row]], rows.frame[row + 1 :])[1]
        for row in range(len(rows) - 1)
    ]
    pairs = np.concatenate(pairs)
    expected = [(pairs > distance).mean() for distance in found["distance"]]
    np.testing.assert_allclose(found["nearer_than"], expected, atol=1e-12)


def test_a_row_like_few_others_is_said_to_be_so(run):
    _, model = run
    asked = mixed(1).with_columns(size=pl.lit(5000.0))
    found = model.alike(asked)
    assert found.frame["nearer_than"][0] == 0
    assert "the model knows few rows like it" in found.summary()
    assert "knows few rows" not in model.alike(mixed(1)).summary()


def test_rows_that_judge_were_not_learned_from(ladder):
    _, model = ladder
    parts = model.run.parts
    np.testing.assert_array_equal(make_plan(model.fitted.spec, model.run.dataset).kept, parts)
    linear, network = (learned_rows(model, rung).numbers - 1 for rung in ("linear", "mlp"))
    np.testing.assert_array_equal(linear, np.flatnonzero(parts != Part.TEST))
    np.testing.assert_array_equal(network, np.flatnonzero(parts == Part.TRAIN))


def test_rows_that_are_not_kept_are_refused_with_a_remedy(run, tmp_path):
    _, model = run
    model.save(tmp_path / "m.gradum")
    asked = mixed(1)
    secret = fitted_by_command(tmp_path, "--no-rows")
    refused = {
        tmp_path / "m.gradum": "model file does not hold",
        secret: "--no-rows",
    }
    for path, words in refused.items():
        loaded = gradum.load(path)
        for ask in (loaded.alike, loaded.influence):
            with pytest.raises(SpecError, match=words):
                ask(asked)


def test_a_table_that_has_changed_is_refused_with_a_remedy(tmp_path):
    folder = fitted_by_command(tmp_path)
    mixed(7).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(SpecError, match=r"has changed or gone.*Bring the table back"):
        gradum.load(folder).alike(mixed(1))


def test_what_cannot_be_asked_is_refused(run):
    _, model = run
    asked = mixed(5)
    for options, words in (
        ({"row": 9}, "none has the number 9"),
        ({}, "5 rows"),
        ({"row": 1, "count": 0}, "count is 0"),
        ({"row": 1, "rung": "baseline"}, "baseline"),
        ({"row": 1, "rung": "none"}, "no model"),
    ):
        with pytest.raises(SpecError, match=words):
            model.alike(asked, **options)


def test_a_row_like_very_many_others_is_not_far_from_them():
    rng = np.random.default_rng(0)
    level = rng.choice(["u", "v"], 200)
    rows = pl.DataFrame({"level": level, "y": (level == "u") + 0.1 * rng.normal(size=200)})
    model = gradum.fit(rows, "y", model="linear", **ONCE)
    found = model.alike(rows, row=1)
    assert found.frame["nearer_than"][0] < 0.9  # about half of all pairs are of one level
    assert found.found.nearer_pairs == 0
    assert "knows few rows" not in found.summary()
