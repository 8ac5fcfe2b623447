"""A step as text: the very numbers that a pencil finds, and a summary where they are many."""

import io
import re

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from gradum.core import (
    L1,
    L2,
    LOSSES,
    ElasticNet,
    Embedding,
    LogLoss,
    Network,
    Problem,
    Quantile,
    SquaredError,
)
from gradum.show.step.explain_step import StepExplanation
from gradum.study.explain_step import Names, explain_step

PARAMS = {
    "layers": [
        {"weight": np.array([[0.5, -1.0], [0.25, 0.5]]), "bias": np.array([0.5, -0.25])},
        {"weight": np.array([[2.0], [3.0]]), "bias": np.array([-1.0])},
    ]
}
ROW = {"dense": np.array([[1.0, 2.0]])}
NAMES = Names(("width", "height"), ("ŷ",), ("A remark [in brackets] & more.",))


@pytest.fixture(autouse=True)
def _wide_console(monkeypatch):
    monkeypatch.setenv("COLUMNS", "132")


def tiny(loss=None, target=1.0, rate=0.1, names=NAMES, **options):
    problem = Problem(Network(2, hidden=(2,)), loss or SquaredError(), **options)
    return StepExplanation(
        explain_step(PARAMS, problem, ROW, target, learning_rate=rate, names=names)
    )


def lines(explained):
    """Each line with its spaces made one, its minus signs plain."""
    return [re.sub(r"\s+", " ", line).strip() for line in str(explained).splitlines()]


def test_a_net_of_two_inputs_is_printed_as_it_is_computed_by_hand():
    said = "\n".join(lines(tiny()))
    for expected in (
        "z₀ = x width 1\nheight 2",
        "W₁ width 0.5 −1\nheight 0.25 0.5",
        "b₁ 0.5 −0.25",
        "a₁ = z₀ W₁ + b₁ 1.5 −0.25",
        "z₁ = relu(a₁) 1.5 0",
        "a₂ = z₁ W₂ + b₂ 2",
        "ŷ = a₂ 2",
        "y 1",
        "ℓ = (ŷ − y)² 1",
        "δ₂ = dℓ/da₂ = 2(ŷ − y) 2",
        "dL/dW₂ = z₁ᵀ δ₂ 3\n0",
        "dL/db₂ = δ₂ 2",
        "relu′(a₁) 1 0",
        "δ₁ = (W₂ δ₂) · relu′(a₁) 4 0",
        "dL/dW₁ = z₀ᵀ δ₁ 4 0\n8 0",
        "dL/db₁ = δ₁ 4 0",
        "against every one of the 9 entries of dL/dθ",
        "verdict agree",
        "W₁ ← W₁ − 0.1·dL/dW₁ 0.1 −1\n−0.55 0.5",
        "W₂ ← W₂ − 0.1·dL/dW₂ 1.7\n3",
        "b₂ ← b₂ − 0.1·dL/db₂ −1.2",
        "ℓ after the step 4.84, from 1",
    ):
        assert expected in said
    titles = ["forward", "loss", "backward", "check", "update"]
    assert [line for line in lines(tiny()) if line in titles] == titles


def test_a_step_that_is_too_long_is_said():
    assert "The objective rose: the step is too long" in str(tiny(rate=0.1))
    assert "The objective rose" not in str(tiny(rate=0.01))
    assert '<p class="alarm"><strong>The objective rose' in tiny(rate=0.1).page()
    assert '<p class="alarm">' not in tiny(rate=0.01).page()
    console = Console(force_terminal=True, color_system="standard", width=132, file=io.StringIO())
    console.print(tiny(rate=0.1))
    assert "\x1b[1;31mThe objective rose" in console.file.getvalue()


def test_a_penalty_is_part_of_the_loss_and_of_the_gradient():
    said = lines(tiny(penalty=L2(0.5)))
    # ½·½·(0.25 + 1 + 0.0625 + 0.25 + 4 + 9)
    assert "penalty = alpha·½·Σw² 3.6406" in said
    assert "L = ℓ + penalty 4.6406" in said
    assert "dL/dW₂ = z₁ᵀ δ₂ + alpha·w 4" in said
    said = lines(tiny(penalty=ElasticNet(0.5, 0.25)))
    assert "ρ 0.25" in said
    assert any("alpha·(ρ·sign w + (1 − ρ)w)" in line for line in said)


