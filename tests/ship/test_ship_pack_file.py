"""Model files with a pack: they say the same once loaded, and are refused where they cannot be."""

import json
import random

import numpy as np
import polars as pl
import pytest

import gradum
import mutations
from gradum.errors import ModelFileError
from gradum.files import archive
from gradum.run.fingerprint import named_arrays
from gradum.rungs.rung import Rung
from gradum.ship.rung_record import recorded, restored
from packed_models import TARGETS, TINY, everything, pack_of
from synthetic import ONCE

ROWS = everything(60, seed=9)


@pytest.fixture(scope="module", params=TARGETS)
def saved(request, tmp_path_factory):
    """A model and its file."""
    path = tmp_path_factory.mktemp("saved") / f"{request.param}.gradum"
    model = pack_of(request.param)
    model.save(path)
    return model, path


def test_a_loaded_pack_predicts_the_same_bits(saved):
    model, path = saved
    loaded = gradum.load(path)
    assert list(loaded.fitted.rungs) == ["baseline", "pack"]
    for rung in loaded.fitted.rungs:
        ask = "predict_proba" if model.classes else "predict"
        np.testing.assert_array_equal(
            getattr(loaded, ask)(ROWS, rung=rung), getattr(model, ask)(ROWS, rung=rung)
        )
    one, other = (each.fitted.rungs["pack"] for each in (model, loaded))
    assert one.network == other.network
    arrays, again = named_arrays([one]), named_arrays([other])
    assert arrays.keys() == again.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, again[name])
        assert array.dtype == again[name].dtype
    assert loaded.fitted.spec == model.fitted.spec
    assert other.settings == one.settings


@pytest.mark.slow
@pytest.mark.parametrize("log_target", [False, True])
def test_a_pack_of_medians_is_kept_as_one(log_target, tmp_path):
    """The metric says what was learned; who reads the file holds one against the other."""
    frame = everything().drop("grade", "note")
    frame = frame.with_columns(pl.col("amount") - pl.col("amount").min() + 1)
    options = {**ONCE, "pack": TINY, "metric": "mae", "log_target": log_target}
    model = gradum.fit(frame, "amount", model="pack", categorical="shop", **options)
    path = tmp_path / "median.gradum"
    model.save(path)
    loaded = gradum.load(path)
    rung = loaded.fitted.rungs["pack"]
    assert rung.loss == "absolute_error"
    assert rung.target_scale.log == log_target
    assert rung.target_scale.smearing == 1
    assert loaded.fitted.rungs["baseline"].loss == "squared_error"
    np.testing.assert_array_equal(
        loaded.predict(ROWS, rung="pack"), model.predict(ROWS, rung="pack")
    )
    assert loaded.fitted.judgement.verdict.metric == "mae"
    assert "Learning curves of the network ensemble" in model.report()
    other = written(path, tmp_path, lambda m, a: pack_in(m).update(loss="squared_error"))
    with pytest.raises(ModelFileError, match="does not predict what the target is"):
        gradum.load(other)


def test_its_record_comes_back_whole():
    rung = pack_of("grade").fitted.rungs["pack"]
    again = restored(recorded(rung), named_arrays([rung]))
    assert isinstance(again, Rung)
    assert again.network == rung.network
    assert again.certificate == rung.certificate
    assert again.params.keys() == rung.params.keys()
    without = dict(named_arrays([rung]))
    del without["pack/shift"]
    with pytest.raises(ValueError, match="lacks shift"):
        restored(recorded(rung), without)


def pack_in(manifest):
    return next(each for each in manifest["rungs"] if each["name"] == "pack")


def reshaped(name, change):
    return lambda manifest, arrays: arrays.update({f"pack/{name}": change(arrays[f"pack/{name}"])})


def told(field, value):
    def change(manifest, arrays):
        network = pack_in(manifest)["network"]
        network[field] = value(network[field]) if callable(value) else value

    return change


def another_tag(manifest, arrays):
    pack_in(manifest)["network"].update(type="network", activation="relu")


