"""Answers over HTTP: the same as the model's own, or a refusal that names the cause."""

import asyncio
import base64
import io
import json
import re
import shutil
import threading

import numpy as np
import polars as pl
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from starlette.requests import Request

import gradum
from asgi_client import Client
from gradum.errors import ModelFileError, SpecError
from gradum.serve import app
from gradum.serve.limits import RequestLimits
from gradum.serve.requests import PredictRequest
from gradum.serve.served_model import ServedModel
from gradum.serve.shelf import _refuse_more_columns
from gradum.waiting import tell
from synthetic import ONCE, task

ROWS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory, classifier, regressor):
    folder = tmp_path_factory.mktemp("models")
    classifier.save(folder / "label.gradum")
    regressor.save(folder / "amount.gradum")
    return folder


@pytest.fixture(scope="module")
def client(folder):
    return Client(app([folder / "label.gradum", folder / "amount.gradum"]))


@pytest.fixture(scope="module")
def records(classifier):
    return task("label").head(ROWS).select(classifier.features).to_dicts()


def plain(records):
    """Rows as JSON has them."""
    return json.loads(json.dumps(records, default=str))


def test_answers_are_the_models(client, records, classifier):
    answer = client.post("/predict", {"records": plain(records)})
    assert answer.status == 200
    found = answer.json
    assert found["model"] == "label"
    assert found["version"] == classifier.fitted.provenance.fingerprint
    assert [each["prediction"] for each in found["answers"]] == classifier.predict(records).tolist()
    shares = [[each["probability"][c] for c in classifier.classes] for each in found["answers"]]
    assert np.array_equal(shares, classifier.predict_proba(records))


def test_numbers_and_their_intervals(client, records, regressor):
    asked = {"records": plain(records), "coverage": 0.8}
    answers = client.post("/models/amount/predict", asked).json["answers"]
    assert [each["prediction"] for each in answers] == regressor.predict(records).tolist()
    assert [each["interval"] for each in answers] == regressor.predict_interval(
        records, 0.8
    ).tolist()


def test_sets_and_another_rung(client, records, classifier):
    asked = {"records": plain(records), "coverage": 0.95, "rung": "linear"}
    answers = client.post("/predict", asked).json["answers"]
    assert [tuple(each["set"]) for each in answers] == classifier.predict_set(
        records, 0.95, rung="linear"
    )


def test_the_example_of_the_document_is_answered_without_a_note(client):
    document = client.get("/openapi.json").json
    for path in ("/predict", "/models/{model}/predict"):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        answer = client.post("/predict", body["example"])
        assert answer.status == 200
        assert answer.json["notes"] == []


def test_the_document_offers_explanations_where_a_run_keeps_rows_for_them(client):
    asked = client.get("/openapi.json").json["components"]["schemas"]["PredictRequest"]
    assert {"records", "coverage"} < set(asked["properties"])
    assert "explain" not in asked["properties"]  # a model file alone keeps none


def test_what_the_schema_of_the_document_holds_for_is_answered(client, records):
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    asked = {"$ref": "#/components/schemas/PredictRequest", "components": {"schemas": schemas}}
    (record, *_), known = plain(records), "size"
    bytes_of_nothing = {"base64": "aGk="}
    assert known in record
    for change, is_valid in (
        ({}, True),
        ({known: None}, True),
        ({"unknown": {"base64": "aGk"}}, False),
        ({"unknown": {"base64": "a Gk="}}, False),
        ({known: bytes_of_nothing}, False),
        ({known: [1]}, False),
    ):
        body = {"records": [record | change]}
        assert Draft202012Validator(asked).is_valid(body) == is_valid, change
        assert (client.post("/predict", body).status == 200) == is_valid, change


def test_a_name_that_is_nearly_right_is_pointed_out(client, records, classifier):
    must = next(c.name for c in classifier.fitted.schema.features if not c.missing)
    first = plain(records)[0]
    wrong = {(f"{name}s" if name == must else name): value for name, value in first.items()}
    refused = client.post("/predict", {"records": [wrong]})
    assert f"{must}s" in refused.json["remedy"]


def figure(client, name):
    lines = client.get("/metrics").body.decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), 0.0)