@pytest.mark.parametrize("loss", [each for each in LOSSES.values() if not each.one_score], ids=str)
def test_every_loss_has_its_formula_and_its_number(loss):
    """But for classes in an order, whose steps are refused."""
    explained = tiny(loss, 1, names=None)
    step = explained.step
    found = [line for line in lines(explained) if line.startswith("ℓ = ")]
    assert len(found) == 1
    assert found[0].endswith(f" {step.loss:.5g}".replace("-", "−"))
    assert loss.name not in found[0]


def test_two_classes_are_named_with_their_probability():
    said = lines(tiny(LogLoss(), 1, names=Names(("width", "height"), ("no", "yes"))))
    # the logit is 2
    assert "p = 1/(1 + e^−a₂) 0.8808, the probability of yes" in said
    assert "t 1, the class being yes" in said
    assert "ℓ = −t·log p − (1 − t)·log(1 − p) 0.12693" in said
    assert "δ₂ = dℓ/da₂ = p − t −0.1192" in said


def test_three_classes_are_listed():
    params = {"layers": [{"weight": np.zeros((2, 3)), "bias": np.log([1.0, 2.0, 5.0])}]}
    names = Names(("width", "height"), ("a", "b", "c"))
    problem = Problem(Network(2, 3), LogLoss())
    said = "\n".join(lines(StepExplanation(explain_step(params, problem, ROW, 2, names=names))))
    assert "p = softmax(a₁) a 0.125\nb 0.25\nc 0.625" in said
    assert "t 1 for c, 0 for the others" in said
    assert "δ₁ = dℓ/da₁ = p − t 0.125 0.25 −0.375" in said


def test_large_matrices_are_summarised_by_size_largest_entries_and_norm():
    network = Network(20, 1, (30,), "tanh")
    params = network.init(np.random.default_rng(0), np.float64)
    inputs = {"dense": np.ones((1, 20))}
    said = str(StepExplanation(explain_step(params, Problem(network, SquaredError()), inputs, 0.0)))
    weight = params["layers"][0]["weight"]
    largest = f"{weight.flat[np.abs(weight).argmax()]:.5g}".replace("-", "−")
    norm = f"{np.linalg.norm(weight):.5g}"
    assert re.search(rf"W₁ +20 × 30: largest {largest} .*, 596 more; norm {norm}", said)
    assert re.search(r"^ +and 8 more numbers, which move a₁ less than these", said, re.MULTILINE)
    assert max(map(len, said.splitlines())) < 132


def test_embedded_rows_are_shown_before_and_after():
    network = Network(1, embedding=Embedding(rows=3, columns=1, size=2))
    params = {
        "layers": [{"weight": np.array([[1.0], [2.0], [3.0]]), "bias": np.zeros(1)}],
        "embedding": np.array([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]]),
    }
    inputs = {"dense": np.zeros((1, 1)), "codes": np.array([[1]], np.int32)}
    problem = Problem(network, SquaredError())
    said = lines(StepExplanation(explain_step(params, problem, inputs, 4.0, learning_rate=0.1)))
    assert "dL/dE[1] = its part of W₁ δ₁ 4 6" in said  # ŷ = 5 and δ = 2
    assert "E[1] ← E[1] − 0.1·dL/dE[1] 0.6 0.4" in said


def printed(explained, width):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(explained)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_terminal_notebook_and_text_say_the_same(monkeypatch):
    explained = tiny()
    monkeypatch.setenv("COLUMNS", "100")
    assert printed(explained, 100) == str(explained).splitlines()
    assert repr(explained) == str(explained)
    markup = explained._repr_html_()
    assert markup.startswith("<pre")
    assert "A remark [in brackets] &amp; more." in markup
    assert "δ₁ = (W₂ δ₂) · relu′(a₁)" in markup


