"""The model file: it keeps every bit, and refuses what does not fit together."""

import copy

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradum
from gradum.errors import GradumError, ModelFileError
from gradum.files import archive
from gradum.ship import bundle
from gradum.tables.sources.read import read
from synthetic import FEATURES, QUICK, mixed, task

NEW = mixed(30, seed=3).select(FEATURES)


@pytest.fixture(scope="module")
def file(classifier, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "m.gradum"
    classifier.save(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["classifier", "regressor", "grader"])
def test_a_loaded_model_is_the_same_to_the_last_bit(name, request, tmp_path):
    model = request.getfixturevalue(name)
    model.save(tmp_path / "m.gradum")
    loaded = gradum.load(tmp_path / "m.gradum")
    for rung in model.fitted.rungs:
        assert loaded.fitted.rungs[rung].advice == model.fitted.rungs[rung].advice
        assert loaded.fitted.rungs[rung].post == model.fitted.rungs[rung].post
        np.testing.assert_array_equal(model.predict(NEW, rung=rung), loaded.predict(NEW, rung=rung))
        if model.classes:
            said = (each.predict_proba(NEW, rung=rung) for each in (model, loaded))
            np.testing.assert_array_equal(*said)
    for part in ("spec", "schema", "encoder", "judgement", "provenance"):
        assert getattr(loaded.fitted, part) == getattr(model.fitted, part)
    assert (loaded.used, loaded.enough) == (model.used, model.enough)
    assert loaded.summary() == model.summary()


def test_saving_what_was_loaded_gives_the_same_file(file, tmp_path):
    gradum.load(file).save(tmp_path / "again.gradum")
    assert (tmp_path / "again.gradum").read_bytes() == file.read_bytes()


@pytest.mark.slow
def test_a_refitted_model_is_loaded_though_the_rung_that_is_enough_is_gone(tmp_path):
    """Where there is nothing to learn, a rung may be best by chance, and the baseline enough."""
    frame = task("amount", 200).with_columns(amount=np.random.default_rng(8).normal(size=200))
    for seed in range(12):
        model = gradum.fit(frame, "amount", model="linear", refit=True, cv=2, seed=seed, **QUICK)
        if model.enough not in model.fitted.rungs:
            break
    assert model.enough not in model.fitted.rungs
    model.save(tmp_path / "m.gradum")
    loaded = gradum.load(tmp_path / "m.gradum")
    np.testing.assert_array_equal(loaded.predict(NEW), model.predict(NEW))
    with pytest.raises(GradumError, match="has no model 'baseline'"):
        loaded.predict(NEW, rung="enough")


def rewritten(file, folder, change):
    """Write the file anew with its manifest and arrays changed."""
    manifest, arrays = archive.read(file)
    manifest, arrays = copy.deepcopy(manifest), dict(arrays)
    change(manifest, arrays)
    archive.write(folder / "changed.gradum", manifest, arrays)
    return folder / "changed.gradum"


def swap_layers(manifest, arrays):
    first, second = "mlp/layers/0/weight", "mlp/layers/1/weight"
    arrays[first], arrays[second] = arrays[second], arrays[first]


def transpose(manifest, arrays):
    arrays["mlp/layers/0/weight"] = np.ascontiguousarray(arrays["mlp/layers/0/weight"].T)


def flatten_the_linear_weights(manifest, arrays):
    arrays["linear/layers/0/weight"] = arrays["linear/layers/0/weight"].ravel()


def lose_a_bias(manifest, arrays):
    del arrays["mlp/layers/1/bias"]


def whole_numbers_for_weights(manifest, arrays):
    arrays["linear/layers/0/bias"] = arrays["linear/layers/0/bias"].astype(np.int64)


def shorten_the_scale(manifest, arrays):
    arrays["linear/input/scale"] = arrays["linear/input/scale"][:-1]


def shorten_the_spread(manifest, arrays):
    arrays["mlp/input/spread"] = arrays["mlp/input/spread"][:-1]


def shrink_the_embedding(manifest, arrays):
    arrays["mlp/embedding"] = arrays["mlp/embedding"][:-1]


def rung(manifest, name):
    return next(each for each in manifest["rungs"] if each["name"] == name)


def more_units_than_weights(manifest, arrays):
    rung(manifest, "mlp")["network"]["hidden"] = [9]


def another_activation(manifest, arrays):
    rung(manifest, "mlp")["network"]["activation"] = "open('/etc/passwd')"


def a_rung_of_another_name(manifest, arrays):
    rung(manifest, "mlp")["name"] = "forest"


def another_loss(manifest, arrays):
    rung(manifest, "linear")["loss"] = "squared_error"


def a_scale_for_classes(manifest, arrays):
    scale = {"centre": 0.0, "scale": 1.0, "low": 0.0, "high": 1.0, "log": False, "smearing": 1.0}
    rung(manifest, "linear")["target_scale"] = scale


def one_more_class(manifest, arrays):
    manifest["schema"]["target"]["classes"].append("perhaps")


def no_target(manifest, arrays):
    manifest["schema"]["target"] = None


def no_rungs(manifest, arrays):
    manifest["rungs"] = []


def one_more_level(manifest, arrays):
    step = next(each for each in manifest["encoder"]["steps"] if each["source"] == "city")
    step["levels"] = sorted([*step["levels"], "zzz"])


def a_column_less(manifest, arrays):
    manifest["encoder"]["steps"] = manifest["encoder"]["steps"][1:]


def an_unknown_field(manifest, arrays):
    manifest["command"] = "rm -rf"


def a_later_format(manifest, arrays):
    manifest["format"] = 99


def a_verdict_for_nobody(manifest, arrays):
    manifest["judgement"]["verdict"]["used"] = "forest"


CHANGES = [
    swap_layers,
    transpose,
    flatten_the_linear_weights,
    lose_a_bias,
    whole_numbers_for_weights,
    shorten_the_scale,
    shorten_the_spread,
    shrink_the_embedding,
    more_units_than_weights,
    another_activation,
    a_rung_of_another_name,
    another_loss,
    a_scale_for_classes,
    one_more_class,
    no_target,
    no_rungs,
    one_more_level,
    a_column_less,
    an_unknown_field,
    a_later_format,
    a_verdict_for_nobody,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_file_is_refused_in_one_sentence(change, file, tmp_path):
    changed = rewritten(file, tmp_path, change)
    with pytest.raises(ModelFileError) as refused:
        gradum.load(changed)
    assert str(changed) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_unchanged_it_is_not_refused(file, tmp_path):
    """So that the refusals above are for the change."""
    same = rewritten(file, tmp_path, lambda manifest, arrays: None)
    np.testing.assert_array_equal(gradum.load(same).predict(NEW), gradum.load(file).predict(NEW))


def leaves(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))


PREDICTING = {"format", "schema", "encoder", "rungs"}
ODD = [None, True, -1, 0, 3, 1e308, "", "mlp", "text", [], [1], {}, {"a": 1}]


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_the_manifest_a_prediction_works_or_is_refused(
    file, data, tmp_path_factory
):
    """One place of the manifest is replaced: no exception but gradum's own, and no nonsense."""
    manifest, arrays = archive.read(file)
    places = [path for path in leaves(manifest) if path and path[0] in PREDICTING]
    *path, last = data.draw(st.sampled_from(places))
    holder = manifest
    for step in path:
        holder = holder[step]
    holder[last] = data.draw(st.sampled_from(ODD))
    changed = tmp_path_factory.getbasetemp() / "odd.gradum"
    archive.write(changed, manifest, arrays)
    try:
        shares = gradum.load(changed).predict_proba(NEW)
    except GradumError:
        return
    assert shares.shape == (30, 2)
    assert np.isfinite(shares).all()


def test_the_manifest_holds_no_rows_of_the_table(file):
    """Levels and ranges are kept, single values of a numeric column are not."""
    text = msgspec.json.encode(archive.read(file)[0]).decode()
    inner = task("label")["size"].sort()[5:-5]
    assert not any(str(value) in text for value in inner[:200])
    assert "city 07" in text


def test_the_verdict_of_a_loaded_model_is_in_the_present_language(file):
    english = gradum.load(file).fitted.judgement.verdict
    with gradum.language("zh"):
        chinese = gradum.load(file).fitted.judgement.verdict
    assert english.comparisons
    for one, other in zip(english.comparisons, chinese.comparisons, strict=True):
        assert (one.rung, one.against, one.shows) == (other.rung, other.against, other.shows)
        assert not other.finding.isascii()
        assert other.finding != one.finding
    assert len(chinese.sentences) == len(english.sentences)
    assert not set(chinese.sentences) & set(english.sentences)


def test_an_interrupted_run_without_a_judgement_is_kept(tmp_path):
    asked = []

    def stop():
        return bool(asked)

    def on_event(event):
        if getattr(event, "fold", 0) == 1:
            asked.append(1)

    frame = task("label", 200)
    model = gradum.fit(frame, "label", cv=2, stop=stop, on_event=on_event, **QUICK)
    assert model.fitted.judgement is None
    model.save(tmp_path / "m.gradum")
    loaded = gradum.load(tmp_path / "m.gradum")
    assert (loaded.enough, len(loaded.scores)) == (None, 0)
    assert "Interrupted" in loaded.summary()
    np.testing.assert_array_equal(loaded.predict(NEW), model.predict(NEW))


def test_it_is_read_without_the_table_or_the_run(file):
    assert gradum.load(file).run is None
    assert bundle.load(file).schema.source == read(task("label")).source
