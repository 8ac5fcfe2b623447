"""One step of learning as a worked example: each formula beside its numbers."""

from __future__ import annotations

import html
import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradum.core import L1, L2, ElasticNet
from gradum.show.text import plain
from gradum.study.explain_step import WorkedStep
from gradum.tables.wording import shortened

MOST_ROWS, MOST_COLUMNS = 16, 6
"""A matrix up to this size is printed in full."""

FIRST = 4
"""Of a larger one, so many entries."""

DIGITS, FEWER_DIGITS = 5, 3
"""Of a number: enough to do the sum again, and what is left where the line is too short."""

WIDTH = 132
"""Characters of a line at most; a narrower console has its own."""

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

    step: WorkedStep

    def __rich__(self) -> RenderableType:
        return Group(*step_parts(self.step))

    def __str__(self) -> str:
        return self._text(min(shutil.get_terminal_size().columns, WIDTH))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f'<pre style="line-height: 1.25">{html.escape(self._text(WIDTH))}</pre>'

    def _text(self, width: int) -> str:
        text = plain(*step_parts(self.step), width=width)
        return "\n".join(line.rstrip() for line in text.splitlines())


def step_parts(step: WorkedStep) -> list[RenderableType]:
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
        parts.append(Padding(Lines(lines), (0, 0, 0, 2)))
    return parts