def wide_step():
    network = Network(3, 3, (6,), "tanh")
    params = network.init(np.random.default_rng(0), np.float64)
    names = Names(("a name that runs on and on, far beyond any column of a page", "b", "c"), ())
    problem = Problem(network, Quantile((0.1, 0.5, 0.9)), ElasticNet(0.1, 0.5, factor=np.ones(3)))
    inputs = {"dense": np.array([[-1.23456, 2.0, 3.0]])}
    return StepExplanation(explain_step(params, problem, inputs, 0.3, names=names))


@pytest.mark.parametrize("width", [72, 80, 100])
def test_the_text_is_as_wide_as_the_console_and_no_number_is_cut(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    explained = wide_step()
    assert max(map(len, str(explained).splitlines())) <= width
    assert max(map(len, printed(explained, width))) <= width
    whole = r"−?\d+(\.\d+)?(e[−+]\d+)?"
    first = next(line for line in lines(explained) if line.startswith("dL/db₂"))
    assert re.fullmatch(rf"dL/db₂ = δ₂ {whole} {whole} {whole}", first)


def test_a_matrix_has_fewer_digits_on_a_narrow_console_and_a_summary_on_a_narrower_one():
    weight = wide_step().step.params["layers"][0]["weight"]

    def row(digits):
        return " +".join(f"{value:.{digits}g}".replace("-", "−") for value in weight[1])

    wide, middle, narrow = ("\n".join(printed(wide_step(), width)) for width in (132, 114, 80))
    assert re.search(f"b +{row(5)}", wide)
    assert re.search(f"b +{row(3)}", middle)
    largest = f"{weight.flat[np.abs(weight).argmax()]:.3g}".replace("-", "−")
    assert re.search(rf"W₁ +3 × 6: largest {largest} .*; norm {np.linalg.norm(weight):.3g}", narrow)


def test_the_slope_of_an_l1_term_is_said_at_zero():
    params = {"layers": [{"weight": np.array([[0.0], [-2.0]]), "bias": np.zeros(1)}]}
    problem = Problem(Network(2), SquaredError(), L1(0.5))
    said = lines(StepExplanation(explain_step(params, problem, ROW, -5.0, names=NAMES)))
    # ŷ = −4, 2(ŷ − y) = 2: the slopes are 2·1 + 0 and 2·2 − 0.5.
    at = said.index("dL/dW₁ = z₀ᵀ δ₁ + alpha·sign w 2")
    assert said[at + 1] == "3.5"
    assert "sign 0 = 0 the middle of the slopes at the kink of |w|; 1 weight is there" in " ".join(
        said
    )
    assert not any("sign 0" in line for line in lines(tiny(penalty=L2(0.5))))


def test_a_log_link_several_quantiles_and_smoothed_labels_are_written_as_they_are():
    said = lines(tiny(LOSSES["poisson"], 3.0))
    assert "ŷ = e^a₂ 7.3891" in said  # the logit is 2
    said = "\n".join(lines(wide_step()))
    assert "ŷ = a₂, in rising order" in said
    two = Names(("width", "height"), ("no", "yes"))
    said = lines(tiny(LogLoss(label_smoothing=0.1), 1, names=two))
    assert "t ← (1 − s)·t + s/K 0.95" in said
    assert "δ₂ = dℓ/da₂ = p − t −0.069203" in said  # 0.8808 − 0.95


def test_what_overflows_after_the_step_is_said():
    said = "\n".join(lines(tiny(rate=1e300)))
    assert "ℓ after the step beyond 1e308, from 1" in said
    assert "The objective rose" in said


def test_names_of_characters_two_cells_wide_line_up_and_fit():
    names = Names(("体重", "从喙根到喙尖量得的长度，以毫米为单位，精确到小数点后一位"), ("ŷ",))
    for width in (132, 60):
        shown = printed(tiny(names=names), width)
        assert max(map(cell_len, shown)) <= width
        start = next(place for place, line in enumerate(shown) if "z₀ = x" in line)
        first, second = shown[start : start + 2]
        assert (first[-1], second[-1]) == ("1", "2")
        assert cell_len(first) == cell_len(second)
