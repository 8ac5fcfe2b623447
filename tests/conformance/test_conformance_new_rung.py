"""A rung is added as CONTRIBUTING says: a file for its kind, a line in each of two registries."""

from time import perf_counter

import numpy as np
import pytest

import gradum
from gradum.core.models.network import Network
from gradum.run.spec import spec as spec_module
from gradum.rungs.kind import RungKind
from gradum.rungs.names import LADDER
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.rungs.target_scale import TargetScale
from gradum.solvers.solution import Certificate, Status
from gradum.tables.split import Part
from ladder import PLAIN_LADDER
from synthetic import ONCE, task


class MedianKind(RungKind[None]):
    """A toy: the median of the training rows."""

    name = title = "median"
    in_words = "the median"
    in_blocks = True

    def fit(self, rows, spec, context):
        return self._median(rows.take(Part.TRAIN, Part.VALIDATION))

    def fit_in_blocks(self, rows, spec, context):
        return self._median(rows.take(Part.TRAIN))

    def refit(self, rows, spec, judged, context):
        return self.fit(rows, spec, context)

    def holds(self, rung):
        return rung.input_layer is None

    def seconds(self, spec, fit):
        return 1e-8 * fit.rows

    def _median(self, rows):
        began = perf_counter()
        scale = TargetScale.fit(rows.target, rows.weight, log=False)
        bias = scale.forward(np.array([np.median(rows.target)]))
        return Rung(
            name="median",
            loss="squared_error",
            network=Network(inputs=0, outputs=1),
            params={"layers": [{"weight": np.zeros((0, 1)), "bias": bias}]},
            input_layer=None,
            target_scale=scale,
            clamp=False,
            status=Status.CONVERGED,
            certificate=Certificate("stationary"),
            seconds=perf_counter() - began,
        )


@pytest.fixture
def with_the_median(monkeypatch):
    monkeypatch.setitem(KINDS, "median", MedianKind())
    monkeypatch.setattr(spec_module, "LADDER", (*LADDER, "median"))


def test_the_ladder_has_it_from_the_fit_to_the_report_and_the_file(with_the_median, tmp_path):
    frame = task("amount", 240)
    events = []
    model = gradum.fit(frame, "amount", on_event=events.append, learning_curve=False, **ONCE)
    assert list(model.fitted.rungs) == [*PLAIN_LADDER, "median"]
    learned = frame["amount"].to_numpy()[model.run.parts != Part.TEST]
    np.testing.assert_allclose(model.predict(frame[:3], rung="median"), np.median(learned))
    assert "median" in model.scores["rung"].to_list()
    assert any(getattr(event, "rung", None) == "median" for event in events)
    assert "median" in model.report()
    model.save(tmp_path / "m.gradum")
    again = gradum.load(tmp_path / "m.gradum")
    np.testing.assert_array_equal(
        again.predict(frame, rung="median"), model.predict(frame, rung="median")
    )


def test_it_learns_from_blocks(with_the_median):
    frame = task("amount", 400)
    batches = (frame[at : at + 100] for at in range(0, len(frame), 100))
    model = gradum.fit(batches, "amount", learning_curve=False, **ONCE)
    assert list(model.fitted.rungs) == ["baseline", "linear", "mlp", "median"]
