"""Outcomes that arrive later, and rows of late: alarms where there is cause, and seldom else."""

import numpy as np
import pytest

from asgi_client import Client
from gradum.serve import app
from gradum.serve.limits import RequestLimits
from gradum.serve.outcomes import Waiting
from gradum.serve.recent_rows import MOST_BYTES, RecentRows
from gradum.serve.requests import Outcome
from gradum.serve.served_model import ServedModel
from gradum.serve.telemetry import Telemetry
from synthetic import task


@pytest.fixture(scope="module")
def served(classifier):
    return ServedModel("label", classifier)


def joined(served, wrong):
    """The last answer to outcomes of which some differ from the predictions."""
    waiting = Waiting(len(wrong))
    ids = [str(number) for number in range(len(wrong))]
    waiting.keep(ids, ["yes"] * len(wrong), served.version)
    labels = [
        Outcome(name, "no" if error else "yes") for name, error in zip(ids, wrong, strict=True)
    ]
    return waiting.join(served, labels)


def test_errors_are_counted_and_an_alarm_is_raised(served):
    found = joined(served, [True] * 200)
    assert (found.rows, found.errors, found.unknown) == (200, 200, 0)
    assert found.alarm
    assert not joined(served, [False] * 200).alarm


@pytest.mark.slow
def test_without_cause_an_alarm_is_rare(served):
    """At the rate of the judged rows, at most 5% of tests ever raise one."""
    rate = served.model.fitted.reference.errors.rate
    rng = np.random.default_rng(0)
    alarms = [joined(served, rng.random(500) < rate).alarm for _ in range(100)]
    assert np.mean(alarms) <= 0.05


def test_each_prediction_is_joined_once_and_the_oldest_is_forgotten(served):
    waiting = Waiting(2)
    waiting.keep(["a", "b", "c"], ["yes"] * 3, served.version)
    told = [Outcome(name, "yes") for name in ("a", "b", "b", "c")]
    found = waiting.join(served, told)
    assert (found.rows, found.errors, found.unknown) == (2, 0, 2)


def test_predictions_of_another_version_are_not_counted(served):
    waiting = Waiting(2)
    waiting.keep(["a"], ["yes"], "an older one")
    assert waiting.join(served, [Outcome("a", "yes")]).unknown == 1


def test_outcomes_of_numbers_are_numbers(tmp_path, regressor):
    regressor.save(tmp_path / "amount.gradum")
    client = Client(app(tmp_path / "amount.gradum", limits=RequestLimits(labels=10)))
    example = client.get("/openapi.json").json["paths"]["/predict"]["post"]["requestBody"]
    records = example["content"]["application/json"]["example"]["records"]
    records = [*(record | {"order": "a"} for record in records), *records]
    predicted = client.post("/predict", {"records": records, "id": "order"}).json["answers"][0]
    refused = client.post("/labels", {"labels": [{"id": "a", "label": "much"}]})
    assert refused.status == 422
    assert "'a'" in refused.json["error"]
    assert client.post("/labels", {"labels": [{"id": "b", "label": 10**30}]}).status == 200
    for label in (10**400, -(10**39), 1e300, True, "x" * 100_000, None, [1], {"a": 1}):
        body = {"labels": [{"id": "a" * 1_000, "label": label}]}
        refused = client.post("/labels", body)
        assert refused.status in (400, 422), label
        assert 0 < len(refused.json["error"]) < 500
    told = {"labels": [{"id": "a", "label": predicted["prediction"]}]}
    found = client.post("/labels", told).json
    assert (found["rows"], found["errors"], found["alarm"]) == (1, 0, False)
    metrics = client.get("/metrics").body.decode()
    assert 'gradum_labels_total{model="amount"} 1.0' in metrics


@pytest.mark.slow
def test_an_alarm_of_drift_takes_two_looks_in_a_row(served):
    frame = task("label").select(served.model.features)
    numeric = [c.name for c in served.model.fitted.schema.features if c.kind == "numeric"]
    moved = frame.with_columns(frame[numeric[0]] + 5 * frame[numeric[0]].std()).to_dicts()
    same, figures, recent = frame.to_dicts(), Telemetry(), RecentRows()

    def alarm(rows):
        recent.add(served, rows, 0)
        recent.look(served, figures)
        return figures.registry.get_sample_value("gradum_drift_alarm", {"model": "label"})

    assert [alarm(same), alarm(moved), alarm(moved), alarm(same)] == [0, 0, 1, 0]
    assert alarm(moved[:10]) == 0  # too few rows are not looked at


def test_rows_that_wait_for_a_look_take_bounded_memory(served):
    recent = RecentRows()
    for _ in range(5):
        recent.add(served, [{"text": "a"}], MOST_BYTES // 3)
    assert sum(size for _, size in recent._rows) <= MOST_BYTES
    assert len(recent._rows) == 3
