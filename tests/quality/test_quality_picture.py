"""The critical-difference picture shows the numbers it is made of."""

import pytest
from benchmarks.quality.difference import critical_difference
from benchmarks.quality.picture import AXIS, NAMES, WIDTH, critical_differences

METHODS = ["catboost", "lightgbm", "xgboost", "linear", "mlp"]
RANKS = [1.2, 2.4, 3.1, 3.9, 4.4]


@pytest.fixture(scope="module")
def picture():
    return critical_differences(METHODS, RANKS, 16)


def marks(picture, layer):
    specification = picture.specification
    data = specification["layer"][layer]["data"]
    return data["values"] if "values" in data else specification["datasets"][data["name"]]


def across(rank):
    return NAMES + AXIS * (rank - 1) / 4


def test_a_line_leads_from_the_rank_of_every_method_to_its_name(picture):
    lines = marks(picture, 0)
    words = marks(picture, 3) + marks(picture, 4)
    assert [word["word"] for word in words] == [
        f"{name} {rank:.2f}" for name, rank in zip(METHODS, RANKS, strict=True)
    ]
    for word, rank in zip(words, RANKS, strict=True):
        aside = [line for line in lines if line["y"] == line["y2"] == word["y"]]
        aside = [line for line in aside if line["x2"] == word["x"]]
        assert [line["x"] for line in aside] == pytest.approx([across(rank)], rel=1e-4)


def test_bars_join_what_is_not_told_apart(picture):
    least = critical_difference(5, 16)  # 1.53
    bars = marks(picture, 1)
    expected = [(1.2, 2.4), (2.4, 3.9), (3.1, 4.4)]
    assert all(last - first < least for first, last in expected)
    assert [(bar["x"] + 4, bar["x2"] - 4) for bar in bars] == [
        pytest.approx((across(first), across(last)), abs=0.1) for first, last in expected
    ]
    assert len({bar["y"] for bar in bars}) == 3


def test_the_critical_difference_is_drawn_to_scale(picture):
    least = critical_difference(5, 16)
    spans = [line for line in marks(picture, 0) if line["x"] == across(1) < line["x2"]]
    assert any(line["x2"] - line["x"] == pytest.approx(AXIS * least / 4, abs=0.1) for line in spans)
    words = {word["word"] for word in marks(picture, 2)}
    assert words == {"1", "2", "3", "4", "5", f"critical difference {least:.2f}"}


def test_it_is_an_svg_that_names_all(picture):
    svg = picture.drawn(WIDTH)
    assert svg.startswith("<svg")
    assert "var(--" not in svg
    assert all(f"{name} {rank:.2f}" in svg for name, rank in zip(METHODS, RANKS, strict=True))
    assert "catboost 1.20; lightgbm 2.40" in picture.description


@pytest.mark.parametrize("count", [2, 3, 10])
def test_any_number_of_methods_can_be_drawn(count):
    ranks = [1 + (count - 1) * place / (count - 1) for place in range(count)]
    svg = critical_differences([f"m{place}" for place in range(count)], ranks, 2).drawn(WIDTH)
    assert all(f">m{place} " in svg for place in range(count))
