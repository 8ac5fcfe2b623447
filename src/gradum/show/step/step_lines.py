"""The formulas of one step of learning, each with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from gradum.core import L1, L2, ElasticNet
from gradum.messages import say, say_plural
from gradum.study.explain_step import WorkedStep
from gradum.study.gradient_check import GradientCheck
from gradum.study.step_terms import influence, largest_entries

MOST_ROWS, MOST_COLUMNS = 16, 6
"""A matrix up to this size is printed in full."""

LARGEST = 4
"""The number of entries printed for a larger matrix: those of the largest size."""

MOST_INPUTS = 12
"""The number of inputs shown of more than `MOST_ROWS`: those that move the first layer most."""

DIGITS, FEWER_DIGITS = 5, 3
"""The digits of a number: enough to repeat the sum, and fewer if the line is too short."""

CHECKED_DIGITS = 10
"""The digits of the two slopes that are compared."""

LINK = {"identity": "ŷ = a", "log": "ŷ = e^a"}

PENALTY: dict[type, tuple[str, str]] = {
    L2: ("alpha·½·Σw²", "alpha·w"),
    L1: ("alpha·Σ|w|", "alpha·sign w"),
    ElasticNet: ("alpha·Σ(ρ|w| + (1 − ρ)½w²)", "alpha·(ρ·sign w + (1 − ρ)w)"),
}
"""The penalty of the weights, and its slope."""


@dataclass(frozen=True, eq=False)
class WrittenNumbers:
    """A vector or a matrix, written as fully as the console's width allows.

    Rows are named if there is a name for each. The numbers are written in full or with fewer
    digits; if that is still too wide, or the matrix is large, its size, largest entries and norm
    are written.
    """

    values: np.ndarray
    names: tuple[str, ...] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self._within(options.max_width))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        most = _width(self._within(options.max_width))
        least = max(map(cell_len, self._summary(1, FEWER_DIGITS).split()))
        return Measurement(min(least, most), most)

    def _within(self, width: int) -> str:
        writings = [self._summary(count, FEWER_DIGITS) for count in range(LARGEST, 0, -1)]
        rows, columns = self.values.shape
        if rows <= MOST_ROWS and columns <= MOST_COLUMNS:
            full = [self._full(digits, width) for digits in (DIGITS, FEWER_DIGITS)]
            writings = [*full, *writings]
        else:
            writings.insert(0, self._summary(LARGEST, DIGITS))
        fitting = (written for written in writings if _width(written) <= width)
        return next(fitting, writings[-1])

    def _full(self, digits: int, width: int) -> str:
        written = [[number(value, digits) for value in row] for row in self.values]
        widest = max((len(cell) for row in written for cell in row), default=0)
        heads = [""] * len(written)
        if len(self.names) == len(written):
            label = min(max(map(cell_len, self.names), default=0), max(width // 3, 8))
            heads = [f"{_as_wide_as(label, name)}  " for name in self.names]
        return "\n".join(
            head + "  ".join(f"{cell:>{widest}}" for cell in row)
            for head, row in zip(heads, written, strict=True)
        )

    def _summary(self, count: int, digits: int) -> str:
        rows, columns = self.values.shape
        size = f"{rows:,} × {columns:,}"
        if 1 in (rows, columns):
            size = say("{count:,} numbers", count=self.values.size)
        places = largest_entries(self.values, count)
        return say(
            "{size}: largest {entries}, {left:,} more; norm {norm}",
            size=size,
            entries="  ".join(number(self.values[place], digits) for place in places),
            left=self.values.size - len(places),
            norm=number(float(np.hypot.reduce(self.values, axis=None)), digits),
        )


def _width(text: str) -> int:
    """Return the number of console cells in the longest line; a Chinese character takes two."""
    return max(map(cell_len, text.splitlines()), default=0)


def _as_wide_as(cells: int, name: str) -> str:
    """Return a name cut or padded to a number of cells."""
    return (
        set_cell_size(name, cells)
        if cell_len(name) <= cells
        else f"{set_cell_size(name, cells - 1)}…"
    )


Line = tuple[str, str | WrittenNumbers]
"""A formula, and a sentence or its numbers."""


class LayerFormulas(NamedTuple):
    """Formulas of a layer's numbers; the text for a missing bias or activation is empty."""

    sum: str
    output: str
    delta: str
    weight: str
    bias: str


