"""Every kind of rung in the registry: fitted, judged, saved, resumed, stopped and fitted again."""

from dataclasses import replace

import numpy as np
import pytest

from gradum.errors import SpecError
from gradum.run.fingerprint import fingerprint, named_arrays
from gradum.run.options.options import make_spec
from gradum.run.run import run
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.run.spec.spec import LEAST_MEMORY
from gradum.rungs.context import Context
from gradum.rungs.cost import Fit
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.names import EVERY, LADDER
from gradum.rungs.registry import KINDS
from gradum.rungs.settings import SETTINGS
from gradum.ship.rung_record import recorded, restored
from gradum.tables.kinds.design import Feature, Layout
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read
from gradum.tables.split import Part
from grids import pictures
from kept_in_memory import Kept, Killed
from synthetic import ONCE, task

TASKS = ("amount", "label", "grade")
ROWS = 240
EVERY_KIND_AND_TASK = [(name, target) for name in LADDER for target in TASKS]
"""The kinds of forecasts alone have columns that no other table has; see test_run_forecast.py."""


def table(name, target, rows=ROWS):
    """A table that a kind can learn from; one of pictures where it needs them."""
    frame = task(target, rows)
    if not KINDS[name].lacks(grids=False):
        return frame
    return frame.with_columns(photo=pictures(*[(7, 9, 1)] * rows))


def options(name):
    return {**ONCE, "model": "ladder" if name == "baseline" else name}


def learning(name, target):
    """The rows of a table as a run gives them to its rungs, and its spec."""
    source = RowsInMemory(lambda: read(table(name, target)))
    described = source.describe(Asked(make_spec(target, **options(name))), Context())
    with described.divide(Context()) as divided:
        return divided.learning(divided.plan.kept)[1], described.spec.of_rung(name)


def predicted(rung, design):
    prediction = rung.predict(design)
    return prediction.value if prediction.probability is None else prediction.probability


@pytest.fixture(scope="module", params=EVERY_KIND_AND_TASK, ids="-".join)
def fitted(request):
    """A kind of rung, what it learned from, the spec, and the rung."""
    name, target = request.param
    rows, spec = learning(name, target)
    return KINDS[name], rows, spec, rows.fit(KINDS[name], spec, Context(seed=1))


def test_the_registry_is_the_ladder():
    assert tuple(KINDS) == EVERY
    assert all(kind.name == name for name, kind in KINDS.items())
    assert SETTINGS.keys() <= KINDS.keys()


def test_it_is_named_and_predicts_finite_numbers(fitted):
    kind, rows, _, rung = fitted
    said = predicted(rung, rows.all.design)
    assert rung.name == kind.name
    assert len(said) == ROWS
    assert np.isfinite(said).all()


def test_one_row_is_predicted_as_among_many(fitted):
    _, rows, _, rung = fitted
    many = predicted(rung, rows.all.design)[:3]
    one_by_one = [predicted(rung, rows.all.design.take(np.array([row]))) for row in range(3)]
    np.testing.assert_allclose(np.concatenate(one_by_one), many, rtol=1e-4, atol=1e-6)


def test_the_unit_of_the_weights_does_not_matter(fitted):
    kind, rows, spec, rung = fitted
    quadrupled = replace(rows, all=replace(rows.all, weight=4 * rows.all.weight))
    again = quadrupled.fit(kind, spec, Context(seed=1))
    expected = predicted(rung, rows.all.design)
    np.testing.assert_allclose(predicted(again, rows.all.design), expected, rtol=1e-3, atol=1e-4)


def test_the_same_seed_gives_the_same_bits_whatever_the_rows_of_other_parts_are(fitted):
    kind, rows, spec, rung = fitted
    judging = rows.parts == Part.TEST
    assert judging.any()
    target = rows.all.target.copy()
    target[judging] = target[judging][::-1]
    other = replace(rows, all=replace(rows.all, target=target))
    assert fingerprint([other.fit(kind, spec, Context(seed=1))]) == fingerprint([rung])


