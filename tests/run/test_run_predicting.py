"""Prediction of whatever comes: any frame, missing values, unseen levels, labels as given."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradum
from gradum.errors import SchemaError, SpecError
from gradum.run.predicting import Streamed
from gradum.tables.encode import Encoder
from gradum.tables.sources import stream
from gradum.tables.sources.open_stream import opened
from ladder import PLAIN_LADDER
from synthetic import FEATURES, ONCE, mixed, task

NEW = mixed(50, seed=11).select(FEATURES)


@pytest.mark.parametrize("rung", ["baseline", "linear", "mlp", "pack", None])
def test_every_kind_of_frame_says_the_same(rung, classifier, tmp_path):
    NEW.write_csv(tmp_path / "new.csv")
    NEW.write_parquet(tmp_path / "new.parquet")
    expected = classifier.predict_proba(NEW, rung=rung)
    for given_as in (
        NEW.lazy(),
        NEW.to_pandas(),
        NEW.to_arrow(),
        NEW.to_dict(as_series=False),
        NEW.to_dicts(),
        tmp_path / "new.csv",
        tmp_path / "new.parquet",
        NEW.select(reversed(FEATURES)),
    ):
        np.testing.assert_array_equal(classifier.predict_proba(given_as, rung=rung), expected)


def test_an_array_is_a_frame_of_numbered_columns():
    x = np.random.default_rng(0).normal(size=(120, 3))
    frame = pl.DataFrame(x, schema=["x0", "x1", "x2"]).with_columns(y=x[:, 0] > x[:, 1])
    model = gradum.fit(frame, "y", model="linear", **ONCE)
    np.testing.assert_array_equal(model.predict_proba(x), model.predict_proba(frame))


def test_one_dict_is_one_row(classifier, regressor):
    row = NEW.row(3, named=True)
    for model in (classifier, regressor):
        np.testing.assert_allclose(
            model.predict(row) if model is regressor else model.predict_proba(row)[0],
            model.predict(NEW)[3:4] if model is regressor else model.predict_proba(NEW)[3],
            rtol=1e-5,
        )


@pytest.mark.parametrize("name", ["classifier", "regressor", "grader"])
@pytest.mark.parametrize("rung", ["baseline", "linear", "mlp", "pack"])
def test_dicts_say_what_their_frame_does(name, rung, request):
    """Up to the rounding that another number of rows brings to a sum."""
    model = request.getfixturevalue(name)
    expected = model.predict(NEW, rung=rung)
    tolerance = 64 * np.finfo(np.float32).eps
    for data, rows in ((NEW.to_dicts()[:20], range(20)), (NEW.row(7, named=True), [7])):
        said = model.predict(data, rung=rung)
        assert said.dtype == expected.dtype
        assert model.differences == ()
        if model.classes:
            shares = model.predict_proba(NEW, rung=rung)[rows]
            np.testing.assert_allclose(
                model.predict_proba(data, rung=rung), shares, rtol=tolerance, atol=tolerance
            )
            np.testing.assert_array_equal(said, expected[rows])
        else:
            np.testing.assert_allclose(said, expected[rows], rtol=tolerance)


def test_of_a_dict_is_said_what_is_said_of_its_frame(classifier):
    row = NEW.row(7, named=True)
    for change in ({"colour": "violet"}, {"size": 1e6}, {"member": None}):
        strange = row | change
        alone = classifier.predict_proba(strange)
        differences = classifier.differences
        framed = classifier.predict_proba(pl.DataFrame([strange]))
        assert differences == classifier.differences != ()
        np.testing.assert_array_equal(alone, framed)
    classifier.predict(row)
    assert classifier.differences == ()
    with pytest.raises(SchemaError, match="lacks 'size'"):
        classifier.predict({name: value for name, value in row.items() if name != "size"})
    with pytest.raises(SchemaError, match="'surplus', which the model does not know"):
        classifier.predict(row | {"surplus": 3})


def test_rows_are_encoded_block_by_block(regressor, monkeypatch):
    encoded = []

    def transform(self, frame, _transform=Encoder.transform):
        encoded.append(len(frame))
        return _transform(self, frame)

    monkeypatch.setattr(Encoder, "transform", transform)
    most = regressor.fitted.rungs["mlp"].block_rows
    regressor.predict(pl.concat([NEW] * 400), rung="mlp")
    assert sum(encoded) == 400 * len(NEW) > 2 * most
    assert max(encoded) == most


def labels(kind, rows=120):
    x = np.random.default_rng(0).normal(size=rows)
    one, two = {"str": ("ja", "nein"), "bool": (False, True), "int": (3, 12), "float": (0.5, 1.5)}[
        kind
    ]
    return pl.DataFrame({"x": x, "z": x**2, "y": [two if value > 0 else one for value in x]})


@pytest.mark.parametrize(
    ("kind", "dtype"), [("str", str), ("bool", bool), ("int", int), ("float", float)]
)
def test_labels_come_back_as_they_were_given(kind, dtype, tmp_path):
    frame = labels(kind)
    model = gradum.fit(frame, "y", model="linear", **ONCE)
    model.save(tmp_path / "m.gradum")
    for each in (model, gradum.load(tmp_path / "m.gradum")):
        said = each.predict(frame).tolist()
        assert {type(label) for label in said} == {dtype}
        assert set(said) == set(frame["y"]) == set(each.classes)
        assert np.mean(np.array(said) == frame["y"].to_numpy()) > 0.95
        assert [type(label) for label in each.classes] == [dtype] * 2
        likeliest = [each.classes[k] for k in each.predict_proba(frame).argmax(axis=1)]
        assert said == likeliest


def test_three_classes_of_whole_numbers(grader):
    said = grader.predict(NEW)
    assert said.dtype.kind == "i"
    shares = grader.predict_proba(NEW)
    assert shares.shape == (50, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(said, shares.argmax(axis=1))


values = {
    "size": st.none() | st.floats(-1e30, 1e30) | st.just(float("nan")),
    "age": st.none() | st.integers(-(2**40), 2**40),
    "colour": st.none() | st.text(max_size=8),
    "member": st.none() | st.booleans(),
    "city": st.none() | st.sampled_from(["city 01", "city 77", "", "NA", "(missing)"]),
}


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(values), min_size=1, max_size=10))
def test_unseen_levels_and_missing_values_never_stop_a_prediction(classifier, regressor, rows):
    schema = {"size": pl.Float64, "age": pl.Int64, "member": pl.Boolean}
    frame = pl.DataFrame(rows, schema=schema | {"colour": pl.String, "city": pl.String})
    for rung in ("baseline", "linear", "mlp", "pack"):
        shares = classifier.predict_proba(frame, rung=rung)
        assert shares.shape == (len(rows), 2)
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        assert (shares >= 0).all()
        assert np.isfinite(regressor.predict(frame, rung=rung)).all()


def test_an_unseen_level_is_as_if_the_column_said_nothing(classifier):
    """The linear rung's logit moves by no level's coefficient: it is the mean over none of them."""
    row = NEW.row(0, named=True)
    unseen, other = ({**row, "colour": colour} for colour in ("violet", "ochre"))
    shares = [classifier.predict_proba(each, rung="linear")[0, 1] for each in (unseen, other)]
    assert shares[0] == shares[1]
    red = classifier.predict_proba({**row, "colour": "red"}, rung="linear")[0, 1]
    table = classifier.coefficients.filter(pl.col("feature") == "colour=red")
    logit = np.log(red / (1 - red)) - np.log(shares[0] / (1 - shares[0]))
    assert logit == pytest.approx(table["coefficient"][0])


def test_differences_are_told_with_counts_and_rows(classifier):
    strange = NEW.with_columns(
        pl.when(pl.int_range(50) == 4).then(pl.lit("violet")).otherwise("colour").alias("colour"),
        pl.when(pl.int_range(50).is_in([0, 9])).then(1e6).otherwise("size").alias("size"),
        pl.lit(1).alias("surplus"),
    )
    classifier.predict(strange)
    told = {(d.column, d.kind): (d.count, d.rows) for d in classifier.differences}
    assert told[("colour", "unseen levels")] == (1, (5,))
    assert told[("size", "out of range")] == (2, (1, 10))
    assert ("surplus", "extra column") in told


def test_a_missing_column_is_refused_with_the_nearest_names(classifier):
    with pytest.raises(SchemaError, match=r"lacks the column 'colour'.*'color'"):
        classifier.predict(NEW.rename({"colour": "color"}))


def test_a_column_of_another_kind_is_refused_with_what_it_holds(classifier):
    with pytest.raises(SchemaError, match=r"'size'.*should hold numbers, but holds 'big'"):
        classifier.predict(NEW.with_columns(size=pl.lit("big")))
    row = NEW.row(0, named=True)
    with pytest.raises(SchemaError, match=r"'big'\. Correct the value, or leave it empty \(None\)"):
        classifier.predict({**row, "size": "big"})
    assert classifier.predict([{**row, "size": "big"}, row]).shape == (2,)
    assert classifier.differences[0].kind == "wrong kind"


def test_a_rung_is_chosen_by_name(classifier):
    each = {r: classifier.predict_proba(NEW, rung=r) for r in PLAIN_LADDER}
    assert len({shares.tobytes() for shares in each.values()}) == 4
    np.testing.assert_array_equal(classifier.predict_proba(NEW), each[classifier.used])
    np.testing.assert_array_equal(
        classifier.predict_proba(NEW, rung="enough"), each[classifier.enough]
    )
    with pytest.raises(SpecError, match="no model 'forest'.*" + ", ".join(PLAIN_LADDER)):
        classifier.predict(NEW, rung="forest")


def test_pandas_categories_and_nullable_types_are_the_same_values(classifier):
    frame = NEW.to_pandas().assign(
        colour=lambda f: f["colour"].astype("category"),
        member=lambda f: f["member"].astype("boolean"),
        age=lambda f: f["age"].astype("Float64"),
    )
    assert isinstance(frame["colour"].dtype, pd.CategoricalDtype)
    np.testing.assert_array_equal(classifier.predict_proba(frame), classifier.predict_proba(NEW))


def test_many_rows_in_blocks_say_what_few_rows_do(regressor):
    many = pl.concat([NEW] * 400)
    for rung, rtol in (("linear", 1e-12), ("mlp", 64 * np.finfo(np.float32).eps)):
        assert len(many) > 2 * regressor.fitted.rungs[rung].block_rows
        said, few = (regressor.predict(frame, rung=rung) for frame in (many, NEW))
        np.testing.assert_allclose(said, np.tile(few, 400), rtol=rtol)


@pytest.mark.parametrize("rung", ["linear", "mlp", "pack"])
def test_a_table_read_in_blocks_has_the_bits_of_the_same_table_held(
    rung, regressor, tmp_path, monkeypatch
):
    many = pl.concat([NEW] * 400)
    many.write_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(stream, "BLOCK_BYTES", 10_000 * stream.row_bytes(many.head(1_000)))
    with opened(tmp_path / "t.parquet") as rows:
        blocks = [each.value for _, _, each in Streamed(regressor.fitted, rows, rung=rung)]
    assert len(blocks) > 2
    np.testing.assert_array_equal(np.concatenate(blocks), regressor.predict(many, rung=rung))


def test_a_model_fitted_from_text_reads_typed_rows(tmp_path):
    """A CSV file has only text; the same rows as numbers and booleans mean the same."""
    task("label", 200).write_csv(tmp_path / "train.csv")
    model = gradum.fit(tmp_path / "train.csv", "label", model="linear", **ONCE)
    NEW.write_csv(tmp_path / "new.csv")
    np.testing.assert_array_equal(
        model.predict_proba(NEW), model.predict_proba(tmp_path / "new.csv")
    )