def too_steep_waves(manifest, arrays):
    """Codes of every member are waves, whichever a fit drew."""
    reshaped("wave", np.ones_like)(manifest, arrays)
    reshaped("slope", lambda array: np.full_like(array, 3e38))(manifest, arrays)


CHANGES = {
    "neither": lambda manifest, arrays: pack_in(manifest).update(network=None),
    "a network of a pack's fields": another_tag,
    "a coded column beyond the last": told("coded", lambda coded: [*coded[:-1], 10**6]),
    "a coded column before the first": told("coded", lambda coded: [-1, *coded[1:]]),
    "a coded column more": told("coded", lambda coded: [*coded, coded[0]]),
    "more members": told("members", lambda members: members + 1),
    "no members": told("members", 0),
    "members in words": told("members", "four"),
    "fewer than no codes": told("codes", -1),
    "more codes": told("codes", lambda codes: 2 * codes),
    "more inputs": told("inputs", lambda inputs: inputs + 1),
    "a link that nobody knows": told("link", "probit"),
    "another link": told("link", lambda link: "logit" if link == "identity" else "identity"),
    "more outputs": told("outputs", lambda outputs: outputs + 1),
    "wider layers": told("hidden", lambda hidden: [hidden[0] + 1, *hidden[1:]]),
    "a layer less": told("hidden", lambda hidden: hidden[:-1]),
    "no layers": told("hidden", []),
    "no text": told("projected", 0),
    "more text": told("projected", lambda projected: projected + 1),
    "a pair less": told("pairs", lambda pairs: pairs[:-1]),
    "a pair more": told("pairs", lambda pairs: [*pairs, [0, 1, 1]]),
    "a pair of one column": told("pairs", lambda pairs: [[0, 0, 1], *pairs[1:]]),
    "a pair beyond the last column": told("pairs", lambda pairs: [[0, 10**6, 1], *pairs[1:]]),
    "a pair before the first column": told("pairs", lambda pairs: [[-1, 0, 1], *pairs[1:]]),
    "a pair with a level": lambda manifest, arrays: paired_with_a_level(
        pack_in(manifest)["network"]
    ),
    "a pair of neither sign": told("pairs", lambda pairs: [[0, 1, 0], *pairs[1:]]),
    "a pair of three": told("pairs", lambda pairs: [[0, 1, 1, 1], *pairs[1:]]),
    "no embedding": told("embedding", None),
    "a longer embedding": told("embedding", lambda each: {**each, "size": each["size"] + 1}),
    "a member's weights less": reshaped("layers/0/weight", lambda array: array[1:]),
    "weights of two dimensions": reshaped("layers/0/weight", lambda array: array[0]),
    "a bias less": reshaped("layers/1/bias", lambda array: array[:, 1:]),
    "a shift less": reshaped("shift", lambda array: array[:, :, 1:]),
    "a slope less": reshaped("slope", lambda array: array[:, 1:]),
    "a share less": reshaped("share", lambda array: array[1:]),
    "waves of another form": reshaped("wave", lambda array: array[:, None]),
    "two sharpnesses": reshaped("sharpness", lambda array: np.repeat(array, 2)),
    "a wide part turned round": reshaped("wide", lambda array: array.transpose(0, 2, 1)),
    "levels less": reshaped("embedding", lambda array: array[:, 1:]),
    "words less": reshaped("projection", lambda array: array[1:]),
    "a direction of text more": reshaped(
        "projection", lambda array: array[:, [0, *range(array.shape[1])]]
    ),
    "a projection turned round": reshaped("projection", lambda array: array[:, 1:].T),
    "whole numbers": reshaped("wide", lambda array: array.astype(np.int32)),
    "no numbers": reshaped("slope", lambda array: array * np.float32(np.nan)),
    "shifts beyond all numbers": reshaped("shift", lambda array: np.full_like(array, -3.4e38)),
    "waves too steep": too_steep_waves,
    "levels too far": reshaped("embedding", lambda array: np.full_like(array, 3e38)),
    "pairs too far": reshaped("input/spread", lambda array: np.full_like(array, 1e-38)),
    "an array of nobody": lambda manifest, arrays: arrays.update({"pack/extra": np.ones(3)}),
    "no sharpness": lambda manifest, arrays: arrays.pop("pack/sharpness"),
    "no projection": lambda manifest, arrays: arrays.pop("pack/projection"),
    "another loss": lambda manifest, arrays: pack_in(manifest).update(loss="absolute_error"),
    "no history": lambda manifest, arrays: pack_in(manifest).update(history=[{"alpha": 1.0}]),
}


