"""Tables drawn anew and learned from again, against what least squares is known to do."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.errors import SpecError
from gradum.run.spec.spec import ReportSpec
from gradum.study.findings.findings import without_rows
from gradum.study.findings.refits import _counts, refits
from gradum.tables.split import Part

ROWS, COUNT, NOISE = 1200, 6, 2.0


def table(classes):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 4))
    y = x @ [3.0, 1.0, 0.3, 0.0] + NOISE * rng.normal(size=ROWS)
    if classes:
        y = np.where(y + NOISE * rng.logistic(size=ROWS) > 1.5, "yes", "no")
    return pl.DataFrame(x, schema=["a", "b", "c", "d"]).with_columns(y=pl.Series(y))


def fitted(data, **more):
    asked = {"model": "linear", "explain": False, "learning_curve": False, "refits": COUNT}
    return gradum.fit(data, "y", **asked | more)


@pytest.fixture(scope="module")
def number():
    return fitted(table(classes=False))


def test_a_number_moves_as_far_as_least_squares_lets_it(number):
    found, learned = number.findings.refits, int(np.count_nonzero(number.run.parts != Part.TEST))
    expected = NOISE * (5 / learned) ** 0.5  # σ √(p / n), the root mean square over rows
    assert found.moved == pytest.approx(expected, rel=0.3)
    assert found.decided_otherwise is None
    assert (found.columns[0].column, found.same_first) == ("a", COUNT)
    assert found.columns[0].importance.low > found.columns[-1].importance.high


def test_each_judged_row_knows_how_far_it_moves_and_those_far_out_move_more(number):
    found, data = number.findings.refits, number.run.dataset
    judged = np.concatenate(
        [np.flatnonzero(judge.parts == Part.TEST) for judge in number.run.judges]
    )
    assert list(found.by_row) == (judged + 1).tolist()
    moves = np.array(list(found.by_row.values()))
    assert found.moved == pytest.approx(np.sqrt(np.square(moves).mean()))
    out = np.square(data.frame[judged].select("a", "b", "c", "d").to_numpy()).sum(axis=1)
    order = np.argsort(out)  # σ √((1 + |x|²) / n), of columns of one spread
    assert moves[order[-60:]].mean() > 1.3 * moves[order[:60]].mean()
    assert found.moves(judged[0] + 1)
    assert found.moves(ROWS + 1) == ""
    assert without_rows(number.findings).refits == structs.replace(found, by_row={})


def test_the_interval_of_a_fresh_table_has_the_rows_of_both_tables_and_what_they_learn(number):
    found = number.findings.refits
    own = number.fitted.judgement.scores["linear"]["test"][found.metric]
    assert found.by_rows == own.standard_error
    assert 0 < found.by_refits < found.by_rows  # few columns, and many rows
    longer = (2 * (1 + (found.by_refits / found.by_rows) ** 2)) ** 0.5
    assert found.score.high - own.value == pytest.approx(longer * (own.high - own.value))
    assert found.score.value == own.value


@pytest.mark.slow
def test_classes_are_decided_otherwise_where_they_are_close():
    data = table(classes=True)
    found = fitted(data).findings.refits
    assert found == fitted(data).findings.refits
    assert 0 < found.decided_otherwise < 0.1
    assert 0 < found.moved < 0.1
    assert f"in {found.same_first} of {COUNT} refits" in found.sentence


def test_groups_are_drawn_as_a_whole(number):
    groups = np.arange(ROWS) // 5
    data = number.run.dataset
    grouped = type("Grouped", (), {"groups": groups, "__len__": lambda self: ROWS})()
    counts = _counts(grouped, np.random.default_rng(0)).reshape(-1, 5)
    assert (counts == counts[:, :1]).all()
    assert counts[:, 0].sum() == ROWS // 5
    assert _counts(data, np.random.default_rng(0)).sum() == ROWS


def test_what_cannot_be_drawn_anew_is_said(number):
    data = table(classes=False).with_columns(day=pl.Series(np.arange(ROWS)))
    assert "order of time" in fitted(data, time="day").findings.refits.skipped
    judgement = number.fitted.judgement
    guessing = structs.replace(judgement.verdict, used="baseline")
    judged = replace(number.fitted, judgement=structs.replace(judgement, verdict=guessing))
    assert "baseline" in refits(replace(number.run, fitted=judged), 2).skipped


@pytest.mark.parametrize("count", [1, 0, -3])
def test_fewer_than_two_refits_are_refused(count):
    with pytest.raises(SpecError, match="refits is"):
        ReportSpec(refit_count=count)