def test_rows_unlike_those_of_training_are_noted_and_counted(client, records, classifier):
    column = next(c for c in classifier.fitted.schema.features if c.kind == "numeric")
    name = 'gradum_unlike_rows_total{kind="out of range",model="label"}'
    before = figure(client, name)
    answer = client.post("/predict", {"records": [plain(records)[0] | {column.name: 98765.4}]})
    assert answer.status == 200
    assert column.name in answer.json["notes"][0]
    assert figure(client, name) == before + 1
    assert "98765" not in client.get("/metrics").body.decode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"records": [{"a": NaN}]}', 400),
        (b'{"records": ' + b"[" * 100_000, 422),
        (b'{"records": [{"a": ' + b'{"b": ' * 100_000, 422),
        (b'{"records": [{"a": [1]}]}', 422),
        (b'{"records": [1]}', 422),
        (b'{"records": {}}', 422),
        (b'{"rows": []}', 422),
        (b'{"records": [], "path": "/etc/passwd"}', 422),
        (b'{"records": [], "coverage": 1}', 422),
        (b'{"records": [], "id": 1}', 422),
        (b'{"records": [{}], "rung": "none"}', 422),
    ],
)
def test_what_cannot_be_used_is_refused(client, body, status):
    answer = client.post("/predict", body)
    assert answer.status == status
    assert answer.json["error"]


@pytest.mark.parametrize("value", [10**400, "x" * 10_000, "1e999", True, {"base64": "AAAA"}])
def test_strange_values_are_answered_or_refused(client, records, classifier, value):
    for column in classifier.fitted.schema.features:
        answer = client.post("/predict", {"records": [plain(records)[0] | {column.name: value}]})
        assert answer.status in (200, 400, 422)
        assert answer.json.get("answers") or answer.json["error"]


def test_bytes_in_a_column_of_numbers_are_refused_by_name(client, records, classifier):
    name = classifier.features[0]
    row = plain(records)[0] | {name: {"base64": base64.b64encode(b"GIF89a").decode()}}
    refused = client.post("/predict", {"records": [row]})
    assert refused.status == 422
    assert name in refused.json["error"]


def test_a_body_of_another_shape_is_told_what_one_has(client):
    refused = client.post("/predict", b'{"rows": []}')
    assert "`rows`" in refused.json["error"]
    assert "records" in refused.json["remedy"]


def test_no_rows_have_no_answers(client):
    assert client.post("/predict", {"records": []}).json["answers"] == []


def test_too_much_is_refused(folder, records):
    client = Client(app(folder / "label.gradum", limits=RequestLimits(bytes=2_000, rows=2)))
    assert client.post("/predict", {"records": plain(records)[:3]}).status == 413
    assert client.post("/predict", {"records": [], "rung": "x" * 3_000}).status == 413
    endless = client.request(
        "POST", "/predict", [b" " * 1_500, b" " * 1_500, None], {"Content-Type": "application/json"}
    )
    assert endless.status == 413
    assert client.post("/predict", {"records": plain(records)[:2]}).status == 200


def test_a_slow_caller_is_sent_away(folder):
    client = Client(app(folder / "label.gradum", limits=RequestLimits(seconds=0.05)))
    slow = client.request("POST", "/predict", [b"{", None], {"Content-Type": "application/json"})
    assert slow.status == 408


def test_slow_callers_keep_nobody_from_being_answered(folder, records):
    limits = RequestLimits(at_once=2, bytes=1_000)
    client, kind = Client(app(folder / "label.gradum", limits=limits)), {}
    kind["Content-Type"] = "application/json"
    body = json.dumps({"records": plain(records)[:1]}).encode()

    async def asked(first):
        slow = [client._request("POST", "/predict", [first, None], kind) for _ in range(5)]
        slow = [asyncio.create_task(each) for each in slow]
        await asyncio.sleep(0)
        answers = [client._request("POST", "/predict", [body], kind) for _ in range(2)]
        answers = await asyncio.gather(*answers)
        refused = [each.result() for each in slow if each.done()]
        for each in slow:
            each.cancel()
        return answers, refused

    answers, refused = asyncio.run(asked(b"{"))
    assert ([answer.status for answer in answers], refused) == ([200, 200], [])
    _, refused = asyncio.run(asked(b" " * 900))  # more than 2,000 bytes wait
    assert [answer.status for answer in refused] == [429] * 3
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json["remedy"] == "Ask again in a second."
    client.application.state.service._at_once = 2
    assert client.post("/predict", {"records": []}).status == 429
    client.application.state.service._at_once = 0
    assert client.post("/predict", {"records": []}).status == 200


