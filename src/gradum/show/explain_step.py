"""One step of learning as a worked example: each formula beside its numbers."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradum.core import L1, L2, ElasticNet, LogLoss
from gradum.show.text import plain
from gradum.study.explain_step import Step

MOST_ROWS, MOST_COLUMNS = 16, 6
"""A matrix up to this size is printed in full."""

FIRST = 4
"""Of a larger one, so many entries."""

WIDTH = 132

LOSS = {
    "squared_error": "(ŷ − y)²",
    "absolute_error": "|ŷ − y|",
    "huber": "r² for |r| ≤ δ, else 2δ|r| − δ²;  r = ŷ − y",
    "quantile": "mean over τ of max(τ(y − ŷ), (τ − 1)(y − ŷ))",
    "poisson": "e^a − y·a + y·log y − y",
    "gamma": "y·e^−a + a − log y − 1",
    "log_loss": "−Σ t·log p",
}
"""ℓ, by the name of the loss, in the prediction ŷ or the logit a."""

LOSS_SLOPE = {
    "squared_error": "2(ŷ − y)",
    "absolute_error": "sign(ŷ − y)",
    "huber": "2r, held within ±2δ",
    "quantile": "(1[y < ŷ] − τ)/k",
    "poisson": "e^a − y",
    "gamma": "1 − y·e^−a",
    "log_loss": "p − t",
}
"""dℓ/da of the logits a."""

LINK = {"identity": "ŷ = a", "log": "ŷ = e^a"}

PENALTY: dict[type, tuple[str, str]] = {
    L2: ("alpha·½·Σw²", "alpha·w"),
    L1: ("alpha·Σ|w|", "alpha·sign w"),
    ElasticNet: ("alpha·Σ(ρ|w| + (1 − ρ)½w²)", "alpha·(ρ·sign w + (1 − ρ)w)"),
}
"""The penalty of the weights, and its slope."""


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """One step of learning on one row, to be read; ``step`` has every number.

    It shows itself in a terminal, in a notebook, and as text by ``str``.
    """

    step: Step

    def __rich__(self) -> RenderableType:
        return Group(*step_parts(self.step))

    def __str__(self) -> str:
        text = plain(*step_parts(self.step), width=WIDTH)
        return "\n".join(line.rstrip() for line in text.splitlines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f'<pre style="line-height: 1.25">{html.escape(str(self))}</pre>'


def step_parts(step: Step) -> list[RenderableType]:
    """Show forward, loss, backward, check and update."""
    parts: list[RenderableType] = [Text("One row, one step of gradient descent", style="bold")]
    parts.extend(Text(remark, style="dim") for remark in step.names.remarks)
    for title, lines in (
        ("forward", _forward(step)),
        ("loss", _loss(step)),
        ("backward", _backward(step)),
        ("check", _check(step)),
        ("update", _update(step)),
    ):
        parts.append(Text(f"\n{title}", style="bold"))
        parts.append(Padding(_lines(lines), (0, 0, 0, 2)))
    return parts


Line = tuple[str, str]
"""A formula and its numbers."""


def _lines(lines: list[Line]) -> Table:
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for formula, numbers in lines:
        table.add_row(Text(formula), Text(numbers))
    return table


def _forward(step: Step) -> list[Line]:
    lines = [("z₀ = x", _vector(step.layers[0].input, step.names.inputs))]
    for level, layer in enumerate(step.layers, start=1):
        names = step.names.inputs if level == 1 else ()
        lines.append((f"W{_sub(level)}", _matrix(layer.weight, names)))
        if layer.bias is not None:
            lines.append((f"b{_sub(level)}", _vector(layer.bias)))
        plus = "" if layer.bias is None else f" + b{_sub(level)}"
        formula = f"a{_sub(level)} = z{_sub(level - 1)} W{_sub(level)}{plus}"
        lines.append((formula, _vector(layer.pre_activation)))
        if layer.activation is not None:
            formula = f"z{_sub(level)} = {layer.activation}(a{_sub(level)})"
            lines.append((formula, _vector(layer.output)))
    return [*lines, _prediction(step)]


def _prediction(step: Step) -> Line:
    last = f"a{_sub(len(step.layers))}"
    if step.problem.loss.link != "logit":
        formula = LINK.get(step.problem.loss.link, "ŷ").replace("a", last)
        return formula, _vector(step.prediction)
    if len(step.logits) > 1:
        return f"p = softmax({last})", _vector(step.prediction, step.names.outputs)
    said = f"{_number(step.prediction[1])}, the probability of {step.names.outputs[1]}"
    return f"p = 1/(1 + e^−{last})", said


def _loss(step: Step) -> list[Line]:
    loss, binary = step.problem.loss, len(step.logits) == 1
    lines = [_truth(step), *_settings(loss)]
    formula = LOSS.get(loss.name, loss.name)
    if isinstance(loss, LogLoss) and binary and not loss.label_smoothing:
        formula = "−t·log p − (1 − t)·log(1 − p)"
    lines.append((f"ℓ = {formula}", _number(step.loss)))
    if _priced(step):
        lines += [(each, f"{float(value):g}") for each, value in _strengths(step).items()]
        lines.append((f"penalty = {_penalty(step)[0]}", _number(step.penalty)))
        lines.append(("L = ℓ + penalty", _number(step.objective)))
    return lines


def _truth(step: Step) -> Line:
    truth, classes = step.target, step.names.outputs
    if step.problem.loss.link != "logit":
        return "y", _number(truth[0])
    if truth.ndim == 2:
        return "t", _vector(truth[0], classes)
    if not np.issubdtype(truth.dtype, np.integer):
        return "t", _number(truth[0])
    if len(step.logits) == 1:
        return "t", f"{truth[0]}, the class being {classes[truth[0]]}"
    return "t", f"1 for {classes[truth[0]]}, 0 for the others"


def _settings(loss: Any) -> list[Line]:
    """Return a loss's own numbers: δ, τ, the smoothing."""
    symbols = {"delta": "δ", "levels": "τ", "label_smoothing": "s, in t ← (1 − s)·t + s/K"}
    found = {symbol: getattr(loss, name, None) for name, symbol in symbols.items()}
    return [(symbol, _vector(np.atleast_1d(value))) for symbol, value in found.items() if value]