def paired_with_a_level(network):
    """Pair the first column with the last before the pairs, which is not a number's."""
    last = network["inputs"] - network["projected"] - len(network["pairs"]) - 1
    network["pairs"][0] = [0, last, 1]


def written(path, folder, change):
    manifest, arrays = archive.read(path)
    arrays = dict(arrays)
    change(manifest, arrays)
    manifest["provenance"]["fingerprint"] = mutations.fingerprint(arrays)
    changed = folder / "changed.gradum"
    changed.write_bytes(mutations.packed(json.dumps(manifest).encode(), archive.save(arrays)))
    return changed


def test_unchanged_it_is_not_refused(saved, tmp_path):
    """So that the refusals below are for the change."""
    path = written(saved[1], tmp_path, lambda manifest, arrays: None)
    assert mutations.use(path, ROWS)


@pytest.mark.parametrize("name", CHANGES)
def test_packs_that_cannot_be_are_refused(name, saved, tmp_path):
    path = written(saved[1], tmp_path, CHANGES[name])
    with pytest.raises(ModelFileError) as refused:
        gradum.load(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.remedy


def only_what_it_says(name):
    """Fields of a pack, and the shapes of its arrays, changed together: no shape tells."""

    def change(manifest, arrays):
        network = pack_in(manifest)["network"]
        if name == "no codes of coded columns":
            first, width = network["inputs"], len(network["coded"]) * network["codes"]
            network["codes"] = 0
            for each in ("shift", "slope"):
                arrays[f"pack/{each}"] = arrays[f"pack/{each}"][:, :, :0]
            for each in ("layers/0/weight", "wide"):
                array = arrays[f"pack/{each}"]
                arrays[f"pack/{each}"] = np.delete(array, np.s_[first : first + width], axis=1)
        elif name == "no layers":
            network["hidden"] = []
            arrays["pack/layers/0/weight"] = arrays["pack/wide"]
            arrays["pack/layers/0/bias"] = arrays["pack/layers/2/bias"]
            for level in (1, 2):
                del arrays[f"pack/layers/{level}/weight"], arrays[f"pack/layers/{level}/bias"]
                del arrays[f"pack/layers/{level - 1}/leak"]
        else:
            network["coded"] = [network["inputs"] - 1] * len(network["coded"])

    return change


@pytest.mark.parametrize("name", ["no codes of coded columns", "codes of text"])
def test_packs_that_no_fit_yields_are_used_or_refused(name, saved, tmp_path):
    mutations.use(written(saved[1], tmp_path, only_what_it_says(name)), ROWS)


def test_a_pack_without_hidden_layers_is_refused(saved, tmp_path):
    """Nothing opens it to see what its columns add, though it would predict."""
    with pytest.raises(ModelFileError, match="'pack'"):
        gradum.load(written(saved[1], tmp_path, only_what_it_says("no layers")))


def test_damaged_packs_are_used_or_refused(saved, tmp_path):
    """As other models' tests do at length: no error may leave but gradum's own."""
    path, chance = tmp_path / "damaged.gradum", random.Random(1)
    file = saved[1].read_bytes()
    for _ in range(40):
        path.write_bytes(mutations.mutated(chance, file))
        mutations.use(path, ROWS.head(5))


def test_a_pack_s_arrays_are_changed_in_no_way_by_predicting(saved):
    model, _ = saved
    rung = model.fitted.rungs["pack"]
    before = {name: array.copy() for name, array in named_arrays([rung]).items()}
    model.predict(ROWS, rung="pack")
    for name, array in named_arrays([rung]).items():
        np.testing.assert_array_equal(array, before[name])