@dataclass(frozen=True, eq=False)
class Numbers:
    """A vector or a matrix, written as fully as the console is wide.

    Rows are named where there is a name for each. In full, or with fewer digits, or, where that
    is still too wide or the matrix large, as its size, first entries and norm.
    """

    values: np.ndarray
    names: tuple[str, ...] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self._within(options.max_width))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        most = max(map(len, self._within(options.max_width).splitlines()), default=0)
        least = max(map(len, self._summary(1, FEWER_DIGITS).split()))
        return Measurement(min(least, most), most)

    def _within(self, width: int) -> str:
        writings = [self._summary(first, FEWER_DIGITS) for first in range(FIRST, 0, -1)]
        rows, columns = self.values.shape
        if rows <= MOST_ROWS and columns <= MOST_COLUMNS:
            full = [self._full(digits, width) for digits in (DIGITS, FEWER_DIGITS)]
            writings = [*full, *writings]
        else:
            writings.insert(0, self._summary(FIRST, DIGITS))
        fitting = (
            each for each in writings if max(map(len, each.splitlines()), default=0) <= width
        )
        return next(fitting, writings[-1])

    def _full(self, digits: int, width: int) -> str:
        written = [[_number(value, digits) for value in row] for row in self.values]
        widest = max((len(cell) for row in written for cell in row), default=0)
        heads = [""] * len(written)
        if len(self.names) == len(written):
            label = min(max(map(len, self.names), default=0), max(width // 3, 8))
            heads = [
                f"{shortened(name, label - 1) if len(name) > label else name:<{label}}  "
                for name in self.names
            ]
        return "\n".join(
            head + "  ".join(f"{cell:>{widest}}" for cell in row)
            for head, row in zip(heads, written, strict=True)
        )

    def _summary(self, first: int, digits: int) -> str:
        rows, columns = self.values.shape
        size = (
            f"{self.values.size:,} numbers" if 1 in (rows, columns) else f"{rows:,} × {columns:,}"
        )
        entries = "  ".join(_number(value, digits) for value in self.values.ravel()[:first])
        norm = _number(float(np.hypot.reduce(self.values, axis=None)), digits)
        return f"{size}: {entries} …; norm {norm}"


Line = tuple[str, str | Numbers]
"""A formula, and a sentence or its numbers."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Formulas on the left, on at most half of the console, and their numbers on the right."""

    lines: list[Line]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        longest = max(len(formula) for formula, _ in self.lines)
        table = Table.grid(padding=(0, 3, 0, 0))
        table.add_column(style="cyan", width=min(longest, options.max_width // 2))
        table.add_column()
        for formula, said in self.lines:
            table.add_row(Text(formula), Text(said) if isinstance(said, str) else said)
        yield table


def _forward(step: WorkedStep) -> list[Line]:
    lines: list[Line] = [("z₀ = x", _vector(step.layers[0].input, step.names.inputs))]
    for level, layer in enumerate(step.layers, start=1):
        names = step.names.inputs if level == 1 else ()
        lines.append((f"W{_sub(level)}", Numbers(layer.weight, names)))
        if layer.bias is not None:
            lines.append((f"b{_sub(level)}", _vector(layer.bias)))
        plus = "" if layer.bias is None else f" + b{_sub(level)}"
        formula = f"a{_sub(level)} = z{_sub(level - 1)} W{_sub(level)}{plus}"
        lines.append((formula, _vector(layer.pre_activation)))
        if layer.activation is not None:
            formula = f"z{_sub(level)} = {layer.activation}(a{_sub(level)})"
            lines.append((formula, _vector(layer.output)))
    return [*lines, _prediction(step)]


def _prediction(step: WorkedStep) -> Line:
    last = f"a{_sub(len(step.layers))}"
    loss = step.problem.loss
    if loss.link != "logit":
        formula = LINK.get(loss.link, "ŷ").replace("a", last)
        if len(step.prediction) == 1:
            return formula, _vector(step.prediction)
        ordered = ", in rising order" if loss.quantiles else ""
        return formula + ordered, _vector(step.prediction, step.names.outputs)
    if len(step.logits) > 1:
        return f"p = softmax({last})", _vector(step.prediction, step.names.outputs)
    said = f"{_number(step.prediction[1])}, the probability of {step.names.outputs[1]}"
    return f"p = 1/(1 + e^−{last})", said


def _loss(step: WorkedStep) -> list[Line]:
    lines: list[Line] = [_truth(step), *_settings(step)]
    lines.append((f"ℓ = {step.problem.loss.formula(len(step.logits))}", _number(step.loss)))
    if _priced(step):
        lines += [(each, f"{float(value):g}") for each, value in _strengths(step).items()]
        lines.append((f"penalty = {_penalty(step)[0]}", _number(step.penalty)))
        lines.append(("L = ℓ + penalty", _number(step.objective)))
    return lines


def _truth(step: WorkedStep) -> Line:
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


def _settings(step: WorkedStep) -> list[Line]:
    """Return a loss's own numbers, such as δ, τ or s, and what it makes of the truth."""
    loss = step.problem.loss
    lines: list[Line] = [
        (symbol, _vector(np.atleast_1d(value))) for symbol, value in loss.symbols.items()
    ]
    if loss.target_formula:
        # dℓ/da = p − t gives the smoothed truth back.
        p = step.prediction[1:] if len(step.logits) == 1 else step.prediction
        names = step.names.outputs if len(p) > 1 else ()
        lines.append((f"t ← {loss.target_formula}", _vector(p - step.layers[-1].delta, names)))
    return lines


def _kinked(step: WorkedStep) -> list[Line]:
    """Say what the slope of an L1 term is at 0."""
    if not (_priced(step) and isinstance(step.problem.penalty, L1 | ElasticNet)):
        return []
    zeros = sum(int((layer.weight == 0).sum()) for layer in step.layers)
    are = f"{zeros:,} {'weight is' if zeros == 1 else 'weights are'} there"
    return [("sign 0 = 0", f"the middle of the slopes at the kink of |w|; {are}")]


def _penalty(step: WorkedStep) -> tuple[str, str]:
    penalty = step.problem.penalty
    price, slope = PENALTY.get(type(penalty), ("of the weights", "its slope"))
    return (price, slope) if penalty.factor is None else (price.replace("Σ", "Σf·"), f"f·{slope}")


def _strengths(step: WorkedStep) -> dict[str, Any]:
    penalty = step.problem.penalty
    ratio = {"ρ": penalty.l1_ratio} if isinstance(penalty, ElasticNet) else {}
    return {"alpha": penalty.alpha, **ratio}


def _priced(step: WorkedStep) -> bool:
    return bool(np.any(np.asarray(step.problem.penalty.alpha) > 0))


def _backward(step: WorkedStep) -> list[Line]:
    loss = step.problem.loss
    lines: list[Line] = []
    for level in range(len(step.layers), 0, -1):
        layer, here, below = step.layers[level - 1], _sub(level), _sub(level - 1)
        if layer.activation is None:
            formula = f"dℓ/da{here} = {loss.slope_formula}"
        else:
            lines.append((f"{layer.activation}′(a{here})", _vector(layer.slope)))
            above = _sub(level + 1)
            formula = f"(W{above} δ{above}) · {layer.activation}′(a{here})"
        lines.append((f"δ{here} = {formula}", _vector(layer.delta)))
        price = f" + {_penalty(step)[1]}" if _priced(step) else ""
        formula = f"dL/dW{here} = z{below}ᵀ δ{here}{price}"
        lines.append((formula, Numbers(layer.weight_gradient)))
        if layer.bias_gradient is not None:
            lines.append((f"dL/db{here} = δ{here}", _vector(layer.bias_gradient)))
    for code, slope in step.embedded.items():
        lines.append((f"dL/dE[{code}] = its part of W₁ δ₁", _vector(slope)))
    return [*lines, *_kinked(step)]


def _check(step: WorkedStep) -> list[Line]:
    check = step.check
    name, place = check.where
    which = f"every one of the {check.of:,} entries of dL/dθ"
    if check.entries < check.of:
        which = f"{check.entries:,} of the {check.of:,} entries of dL/dθ, drawn at random"
    at = f"{_pretty(name)}[{', '.join(str(index + 1) for index in place)}]"
    pair = f"{check.by_hand:.10g} by hand, {check.by_difference:.10g} by difference"
    pair = pair.replace("-", "−")
    verdict = "agree" if check.passed else "DISAGREE: the gradient is wrong"
    if not check.compared:
        verdict = "undecided: no entry could be compared"
    lines: list[Line] = [
        ("(L(θ + h) − L(θ − h)) / 2h", f"against {which}"),
        ("largest disagreement", f"{check.largest:.2g} at {at}: {pair}"),
        ("verdict", f"{verdict} (rounding explains up to {check.tolerance:.2g})"),
    ]
    if check.kinks:
        lines.append(("kinks", f"{check.kinks:,} entries have a kink within h and were left out"))
    if check.blunt:
        said = f"{check.blunt:,} entries where those of h and 2h differ as much were left out"
        lines.append(("blunt quotients", said))
    return lines


def _update(step: WorkedStep) -> list[Line]:
    rate = f"{step.learning_rate:g}"
    lines: list[Line] = []
    for level, layer in enumerate(step.after["layers"], start=1):
        for letter, name in (("W", "weight"), ("b", "bias")):
            if name in layer:
                symbol, values = f"{letter}{_sub(level)}", layer[name]
                written = Numbers(values) if values.ndim == 2 else _vector(values)
                lines.append((f"{symbol} ← {symbol} − {rate}·dL/d{symbol}", written))
    for code in step.embedded:
        symbol = f"E[{code}]"
        after = step.after["embedding"][code]
        lines.append((f"{symbol} ← {symbol} − {rate}·dL/d{symbol}", _vector(after)))
    lines.append(("ℓ after the step", f"{_number(step.loss_after)}, from {_number(step.loss)}"))
    if _priced(step):
        change = f"{_number(step.objective_after)}, from {_number(step.objective)}"
        lines.append(("L after the step", change))
    if not step.objective_after <= step.objective:
        lines.append(("", "The objective rose: the step is too long; try a smaller learning_rate."))
    return lines


def _vector(values: np.ndarray, names: tuple[str, ...] = ()) -> Numbers:
    """Write numbers side by side; one below the other where they have names."""
    values = np.asarray(values, np.float64)
    if len(names) == len(values) <= MOST_ROWS:
        return Numbers(values[:, None], names)
    return Numbers(values[None, :])


def _number(value: float, digits: int = DIGITS) -> str:
    if not np.isfinite(value):
        return "beyond 1e308"
    return f"{value + 0.0:.{digits}g}".replace("-", "−")  # + 0.0, and no zero is negative


def _sub(level: int) -> str:
    return str(level).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _pretty(name: str) -> str:
    return f"{name[0]}{_sub(int(name[1:]))}" if name[1:] else name