def test_work_for_which_nobody_waits_keeps_its_thread(folder):
    service = app(folder / "label.gradum", limits=RequestLimits(seconds=0.05)).state.service
    begun, go, nothing = [], threading.Event(), Request({"type": "http", "headers": []})

    def work(number):
        begun.append(number)
        go.wait(10)

    async def asked():
        found = [
            service.guarded(lambda _, each=number: service.worked(2**21, work, each))(nothing)
            for number in range(6)
        ]
        refused = await asyncio.gather(*found)
        late = list(begun)
        go.set()
        await service._in_thread(service._threads, begun.append, "next")
        return refused, late

    refused, late = asyncio.run(asked())
    assert [answer.status_code for answer in refused] == [503] * 6
    assert sorted(late) == [0, 1]
    assert begun[2:] == ["next"]


def test_work_that_tells_how_far_it_is_ends_when_its_time_is_over(folder):
    service = app(folder / "label.gradum", limits=RequestLimits(seconds=0.05)).state.service
    ended, far = threading.Event(), threading.Event()

    def work():
        try:
            while not far.wait(0.01):
                tell("explaining rows", 0.5)
        finally:
            ended.set()

    nothing = Request({"type": "http", "headers": []})
    answer = asyncio.run(service.guarded(lambda _: service.worked(2**21, work))(nothing))
    assert answer.status_code == 503
    assert ended.wait(10)


def picture(side, mode="1"):
    """A file of a few bytes that states side × side pixels."""
    written = io.BytesIO()
    Image.new(mode, (side, side)).save(written, "PNG")
    return written.getvalue()


@pytest.fixture(scope="module")
def of_pictures(tmp_path_factory):
    """A file of a model of pictures."""
    path = tmp_path_factory.mktemp("pictures") / "m.gradum"
    rows = [
        {"picture": picture(8 + number % 2, "L"), "label": "ab"[number % 2]} for number in range(60)
    ]
    gradum.fit(pl.DataFrame(rows), "label", **ONCE | {"model": "linear"}).save(path)
    return path


def body_of(*pictures):
    return {"records": [{"picture": {"base64": base64.b64encode(p).decode()}} for p in pictures]}


def test_pictures_are_refused_by_what_they_state_before_one_is_decoded(of_pictures, monkeypatch):
    client = Client(app(of_pictures, limits=RequestLimits(decoded=10_000)))
    assert client.post("/predict", body_of(picture(90))).status == 200
    opened = []
    monkeypatch.setattr("gradum.tables.kinds.picture.PictureKind.opened", opened.append)
    for pictures in ([picture(101)], [picture(60)] * 3, [picture(60, "RGB")]):
        refused = client.post("/predict", body_of(*pictures))
        assert refused.status == 413
        assert "10,000" in refused.json["error"]
    assert opened == []


def test_nothing_long_is_done_on_the_event_loop(of_pictures, folder, records, monkeypatch):
    """A picture, long bodies, intervals and many rows go to a thread; short rows do not."""
    places, answered = [], ServedModel.answered

    def noted(self, asked):
        places.append(threading.current_thread() is threading.main_thread())
        return answered(self, asked)

    pictures, plain_rows = Client(app(of_pictures)), Client(app(folder / "label.gradum"))
    monkeypatch.setattr(ServedModel, "answered", noted)
    (row, *_), column = plain(records), "colour"
    assert column in row
    for client, body in (
        (pictures, body_of(picture(8))),
        (plain_rows, {"records": [row | {column: "x" * 70_000}]}),
        (plain_rows, {"records": [row], "coverage": 0.9}),
        (plain_rows, {"records": [row] * 65}),
        (plain_rows, {"records": [row] * 5}),
    ):
        assert client.post("/predict", body).status == 200
    assert places == [False, False, False, False, True]


def test_a_form_of_another_page_is_refused(client, records):
    body = {"records": plain(records)}
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert client.post("/predict", body, {"Content-Type": kind}).status == 415
    upper = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/predict", body, upper).status == 200


def test_unknown_addresses(client):
    assert client.get("/none").status == 404
    refused = client.get("/predict")
    assert refused.status == 405
    assert refused.json["remedy"] == "Use POST."
    assert client.get("/none").json["remedy"]
    assert client.post("/models/none/predict", {"records": []}).status == 404
    assert client.post("/models/..%2f..%2fetc/predict", {"records": []}).status == 404