def _penalty(step: Step) -> tuple[str, str]:
    penalty = step.problem.penalty
    price, slope = PENALTY.get(type(penalty), ("of the weights", "its slope"))
    return (price, slope) if penalty.factor is None else (price.replace("Σ", "Σf·"), f"f·{slope}")


def _strengths(step: Step) -> dict[str, Any]:
    penalty = step.problem.penalty
    ratio = {"ρ": penalty.l1_ratio} if isinstance(penalty, ElasticNet) else {}
    return {"alpha": penalty.alpha, **ratio}


def _priced(step: Step) -> bool:
    return bool(np.any(np.asarray(step.problem.penalty.alpha) > 0))


def _backward(step: Step) -> list[Line]:
    loss, lines = step.problem.loss, []
    for level in range(len(step.layers), 0, -1):
        layer, here, below = step.layers[level - 1], _sub(level), _sub(level - 1)
        if layer.activation is None:
            formula = f"dℓ/da{here} = {LOSS_SLOPE.get(loss.name, 'the slope of the loss')}"
        else:
            lines.append((f"{layer.activation}′(a{here})", _vector(layer.slope)))
            above = _sub(level + 1)
            formula = f"(W{above} δ{above}) · {layer.activation}′(a{here})"
        lines.append((f"δ{here} = {formula}", _vector(layer.delta)))
        price = f" + {_penalty(step)[1]}" if _priced(step) else ""
        formula = f"dL/dW{here} = z{below}ᵀ δ{here}{price}"
        lines.append((formula, _matrix(layer.weight_gradient)))
        if layer.bias_gradient is not None:
            lines.append((f"dL/db{here} = δ{here}", _vector(layer.bias_gradient)))
    for code, slope in step.embedded.items():
        lines.append((f"dL/dE[{code}] = its part of W₁ δ₁", _vector(slope)))
    return lines


