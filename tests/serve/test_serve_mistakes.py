"""Requests with one honest mistake each: no answer changes unless a sentence names the column."""

import numpy as np
import polars as pl
import pytest

import gradum
from asgi_client import Client
from gradum.serve import app
from synthetic import ONCE

ROWS = 400
ROW = {
    "size": 51.5,
    "weight": "80 kg",
    "age": 33.0,
    "colour": "red",
    "member": True,
    "day": "2023-05-06",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model of two classes and one of numbers: numbers, one with a unit, levels, truths, days."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("mistakes")
    size, weight = rng.normal(50, 10, ROWS).round(2), rng.integers(50, 120, ROWS)
    colour, member = rng.choice(["red", "green", "blue"], ROWS), rng.random(ROWS) < 0.4
    level = 0.1 * (size - 50) + (colour == "red") - 0.8 * member + rng.normal(0, 0.3, ROWS)
    features = pl.DataFrame(
        {
            "size": size,
            "weight": [f"{kilograms} kg" for kilograms in weight],
            "age": np.where(rng.random(ROWS) < 0.1, np.nan, rng.gamma(4, 10, ROWS).round(1)),
            "colour": colour,
            "member": member,
            "day": [f"2023-{1 + k % 12:02}-{1 + k % 28:02}" for k in range(ROWS)],
        }
    ).with_columns(pl.col("age").fill_nan(None))
    for name, target in (("label", np.where(level > 0, "yes", "no")), ("amount", level)):
        model = gradum.fit(features.with_columns(y=target), "y", model="linear", **ONCE)
        model.save(folder / f"{name}.gradum")
    return folder


@pytest.fixture(scope="module", params=["label", "amount"])
def client(models, request):
    return Client(app(models / f"{request.param}.gradum"))


def renamed(name, other):
    return {(other if known == name else known): value for known, value in ROW.items()}


def lacking(name):
    return {known: value for known, value in ROW.items() if known != name}


@pytest.mark.parametrize(
    ("record", "word"),
    [
        (renamed("size", "Size"), "'size' by 'Size'"),
        (renamed("colour", "color"), "'colour' by 'color'"),
        (renamed("member", "memebr"), "'member' by 'memebr'"),
        (renamed("day", "day "), "'day' by 'day '"),
        (renamed("age", "alter"), "alter"),
        (lacking("size"), "size"),
        (lacking("age"), "age"),
        (lacking("colour"), "colour"),
        (ROW | {"height": 1.8}, "height"),
        (ROW | {"Size": None}, "Size"),
        (ROW | {"size": "big"}, "size"),
        (ROW | {"size": "51.5 mm"}, "size"),
        (ROW | {"size": "51,5"}, "size"),
        (ROW | {"size": True}, "size"),
        (ROW | {"size": [51.5]}, "size"),
        (ROW | {"weight": "80 stones"}, "weight"),
        (ROW | {"member": "maybe"}, "member"),
        (ROW | {"colour": {"is": "red"}}, "colour"),
        (ROW | {"day": "2023-13-45"}, "day"),
        (ROW | {"day": 20230506}, "day"),
    ],
)
def test_a_record_that_cannot_be_meant_is_refused_by_name(client, record, word):
    refused = client.post("/predict", {"records": [record]})
    assert refused.status == 422
    assert word in refused.json["error"]
    assert refused.json["remedy"]
    among = client.post("/predict", {"records": [ROW, record]})  # a table may have a bad cell
    assert word in "".join(among.json.get("notes", among.json.get("error")))


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("size", 51_500, ["outside"]),
        ("size", None, ["none in row 1"]),
        ("size", "n/a", ["none in row 1"]),
        ("weight", "80 lb", ["outside"]),
        ("colour", "Red", ["'Red'", "'red'"]),
        ("colour", "gren", ["'gren'", "'green'"]),
        ("colour", "purple", ["'purple'"]),
        ("colour", 3, ["'3'"]),
        ("day", "05/06/2023", ["mm/dd/yyyy", "dd/mm/yyyy"]),
        ("day", "1923-05-06", ["outside"]),
    ],
)
def test_a_record_that_may_be_meant_is_answered_with_a_note(client, column, value, words):
    answered = client.post("/predict", {"records": [ROW | {column: value}]})
    assert answered.status == 200
    (note,) = answered.json["notes"]
    assert all(word in note for word in [repr(column), *words])


@pytest.mark.parametrize(
    "change", [{}, {"weight": 80}, {"weight": "80000 g"}, {"member": "yes"}, {"colour": " red"}]
)
def test_other_ways_to_write_a_value_have_its_answer(client, change):
    plain = client.post("/predict", {"records": [ROW]}).json
    assert client.post("/predict", {"records": [ROW | change]}).json == plain
    assert plain["notes"] == []


def test_a_server_may_allow_what_training_rows_lacked_to_be_absent(models):
    client = Client(app(models / "label.gradum", allow_missing=True))
    absent = client.post("/predict", {"records": [ROW, lacking("age")]}).json
    null = client.post("/predict", {"records": [ROW, ROW | {"age": None}]}).json
    assert absent["answers"] == null["answers"]
    assert absent["notes"] == ["Column 'age' is absent from row 2, and taken as missing."]
    assert client.post("/predict", {"records": [lacking("size")]}).status == 422
    assert client.post("/predict", {"records": [renamed("age", "alter")]}).status == 422


def test_records_in_python_are_as_strict(models):
    model = gradum.load(models / "amount.gradum")
    value = model.predict([ROW])
    assert model.predict(ROW).tolist() == value.tolist()
    for record, word in ((lacking("age"), "age"), (renamed("age", "Age"), "'age' by 'Age'")):
        for rows in (record, [ROW, record]):
            with pytest.raises(gradum.GradumError, match=word):
                model.predict(rows)
    with pytest.raises(gradum.GradumError, match="True"):
        model.predict([ROW | {"size": True}])
    unlike = model.predict(pl.DataFrame([ROW | {"height": 1.8}]))
    assert unlike.tolist() == value.tolist()  # a table may have more columns