def test_strangers_are_refused(folder, records):
    word = "a-word-of-many-letters"
    client = Client(app(folder / "label.gradum", token=word))
    body = {"records": plain(records)}
    basic = base64.b64encode(f"anyone:{word}".encode()).decode()
    nobody = base64.b64encode(b"no colon").decode()
    for given in (
        None,
        "Bearer other",
        "Bearer",
        f"Bearer {word} {word}",
        f"Bearer {word[:-1]}",
        f"Bearer {word}x",
        "Bearer ",
        word,
        f"Digest {word}",
        f"Basic {word}",
        "Basic ??",
        f"Basic {nobody}",
        "Basic ",
        "\xff\xfe",
    ):
        headers = {} if given is None else {"Authorization": given}
        refused = client.post("/predict", body, headers)
        assert refused.status == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert "Bearer" in refused.json["remedy"]
    for given in (f"Bearer {word}", f"bearer  {word}", f"Basic {basic}"):
        assert client.post("/predict", body, {"Authorization": given}).status == 200
    assert client.get("/metrics").status == 401
    assert client.get("/health").status == 200


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    text = page.body.decode()
    assert "http://" not in text
    assert "https://" not in text


def test_a_model_with_exposures_is_served_and_its_form_asks_for_them(tmp_path):
    rng = np.random.default_rng(0)
    years = rng.uniform(0.5, 2, 150)
    frame = pl.DataFrame({"x": rng.normal(size=150), "years": years, "n": rng.poisson(years)})
    options = ONCE | {"model": "linear", "loss": "poisson", "exposure": "years"}
    gradum.fit(frame, "n", **options).save(tmp_path / "m.gradum")
    client = Client(app(tmp_path / "m.gradum"))
    one, two = (
        client.post("/predict", {"records": [{"x": 0.0, "years": years}]}).json["answers"][0]
        for years in (1, 2)
    )
    assert two["prediction"] == pytest.approx(2 * one["prediction"])
    text = client.get("/").body.decode()
    (form,) = json.loads(re.search(r'id="forms">(.*?)</script>', text)[1])
    assert [field["name"] for field in form["fields"]] == ["years", "x"]


def test_names_of_columns_are_text_on_the_page(tmp_path):
    name = "</textarea><script>alert(1)</script>"
    frame = task("label", 120).rename({task("label", 1).columns[0]: name})
    model = gradum.fit(frame, "label", **ONCE)
    model.save(tmp_path / "odd.gradum")
    page = Client(app(tmp_path / "odd.gradum")).get("/").body.decode()
    assert "<script>alert" not in page


def test_a_replaced_file_is_put_to_work_and_a_bad_one_is_not(tmp_path, classifier, regressor):
    path = tmp_path / "model.gradum"
    classifier.save(path)
    application = app(path)
    client, shelf = Client(application), application.state.service.shelf
    slot = shelf.slots["model"]
    at_work = slot.served

    def replace(write):
        write(tmp_path / "new")
        (tmp_path / "new").replace(path)
        shelf.renew()

    replace(lambda new: new.write_bytes(b"no model"))
    assert slot.served is at_work
    replace(regressor.save)
    assert slot.served is at_work
    assert figure(client, 'gradum_reload_failures{model="model"}') == 2
    path.unlink()
    shelf.renew()
    assert slot.served is at_work
    replace(classifier.save)
    assert slot.served is not at_work
    assert slot.served.version == at_work.version


def test_a_file_that_needs_more_columns_is_not_put_to_work(tmp_path):
    path, table = tmp_path / "m.gradum", task("label", 120)
    few = table.drop("colour", "size")

    def fit(frame):
        gradum.fit(frame, "label", **ONCE | {"model": "linear"}).save(tmp_path / "new")
        (tmp_path / "new").replace(path)

    fit(few)
    application = app(path)
    shelf = application.state.service.shelf
    slot, at_work = shelf.slots["m"], shelf.slots["m"].served
    fit(table)
    with pytest.raises(ModelFileError, match=r"'colour', 'size'"):
        _refuse_more_columns(at_work, ServedModel("m", gradum.load(path)))
    shelf.renew()
    assert slot.served is at_work
    assert slot.failures == 1
    fit(few.drop("age"))
    shelf.renew()
    assert slot.served is not at_work
    row = few.drop("label").head(1).to_dicts()  # callers still name what the model before it knew
    assert Client(application).post("/predict", {"records": row}).status == 200