def layer_formulas(step: WorkedStep, level: int) -> LayerFormulas:
    """Write the formulas of a layer, the first of which is number 1."""
    layer = step.layers[level - 1]
    here, below, above = (subscript(at) for at in (level, level - 1, level + 1))
    biased, activation = layer.bias is not None, layer.activation
    price = f" + {penalty_formulas(step)[1]}" if is_priced(step) else ""
    slope = f"dℓ/da{here} = {step.problem.loss.slope_formula}"
    if activation is not None:
        slope = f"(W{above} δ{above}) · {activation}′(a{here})"
    return LayerFormulas(
        f"a{here} = z{below} W{here}" + (f" + b{here}" if biased else ""),
        f"z{here} = {activation}(a{here})" if activation is not None else "",
        f"δ{here} = {slope}",
        f"dL/dW{here} = z{below}ᵀ δ{here}{price}",
        f"dL/db{here} = δ{here}" if biased else "",
    )


def forward_lines(step: WorkedStep) -> list[Line]:
    """Write z_0, every layer up to the logits, and the prediction."""
    lines = _inputs(step)
    for level, layer in enumerate(step.layers, start=1):
        formulas = layer_formulas(step, level)
        names = step.names.inputs if level == 1 else ()
        lines.append((f"W{subscript(level)}", WrittenNumbers(layer.weight, names)))
        if layer.bias is not None:
            lines.append((f"b{subscript(level)}", _vector(layer.bias)))
        lines.append((formulas.sum, _vector(layer.pre_activation)))
        if formulas.output:
            lines.append((formulas.output, _vector(layer.output)))
    return [*lines, (prediction_formula(step), _prediction(step))]


def _inputs(step: WorkedStep) -> list[Line]:
    """Write z_0 next to the row's values; of many numbers, write those that move a_1 most."""
    z, names = step.layers[0].input, step.names.inputs
    if step.names.given:
        names = tuple(
            f"{name} ({given})" if given else name
            for name, given in zip(names, step.names.given, strict=True)
        )
    if len(z) <= MOST_ROWS:
        return [("z₀ = x", _vector(z, names))]
    places = [place for (place,) in heaviest_inputs(step)]
    shown = WrittenNumbers(z[places][:, None], tuple(names[place] for place in places))
    more = say_plural(
        "and {count:,} more number, which moves a₁ less than these",
        "and {count:,} more numbers, which move a₁ less than these",
        len(z) - len(places),
    )
    return [("z₀ = x", shown), ("", more)]


def heaviest_inputs(step: WorkedStep) -> list[tuple[int, ...]]:
    """Return the positions in z_0 that move the first layer most."""
    first = step.layers[0]
    return largest_entries(influence(first.input, first.weight), MOST_INPUTS)


def prediction_formula(step: WorkedStep) -> str:
    """Write how the logits become the prediction."""
    last, loss = f"a{subscript(len(step.layers))}", step.problem.loss
    if loss.link == "logit":
        return f"p = softmax({last})" if len(step.logits) > 1 else f"p = 1/(1 + e^−{last})"
    formula = LINK.get(loss.link, "ŷ").replace("a", last)
    if loss.quantiles and len(step.prediction) > 1:
        return say("{formula}, in rising order", formula=formula)
    return formula


def _prediction(step: WorkedStep) -> str | WrittenNumbers:
    names = step.names.outputs
    if step.problem.loss.link == "logit" and len(step.logits) == 1:
        return say(
            "{probability}, the probability of {name}",
            probability=number(step.prediction[1]),
            name=names[1],
        )
    return _vector(step.prediction, names if len(step.prediction) > 1 else ())


