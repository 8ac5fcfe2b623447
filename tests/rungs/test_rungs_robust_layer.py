"""Of a wide text, a network takes the n-grams that tell the target best; its file says which."""

import msgspec
import numpy as np
import polars as pl
import pytest
from msgspec import structs
from pack_tables import rows_of
from sklearn.feature_selection import f_classif, f_regression

from gradum.messages import as_text
from gradum.run.fingerprint import named_arrays
from gradum.rungs import robust_layer
from gradum.rungs.context import Context
from gradum.rungs.mlp.fit import fit_mlp
from gradum.rungs.mlp.spec import MLPSpec
from gradum.ship.rung_record import RungRecord, recorded, restored

MOST = 5
WORDS = np.array(["good", "bad", "red", "green", "blue", "old", "new", "small", "large", "soft"])


def notes(rows=90):
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(WORDS), (rows, 5))
    y = (drawn == 0).sum(axis=1) - (drawn == 1).sum(axis=1) + 0.3 * rng.normal(size=rows)
    texts = [" ".join(WORDS[each]) for each in drawn]
    grade = np.array(["low", "middle", "high"])[np.digitize(y, [-0.4, 0.4])]
    return {
        "y": pl.DataFrame({"note": texts, "y": y}),
        "grade": pl.DataFrame({"note": texts, "grade": grade}),
    }


@pytest.mark.parametrize("target", ["y", "grade"])
def test_the_ngrams_are_those_with_the_largest_f_statistics(target, monkeypatch):
    rows = rows_of(notes()[target], target, text=("note",))
    text = rows.design.sparse.toarray().astype(float)
    assert robust_layer.robust_layer(rows).ngrams is None
    monkeypatch.setattr(robust_layer, "MOST_NGRAMS", MOST)
    statistic, _ = (f_regression if target == "y" else f_classif)(text, rows.target)
    best = np.sort(np.argsort(-statistic, kind="stable")[:MOST])
    assert robust_layer.robust_layer(rows).ngrams == tuple(best)


def test_a_network_of_some_ngrams_is_told_by_its_file(monkeypatch):
    monkeypatch.setattr(robust_layer, "MOST_NGRAMS", MOST)
    rows = rows_of(notes()["grade"], "grade", text=("note",))
    spec = structs.replace(MLPSpec(), hidden_layer_sizes=(4,), max_epochs=2)
    rung = fit_mlp(rows, rows, spec, Context(seed=0), log_target=False)
    layer, layout = rung.input_layer, rows.design.layout
    names = [layout.sparse[place].name for place in layer.ngrams]
    assert layer.columns(layout)[0][-MOST:] == names
    assert rung.network.inputs == layer.width(len(layout.dense), len(layout.sparse))
    # What is not let through does not count.
    others = np.setdiff1d(np.arange(len(layout.sparse)), layer.ngrams)
    block = rows.design.sparse.tolil()
    block[:, others] = 9.0
    changed = type(rows.design)({**rows.design.arrays, "sparse": block.tocsr()}, layout)
    np.testing.assert_array_equal(rung.logits(changed), rung.logits(rows.design))
    written = msgspec.json.encode(recorded(rung), enc_hook=as_text)
    read = restored(msgspec.json.decode(written, type=RungRecord), named_arrays([rung]))
    assert read.input_layer.ngrams == layer.ngrams
    np.testing.assert_array_equal(read.logits(rows.design), rung.logits(rows.design))