def _check(step: Step) -> list[Line]:
    check = step.check
    name, place = check.where
    which = f"every one of the {check.of:,} entries of dL/dθ"
    if check.entries < check.of:
        which = f"{check.entries:,} of the {check.of:,} entries of dL/dθ, drawn at random"
    at = f"{_pretty(name)}[{', '.join(str(index + 1) for index in place)}]"
    pair = f"{check.by_hand:.10g} by hand, {check.by_difference:.10g} by difference"
    pair = pair.replace("-", "−")
    verdict = "agree" if check.passed else "DISAGREE: the gradient is wrong"
    lines = [
        ("(L(θ + h) − L(θ − h)) / 2h", f"against {which}"),
        ("largest disagreement", f"{check.largest:.2g} at {at}: {pair}"),
        ("verdict", f"{verdict} (rounding explains up to {check.tolerance:.2g})"),
    ]
    if check.kinks:
        lines.append(("kinks", f"{check.kinks:,} entries have a kink within h and were left out"))
    return lines


def _update(step: Step) -> list[Line]:
    rate = f"{step.learning_rate:g}"
    lines = []
    for level, layer in enumerate(step.after["layers"], start=1):
        for letter, name in (("W", "weight"), ("b", "bias")):
            if name in layer:
                symbol, values = f"{letter}{_sub(level)}", layer[name]
                written = _matrix(values) if values.ndim == 2 else _vector(values)
                lines.append((f"{symbol} ← {symbol} − {rate}·dL/d{symbol}", written))
    for code in step.embedded:
        symbol = f"E[{code}]"
        after = step.after["embedding"][code]
        lines.append((f"{symbol} ← {symbol} − {rate}·dL/d{symbol}", _vector(after)))
    lines.append(("ℓ after the step", f"{_number(step.loss_after)}, from {_number(step.loss)}"))
    if _priced(step):
        change = f"{_number(step.objective_after)}, from {_number(step.objective)}"
        lines.append(("L after the step", change))
    if step.objective_after > step.objective:
        lines.append(("", "The objective rose: the step is too long; try a smaller learning_rate."))
    return lines


def _vector(values: np.ndarray, names: tuple[str, ...] = ()) -> str:
    """Write numbers side by side; one below the other where they have names."""
    values = np.asarray(values, np.float64)
    if len(names) == len(values) <= MOST_ROWS:
        return _matrix(values[:, None], names)
    if len(values) > MOST_COLUMNS:
        return _summary(values, f"{len(values):,} numbers")
    return "  ".join(map(_number, values))


def _matrix(values: np.ndarray, names: tuple[str, ...] = ()) -> str:
    """Write a matrix row by row, its columns aligned; a summary of a large one."""
    rows, columns = values.shape
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        return _summary(values.ravel(), f"{rows:,} × {columns:,}")
    written = [[_number(value) for value in row] for row in values]
    width = max((len(cell) for row in written for cell in row), default=0)
    label = max(map(len, names), default=0)
    heads = [f"{name:<{label}}  " for name in names] if len(names) == rows else [""] * rows
    return "\n".join(
        head + "  ".join(f"{cell:>{width}}" for cell in row)
        for head, row in zip(heads, written, strict=True)
    )


def _summary(values: np.ndarray, size: str) -> str:
    first = "  ".join(map(_number, values[:FIRST]))
    return f"{size}: {first} …; norm {_number(float(np.linalg.norm(values)))}"


def _number(value: float) -> str:
    """Write five digits: enough to do the sum again."""
    return f"{value + 0.0:.5g}".replace("-", "−")  # + 0.0, and no zero is negative


def _sub(level: int) -> str:
    return str(level).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _pretty(name: str) -> str:
    return f"{name[0]}{_sub(int(name[1:]))}" if name[1:] else name