def loss_lines(step: WorkedStep) -> list[Line]:
    """Write the truth, the loss and the penalty."""
    lines: list[Line] = [_truth(step), *_settings(step)]
    lines.append((f"ℓ = {step.problem.loss.formula(len(step.logits))}", number(step.loss)))
    if is_priced(step):
        lines += [(symbol, f"{float(value):g}") for symbol, value in _strengths(step).items()]
        penalty = say("penalty = {formula}", formula=penalty_formulas(step)[0])
        lines.append((penalty, number(step.penalty)))
        lines.append((say("L = ℓ + penalty"), number(step.objective)))
    return lines


def _truth(step: WorkedStep) -> Line:
    truth, classes = step.target, step.names.outputs
    if step.problem.loss.link != "logit":
        return "y", number(truth[0])
    if truth.ndim == 2:
        return "t", _vector(truth[0], classes)
    if not np.issubdtype(truth.dtype, np.integer):
        return "t", number(truth[0])
    if len(step.logits) == 1:
        return "t", say("{code}, the class being {name}", code=truth[0], name=classes[truth[0]])
    return "t", say("1 for {name}, 0 for the others", name=classes[truth[0]])


def _settings(step: WorkedStep) -> list[Line]:
    """Return a loss's own parameters, such as δ, τ or s, and its transformed truth."""
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
    """State the slope of an L1 term at 0."""
    if not (is_priced(step) and isinstance(step.problem.penalty, L1 | ElasticNet)):
        return []
    zeros = sum(int((layer.weight == 0).sum()) for layer in step.layers)
    middle = say_plural(
        "the middle of the slopes at the kink of |w|; {count:,} weight is there",
        "the middle of the slopes at the kink of |w|; {count:,} weights are there",
        zeros,
    )
    return [("sign 0 = 0", middle)]


def penalty_formulas(step: WorkedStep) -> tuple[str, str]:
    """Return the formulas of the penalty and of its slope."""
    penalty = step.problem.penalty
    price, slope = PENALTY.get(type(penalty), (say("of the weights"), say("its slope")))
    return (price, slope) if penalty.factor is None else (price.replace("Σ", "Σf·"), f"f·{slope}")


def _strengths(step: WorkedStep) -> dict[str, Any]:
    penalty = step.problem.penalty
    ratio = {"ρ": penalty.l1_ratio} if isinstance(penalty, ElasticNet) else {}
    return {"alpha": penalty.alpha, **ratio}


def is_priced(step: WorkedStep) -> bool:
    """Whether there is a penalty in addition to the loss."""
    return bool(np.any(np.asarray(step.problem.penalty.alpha) > 0))


def backward_lines(step: WorkedStep) -> list[Line]:
    """Write each δ and each gradient, from the last layer to the first."""
    lines: list[Line] = []
    for level in range(len(step.layers), 0, -1):
        layer, formulas = step.layers[level - 1], layer_formulas(step, level)
        if layer.activation is not None:
            lines.append((f"{layer.activation}′(a{subscript(level)})", _vector(layer.slope)))
        lines.append((formulas.delta, _vector(layer.delta)))
        lines.append((formulas.weight, WrittenNumbers(layer.weight_gradient)))
        if layer.bias_gradient is not None:
            lines.append((formulas.bias, _vector(layer.bias_gradient)))
    for code, slope in step.embedded.items():
        symbol = f"dL/dE[{code}]"
        lines.append((say("{slope} = its part of W₁ δ₁", slope=symbol), _vector(slope)))
    return [*lines, *_kinked(step)]


