"""A pack opened at its first sums: shares of columns against predictions of changed tables."""

import numpy as np
import pytest

from gradum.study.findings.importance import importance
from gradum.study.first_layer import Opened
from packed_models import TARGETS, pack_of

COLUMNS = {"size", "age", "colour", "member", "shop", "day", "note"}


def opened(target):
    run = pack_of(target).run
    judge = run.judges[0]
    frame = run.dataset.frame
    rung = judge.rungs["pack"]
    return Opened.of(rung, judge.encoder.transform(frame)), judge.encoder, frame, rung


@pytest.mark.parametrize("target", TARGETS)
def test_it_has_the_columns_embedding_and_text_that_this_is_about(target):
    _, encoder, _, rung = opened(target)
    assert rung.network.embedding
    assert rung.network.projected > 0
    assert rung.network.codes > 0
    columns = [feature.source for feature in encoder.layout.dense]
    pairs = [{columns[one], columns[other]} for one, other, _ in rung.network.pairs]
    assert {"size", "age"} in pairs
    assert "one_hot" in rung.input_layer.treatments


@pytest.mark.parametrize("target", TARGETS)
def test_the_total_leads_to_the_logits(target):
    box, encoder, frame, rung = opened(target)
    expected = rung.logits(encoder.transform(frame))
    np.testing.assert_allclose(box.logits(box.total), expected, rtol=1e-4, atol=1e-4)
    assert box.total.shape == (len(frame), rung.network.members * (8 + rung.network.outputs))


@pytest.mark.parametrize("target", TARGETS)
def test_shares_and_what_no_column_adds_are_the_total(target):
    """A pack that sees no column, nor any pair of them, has the same first sum for all rows."""
    box, encoder, _, rung = opened(target)
    assert set(encoder.layout.sources) == COLUMNS
    rest = box.total - sum(box.share(column) for column in COLUMNS)
    assert np.abs(rest - rest[:1]).max() > 0.01
    rest -= box.first_layer.of_pairs(list(range(len(rung.network.pairs))), box.inputs["dense"])
    np.testing.assert_allclose(rest, np.broadcast_to(rest[:1], rest.shape), atol=1e-3)
    assert box.share("nobody") is None
    assert box.change("nobody") is None


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("column", sorted(COLUMNS))
def test_another_row_s_values_do_what_is_said(target, column):
    box, encoder, frame, rung = opened(target)
    order = np.random.default_rng(0).permutation(len(frame))
    own = np.arange(len(frame))
    moved = box.logits(box.total + box.change(column)(own, order))
    changed = frame.with_columns(frame[column].gather(order))
    expected = rung.logits(encoder.transform(changed))
    np.testing.assert_allclose(moved, expected, rtol=1e-3, atol=1e-3)
    assert np.abs(expected - rung.logits(encoder.transform(frame))).max() > 0.01


def test_some_rows_may_take_the_values_of_others():
    box, _, frame, _ = opened("amount")
    own, others = np.array([3, 4, 10]), np.array([7, 7, 2])
    order = np.arange(len(frame))
    order[own] = others
    for column in COLUMNS:
        change = box.change(column)
        np.testing.assert_allclose(
            change(own, others), change(np.arange(len(frame)), order)[own], rtol=1e-4, atol=1e-5
        )


def test_importance_is_asked_of_every_column():
    found = importance(pack_of("amount").run)
    assert {each.column for each in found.columns} == COLUMNS
    first = found.columns[0]
    assert first.column == "size"  # most of what the target is made of
    assert first.increase.low > 0
