"""The Open Inference Protocol: columns as tensors, in JSON and binary, answer like records."""

import json
import struct

import numpy as np
import pytest

from asgi_client import Client
from gradum.serve import app
from synthetic import task

ROWS = 4


@pytest.fixture(scope="module")
def client(tmp_path_factory, classifier):
    path = tmp_path_factory.mktemp("models") / "label.gradum"
    classifier.save(path)
    return Client(app(path))


@pytest.fixture(scope="module")
def records(classifier):
    frame = task("label").head(ROWS).select(classifier.features)
    return json.loads(json.dumps(frame.to_dicts(), default=str))


def tensors(client, records):
    metadata = client.get("/v2/models/label").json
    return [
        {
            "name": each["name"],
            "shape": [ROWS],
            "datatype": each["datatype"],
            "data": [record[each["name"]] for record in records],
        }
        for each in metadata["inputs"]
    ]


def outputs(answer):
    return {each["name"]: each for each in answer.json["outputs"]}


def test_columns_answer_like_records(client, records, classifier):
    asked = {"id": "7", "inputs": tensors(client, records)}
    answer = client.post("/v2/models/label/infer", asked)
    assert answer.status == 200
    assert answer.json["id"] == "7"
    found = outputs(answer)
    assert found["prediction"]["data"] == classifier.predict(records).tolist()
    expected = classifier.predict_proba(records)
    assert found["probability"]["shape"] == list(expected.shape)
    assert found["probability"]["data"] == expected.ravel().tolist()


def test_a_body_of_no_type_is_read(client, records):
    asked = {"inputs": tensors(client, records)}
    untyped = client.post("/v2/models/label/infer", asked, {"Content-Type": ""})
    assert untyped.json == client.post("/v2/models/label/infer", asked).json


def test_a_page_of_another_origin_is_refused(client, records):
    """A browser asks nobody before it sends a body without a type."""
    body = json.dumps({"inputs": tensors(client, records)}).encode()
    host = "localhost:8000"
    for origin, status in (
        ("https://elsewhere.example", 403),
        ("null", 403),
        (f"http://{host}.elsewhere.example", 403),
        ("", 403),
        (f"http://{host}", 200),
    ):
        headers = {"Host": host, "Origin": origin, "Content-Type": ""}
        assert client.post("/v2/models/label/infer", body, headers).status == status, origin
    assert client.post("/v2/models/label/infer", body, {"Content-Type": ""}).status == 200


def test_names_are_as_strict_as_in_records_and_notes_are_given(client, records):
    address, inputs = "/v2/models/label/infer", tensors(client, records)
    (size,) = (each for each in inputs if each["name"] == "size")
    others = [each for each in inputs if each is not size]
    assert "lacks 'size'" in client.post(address, {"inputs": others}).json["error"]
    misspelt = client.post(address, {"inputs": [*others, size | {"name": "sise"}]})
    assert misspelt.status == 422
    assert "Did you mean 'size' by 'sise'?" in misspelt.json["error"]
    far = client.post(address, {"inputs": [*others, size | {"data": [9e5] * ROWS}]}).json
    assert "'size'" in far["parameters"]["notes"][0]
    needed = [each["parameters"] for each in client.get("/v2/models/label").json["inputs"]]
    assert all(each["needed"] for each in needed)


def test_columns_of_shape_n_1(client, records):
    flat = tensors(client, records)
    nested = [each | {"shape": [ROWS, 1], "data": [[v] for v in each["data"]]} for each in flat]
    answers = [client.post("/v2/models/label/infer", {"inputs": each}) for each in (flat, nested)]
    assert answers[0].json == answers[1].json


def packed(tensor):
    """A tensor in binary; missing values as the metadata says."""
    if tensor["datatype"] == "BYTES":
        texts = [
            (
                "(missing)"
                if value is None
                else str(value).lower()
                if value in (True, False)
                else value
            )
            for value in tensor["data"]
        ]
        return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)
    values = [np.nan if value is None else value for value in tensor["data"]]
    return np.array(values, "<f8").tobytes()


def test_binary_tensors(client, records):
    plain = tensors(client, records)
    contents = [packed(tensor) for tensor in plain]
    inputs = [
        {name: tensor[name] for name in ("name", "shape", "datatype")}
        | {"parameters": {"binary_data_size": len(content)}}
        for tensor, content in zip(plain, contents, strict=True)
    ]
    asked = {"inputs": inputs, "parameters": {"binary_data_output": True}}
    head = json.dumps(asked).encode()
    answer = client.post(
        "/v2/models/label/infer",
        head + b"".join(contents),
        {"Inference-Header-Content-Length": str(len(head))},
    )
    assert answer.status == 200
    length = int(answer.headers["inference-header-content-length"])
    described, rest = json.loads(answer.body[:length])["outputs"], answer.body[length:]
    sizes = {each["name"]: each["parameters"]["binary_data_size"] for each in described}
    assert sum(sizes.values()) == len(rest)
    shares = np.frombuffer(rest[sizes["prediction"] :], "<f8")
    expected = outputs(client.post("/v2/models/label/infer", {"inputs": plain}))
    assert shares.tolist() == expected["probability"]["data"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"shape": [ROWS + 1]}, 422),
        ({"shape": [10**9]}, 413),
        ({"shape": [-1]}, 422),
        ({"shape": []}, 422),
        ({"shape": [ROWS, 2]}, 422),
        ({"data": [[[1]]] * ROWS}, 422),
        ({"data": None, "parameters": {"binary_data_size": 10}}, 422),
        ({"data": None, "parameters": {"binary_data_size": -1}}, 422),
        ({"data": None, "parameters": {"binary_data_size": True}}, 422),
        ({"name": "unheard"}, 422),
    ],
)
def test_tensors_that_do_not_fit_are_refused(client, records, change, status):
    first, *others = tensors(client, records)
    answer = client.post("/v2/models/label/infer", {"inputs": [first | change, *others]})
    assert answer.status == status
    assert answer.json["error"]


@pytest.mark.parametrize(
    "asked",
    [
        {"parameters": {"coverage": []}},
        {"parameters": {"coverage": True}},
        {"parameters": {"coverage": 7}},
        {"parameters": {"rung": 1}},
        {"outputs": [{"name": "prediction"}] * 2},  # a million of them would fill the memory
    ],
)
def test_what_cannot_be_asked_of_tensors_is_refused(client, records, asked):
    answer = client.post("/v2/models/label/infer", {"inputs": tensors(client, records)} | asked)
    assert answer.status == 422
    assert answer.json["error"]


def test_no_number_is_too_long_for_the_length_of_the_json(client):
    for length in ("9" * 5_000, "-1", "²"):
        headers = {"Inference-Header-Content-Length": length}
        assert client.post("/v2/models/label/infer", {"inputs": []}, headers).status == 400


def test_versions(client):
    version = client.get("/v2/models/label").json["versions"][0]
    assert client.get(f"/v2/models/label/versions/{version}/ready").status == 200
    assert client.get("/v2/models/label/versions/1/ready").status == 404
    assert client.get("/v2/health/ready").status == client.get("/v2").status == 200