def check_lines(step: WorkedStep) -> list[Line]:
    """Say how far the gradient and its difference quotients agree."""
    check = step.check
    name, place = check.where
    compared = say("against every one of the {of:,} entries of dL/dθ", of=check.of)
    if check.entries < check.of:
        compared = say(
            "against {entries:,} of the {of:,} entries of dL/dθ, drawn at random",
            entries=check.entries,
            of=check.of,
        )
    entry = f"{_pretty(name)}[{', '.join(str(index + 1) for index in place)}]"
    largest = say(
        "{gap:.2g} at {entry}: {by_hand} by hand, {by_difference} by difference",
        gap=check.largest,
        entry=entry,
        by_hand=number(check.by_hand, CHECKED_DIGITS),
        by_difference=number(check.by_difference, CHECKED_DIGITS),
    )
    lines: list[Line] = [
        ("(L(θ + h) − L(θ − h)) / 2h", compared),
        (say("largest disagreement"), largest),
        (say("verdict"), _verdict(check)),
    ]
    if check.kinks:
        left_out = say_plural(
            "{count:,} entry has a kink within h and was left out",
            "{count:,} entries have a kink within h and were left out",
            check.kinks,
        )
        lines.append((say("kinks"), left_out))
    if check.blunt:
        left_out = say_plural(
            "{count:,} entry where those of h and 2h differ as much was left out",
            "{count:,} entries where those of h and 2h differ as much were left out",
            check.blunt,
        )
        lines.append((say("blunt quotients"), left_out))
    return lines


def _verdict(check: GradientCheck) -> str:
    tolerance = check.tolerance
    if not check.compared:
        return say(
            "undecided: no entry could be compared (rounding explains up to {tolerance:.2g})",
            tolerance=tolerance,
        )
    if check.passed:
        return say("agree (rounding explains up to {tolerance:.2g})", tolerance=tolerance)
    return say(
        "DISAGREE: the gradient is wrong (rounding explains up to {tolerance:.2g})",
        tolerance=tolerance,
    )


def update_lines(step: WorkedStep) -> list[Line]:
    """Write the parameters after the step, and the loss for them."""
    rate = f"{step.learning_rate:g}"
    lines: list[Line] = []
    for level, layer in enumerate(step.after["layers"], start=1):
        for letter, name in (("W", "weight"), ("b", "bias")):
            if name in layer:
                symbol, values = f"{letter}{subscript(level)}", layer[name]
                written = WrittenNumbers(values) if values.ndim == 2 else _vector(values)
                lines.append((f"{symbol} ← {symbol} − {rate}·dL/d{symbol}", written))
    for code in step.embedded:
        symbol = f"E[{code}]"
        after = step.after["embedding"][code]
        lines.append((f"{symbol} ← {symbol} − {rate}·dL/d{symbol}", _vector(after)))
    return [*lines, *result_lines(step)]


def result_lines(step: WorkedStep) -> list[Line]:
    """Write the loss after the step."""
    change = say("{after}, from {before}", after=number(step.loss_after), before=number(step.loss))
    lines: list[Line] = [(say("ℓ after the step"), change)]
    if is_priced(step):
        before, after = number(step.objective), number(step.objective_after)
        change = say("{after}, from {before}", after=after, before=before)
        lines.append((say("L after the step"), change))
    return lines


def warning(step: WorkedStep) -> str:
    """Say that a step was too long; empty if it was not."""
    if step.objective_after <= step.objective:
        return ""
    return say(
        "The objective rose: the step is too long. Try a smaller learning_rate, or leave it out."
    )


def _vector(values: np.ndarray, names: tuple[str, ...] = ()) -> WrittenNumbers:
    """Write numbers side by side, or one below the other if they have names."""
    values = np.asarray(values, np.float64)
    if len(names) == len(values) <= MOST_ROWS:
        return WrittenNumbers(values[:, None], names)
    return WrittenNumbers(values[None, :])


def number(value: float, digits: int = DIGITS) -> str:
    """Write a number with a given number of digits."""
    if not np.isfinite(value):
        return say("beyond 1e308")
    return f"{value + 0.0:.{digits}g}".replace("-", "−")  # + 0.0 makes no zero negative


def subscript(level: int) -> str:
    """Write a layer as a subscript."""
    return str(level).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _pretty(name: str) -> str:
    return f"{name[0]}{subscript(int(name[1:]))}" if name[1:] else name
