"""Sets of classes where one class is rare: each is covered by itself unless asked otherwise."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import SpecError


def table(rows=2500, rare=-2.2, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    yes = rng.random(rows) < 1 / (1 + np.exp(-(rare + 1.2 * x)))
    return pl.DataFrame({"x": x, "y": np.where(yes, "yes", "no")})


@pytest.fixture(scope="module")
def model():
    return gradum.fit(table(), "y", model="linear", explain=False)


def test_the_rare_class_is_covered_too_and_the_report_says_the_price(model):
    new = table(4000, seed=1)
    rare = (new["y"] == "yes").to_numpy()

    def covered(sets):
        return np.mean([label in held for label, held in zip(new["y"], sets, strict=True)])

    apart, together = model.predict_set(new), model.predict_set(new, by_class=False)
    assert apart == model.predict_set(new, by_class=True)
    alone = [
        [held for held, yes in zip(sets, rare, strict=True) if yes] for sets in (apart, together)
    ]
    shares = [np.mean(["yes" in held for held in sets]) for sets in alone]
    assert shares[0] > 0.8 > 0.6 > shares[1]
    assert covered(apart) > 0.87
    assert "by themselves" in model.guarantee().sentence
    assert "by themselves" not in model.guarantee(by_class=False).sentence
    found = model.findings.coverage
    sizes = sum(size.classes * size.share for size in found.sizes)
    assert found.by_class
    assert f"They hold {sizes:.3g} classes on average" in found.overall
    assert sizes == pytest.approx(np.mean([len(held) for held in apart]), abs=0.15)
    assert "of the rows of 'yes'" in found.overall


def test_the_form_outside_of_gradum_has_the_same_sets(model, tmp_path):
    assert model.export(tmp_path / "m.onnx", interval=0.9).parity.sets == 0


def test_equal_classes_are_covered_together():
    alike = gradum.fit(table(400, rare=0.0), "y", model="linear", explain=False)
    assert "by themselves" not in alike.guarantee().sentence
    assert not alike.findings.coverage.by_class


def test_a_class_of_too_few_rows_would_be_in_every_set_and_is_not_covered_by_itself(model):
    assert "by themselves" in model.guarantee(0.9).sentence
    assert "by themselves" not in model.guarantee(0.999).sentence


def test_levels_of_a_column_come_first(model):
    data = table(600).with_columns(site=pl.Series(["a", "b"] * 300))
    levels = gradum.fit(data, "y", model="linear", interval_by="site", explain=False)
    assert "'site'" in levels.guarantee().sentence
    with pytest.raises(SpecError, match="cannot hold for each class"):
        levels.guarantee(by_class=True)
