import evidence_of
import numpy as np
import pytest

from gradum.study.lift import TOPS, lift


def ranked(rows=400, seed=0, **more):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, rows)
    score = 1 / (1 + np.exp(-(rng.normal(size=rows) + 1.5 * target - 0.7)))
    return evidence_of.classes(target, score, **more), target, score


def test_gain_counts_the_class_among_the_rows_that_rank_highest():
    evidence, target, score = ranked()
    found = lift(evidence)
    order = np.argsort(-score)
    for top, share in zip(found.tops, TOPS, strict=True):
        among = target[order[: round(share * len(target))]].sum()
        assert top.gain.value == pytest.approx(among / target.sum())
        assert top.lift.value == pytest.approx(top.gain.value / share)
        assert top.gain.low < top.gain.value < top.gain.high
    assert found.prevalence == pytest.approx(target.mean())
    assert f"hold {100 * found.tops[3].gain.value:.0f}% [" in found.sentence


def test_weights_count_as_repetition():
    _, target, score = ranked(200)
    weight = np.random.default_rng(1).integers(1, 4, 200)
    weighted = lift(evidence_of.classes(target, score, weight=weight))
    repeated = lift(evidence_of.classes(np.repeat(target, weight), np.repeat(score, weight)))
    for one, other in zip(weighted.tops, repeated.tops, strict=True):
        assert one.gain.value == pytest.approx(other.gain.value)


def test_a_constant_score_gains_what_chance_does():
    found = lift(evidence_of.classes(np.tile([0, 1, 1], 40), np.full(120, 0.5)))
    assert [top.lift.value for top in found.tops] == pytest.approx([1.0] * len(TOPS))


def test_one_class_alone_has_no_gain():
    assert lift(evidence_of.classes(np.ones(30, int), np.linspace(0, 1, 30))) is None