def test_its_record_and_arrays_restore_it(fitted):
    _, rows, _, rung = fitted
    again = restored(recorded(rung), named_arrays([rung]))
    np.testing.assert_array_equal(
        predicted(again, rows.all.design), predicted(rung, rows.all.design)
    )


def test_its_history_holds_what_the_kind_says(fitted):
    kind, _, _, rung = fitted
    assert bool(rung.history) == bool(kind.course)
    assert all(set(entry) >= set(kind.course) for entry in rung.history)
    assert all(entry[name] is not None for entry in rung.history for name in kind.course[:1])


def test_no_other_kind_takes_it_for_its_own(fitted):
    kind, rows, spec, rung = fitted
    assert kind.holds(rung)
    assert rung.loss == kind.loss(spec, rows.all.classes)
    # A network of one linear layer could be a perceptron.
    assert {other.name for other in KINDS.values() if other.holds(rung)} <= {kind.name, "mlp"}


def test_a_refit_learns_from_all_rows(fitted):
    kind, rows, spec, rung = fitted
    everything = InMemory(rows.all, np.full(ROWS, Part.TRAIN, np.int8))
    again = kind.refit(everything, spec, rung, Context(seed=1))
    assert again.name == kind.name
    said = predicted(again, rows.all.design)
    assert np.isfinite(said).all()
    assert (said != predicted(rung, rows.all.design)).any()


def test_a_wish_to_stop_leaves_a_rung_that_predicts(fitted):
    kind, rows, spec, _ = fitted
    rung = rows.fit(kind, spec, Context(seed=1, stop=lambda: True))
    assert np.isfinite(predicted(rung, rows.all.design)).all()


def test_more_rows_are_said_to_take_longer(fitted):
    kind, rows, spec, _ = fitted
    layout = Layout(tuple(Feature(f"x{j}", f"x{j}", "value") for j in range(9)), (), ())
    few, many = (
        kind.seconds(spec, Fit(count, count // 5, layout, rows.all.classes or 0))
        for count in (1_000, 50_000)
    )
    assert 0 <= few <= many
    assert (many > few) == kind.kept  # what takes no time is not kept


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.kept])
def test_a_run_killed_in_it_goes_on_to_the_same_bits(name):
    spec = make_spec("label", **options(name))
    source = RowsInMemory(lambda: read(table(name, "label")))
    whole = run(spec, source).fitted
    checkpoints, seen = Kept(), []

    def kill(event):
        seen.append(event)
        if len(seen) == 6:
            raise Killed

    with pytest.raises(Killed):
        run(spec, source, context=Context(tell=kill, checkpoints=checkpoints))
    resumed = run(spec, source, context=Context(checkpoints=checkpoints)).fitted
    assert resumed.provenance.fingerprint == whole.provenance.fingerprint
    kept = checkpoints.rungs[f"fit-{name}"]
    assert fingerprint([kept]) == fingerprint([resumed.rungs[name]])


@pytest.mark.parametrize("name", [name for name in KINDS if name != "baseline"])
@pytest.mark.parametrize("target", TASKS)
def test_in_blocks_it_is_fitted_or_refused(name, target):
    frame = table(name, target, 400)
    spec = make_spec(target, max_memory=LEAST_MEMORY, **options(name))
    batches = (frame[at : at + 100] for at in range(0, len(frame), 100))
    with opened(batches) as rows:
        if not KINDS[name].in_blocks:
            with pytest.raises(SpecError, match=f"{KINDS[name].title} learns from rows in memory"):
                run(spec, RowsInBlocks(rows))
            return
        finished = run(spec, RowsInBlocks(rows))
    rung = finished.fitted.rungs[name]
    said = predicted(rung, finished.fitted.encoder.transform(finished.dataset.frame))
    assert np.isfinite(said).all()