def test_a_shadow_is_asked_and_never_heard(tmp_path, folder, classifier, records):
    few = task("label", 120).drop("age")  # which callers name all the same
    gradum.fit(few, "label", **ONCE | {"model": "linear"}).save(tmp_path / "other.gradum")
    client = Client(
        app({"label": folder / "label.gradum"}, shadows={"label": tmp_path / "other.gradum"})
    )
    alone = Client(app(folder / "label.gradum"))
    body = {"records": plain(records)}
    assert client.post("/predict", body).json == alone.post("/predict", body).json
    assert figure(client, 'gradum_shadow_rows_total{model="label"}') == ROWS
    assert figure(client, 'gradum_shadow_failures_total{model="label"}') == 0


def test_a_slow_shadow_delays_nobody_and_has_boundedly_much_to_answer(folder, records, monkeypatch):
    label = {"label": folder / "label.gradum"}
    application = app(label, shadows=label)
    monkeypatch.setattr("gradum.serve.application.MOST_BEHIND", 4)
    shadow, go, asked = application.state.service.shelf.shadows["label"], threading.Event(), []

    class Slow:
        name = "label"

        def decoded_size(self, records):
            return 0

        def answered(self, request):
            asked.append(request)
            go.wait(10)
            raise OSError

    shadow.served, client = Slow(), Client(application)
    body = json.dumps({"records": plain(records)[:1]}).encode()

    async def answered_before_the_shadow():
        kind = {"Content-Type": "application/json"}
        waiting = [
            asyncio.create_task(client._request("POST", "/predict", [body], kind)) for _ in range(6)
        ]
        while not asked:
            await asyncio.sleep(0.01)
        counted = application.state.service.telemetry.text
        go.set()
        return counted, await asyncio.gather(*waiting)

    counted, answers = asyncio.run(answered_before_the_shadow())
    assert [answer.status for answer in answers] == [200] * 6
    assert b'gradum_rows_total{model="label"} 6.0' in counted
    assert len(asked) == 4
    assert figure(client, 'gradum_shadow_failures_total{model="label"}') == 6


def of_one_row(records):
    return [{"records": [record]} for record in plain(records)]


@pytest.mark.parametrize("rung", [None, "linear", "mlp", "pack"])
def test_rows_asked_at_once_have_the_bits_that_they_have_alone(folder, regressor, rung):
    records = task("amount").head(20).select(regressor.features).to_dicts()
    client = Client(app(folder / "amount.gradum"))
    bodies = [body | ({"rung": rung} if rung else {}) for body in of_one_row(records)]
    at_once = client.post_at_once("/predict", bodies)
    found = [answer.json["answers"][0]["prediction"] for answer in at_once]
    assert found == [float(regressor.predict(row, rung=rung)[0]) for row in records]
    assert figure(client, 'gradum_rows_total{model="amount"}') == len(records)


def test_a_request_that_is_refused_leaves_those_beside_it_in_peace(client, records, classifier):
    bodies = of_one_row(records)
    column = next(c for c in classifier.fitted.schema.features if c.kind == "numeric")
    bodies[1]["records"][0][column.name] = "no number"
    bodies[2]["rung"] = "none"
    bodies[3]["records"][0][column.name] = 1e9
    answers = client.post_at_once("/predict", [*bodies, {"records": []}])
    alone = [client.post("/predict", body) for body in bodies]
    assert [answer.status for answer in answers] == [200, 422, 422, 200, 200, 200]
    assert [answer.json for answer in answers[:-1]] == [answer.json for answer in alone]


def test_an_answer_at_once_is_of_the_model_that_was_at_work_when_it_was_asked(tmp_path, folder):
    """Requests on both sides of a reload do not share a pass."""
    shutil.copy(folder / "label.gradum", tmp_path / "m.gradum")
    application = app(tmp_path / "m.gradum")
    service = application.state.service
    old = service.shelf.slots["m"].served
    new = ServedModel("m", gradum.load(folder / "label.gradum"))
    asked = PredictRequest([old.example])

    async def both():
        together = service._together
        return await asyncio.gather(together.answered(old, asked), together.answered(new, asked))

    seen = []
    for served in (old, new):
        vars(served)["answered"] = lambda request, served=served: seen.append(served)
    asyncio.run(both())
    assert seen == [old, new]


def test_models_that_cannot_be_served(tmp_path, folder):
    label = folder / "label.gradum"
    with pytest.raises(SpecError, match="label"):
        app([label, label])
    with pytest.raises(SpecError, match="other"):
        app(label, shadows={"other": label})
    with pytest.raises(ModelFileError):
        app(label, shadows={"label": folder / "amount.gradum"})
    with pytest.raises(SpecError):
        app([])
    with pytest.raises(ModelFileError, match="absent"):
        app(tmp_path / "absent.gradum")
