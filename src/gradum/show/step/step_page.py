"""One step of learning as a page: formulas in MathML, the numbers that matter, and every check.

A small network is shown in full. For a large one, one unit of each layer is written out, with the
largest terms of its sums and the others as one number, so that a reader can repeat every sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from gradum.messages import listed, marked, say, say_plural
from gradum.show.page.page import file, render
from gradum.show.step.mathml import mathml
from gradum.show.step.step_lines import (
    Line,
    WrittenNumbers,
    check_lines,
    heaviest_inputs,
    is_priced,
    layer_formulas,
    loss_lines,
    number,
    prediction_formula,
    result_lines,
    subscript,
    warning,
)
from gradum.study.explain_step import WorkedStep
from gradum.study.step_terms import SumTerms, influence, largest_entries, largest_terms
from gradum.tables.wording import and_more, full_stop, joined_clauses, shortened

MOST_UNITS = 6
MOST_OUTPUTS = 10
MOST_WEIGHTS, MOST_BIASES = 6, 3
"""The number shown of a layer; the page says how many more there are."""

MOST_LETTERS = 60
"""The most characters of a name or a value."""

VERDICTS = {
    "disagree": marked("they disagree"),
    "kink": marked("a kink lies within h"),
    "blunt": marked("the quotient is too uncertain"),
}
"""The digits of a slope and its central difference if they do not agree."""

Cell = str | Markup


@dataclass(frozen=True)
class Row:
    """A line of a table: a name, perhaps a second line below it, and cells."""

    name: Cell
    cells: Sequence[Cell]
    detail: str = ""
    total: bool = False


@dataclass(frozen=True)
class FormulaTable:
    """A formula, notes on it, and a table of its numbers whose first columns are words."""

    formulas: Sequence[Markup]
    header: Sequence[Cell]
    rows: Sequence[Row]
    note: str = ""
    more: str = ""
    words: int = 1


@dataclass(frozen=True)
class StepSection:
    """A part of the step: blocks, and lines with a formula and a value; its name is its anchor."""

    name: str
    title: str
    blocks: Sequence[FormulaTable] = ()
    lines: Sequence[tuple[Markup, str]] = ()


def heading(step: WorkedStep) -> str:
    """Name the row and what is shown about it."""
    return say("{row}, one step of gradient descent", row=step.names.row)


def step_page(step: WorkedStep) -> str:
    """Return one self-contained page without a script."""
    sections = (
        StepSection("forward", say("Forward"), [_inputs(step), *_layers(step), _prediction(step)]),
        StepSection("loss", say("Loss"), lines=_lines(loss_lines(step))),
        StepSection("backward", say("Backward"), _backward(step)),
        StepSection("check", say("Check"), lines=_lines(check_lines(step))),
        StepSection("update", say("Update"), _update(step), _lines(_results(step))),
    )
    return render(
        "step.html",
        heading=heading(step),
        remarks=step.names.remarks,
        facts=_facts(step),
        warning=warning(step),
        sections=sections,
        style=file("report.css"),
    )


def _facts(step: WorkedStep) -> list[tuple[str, str]]:
    network = step.problem.network
    widths = (len(step.layers[0].input), *network.hidden, len(step.logits))
    agree = step.check.passed and step.check.compared
    before, after = say("loss before"), say("loss after")
    if is_priced(step):
        before, after = say("loss and penalty before"), say("loss and penalty after")
    return [
        (say("network"), " → ".join(f"{width:,}" for width in widths)),
        (say("learning rate η"), f"{step.learning_rate:g}"),
        (before, number(step.objective)),
        (after, number(step.objective_after)),
        (say("chain rule and differences"), say("agree") if agree else say("do not agree")),
    ]


def _results(step: WorkedStep) -> list[Line]:
    rose = warning(step)
    return [*result_lines(step), *([("", rose)] if rose else [])]


def _lines(lines: Sequence[Line]) -> list[tuple[Markup, str]]:
    return [(mathml(formula), _written(content)) for formula, content in lines]


def _written(content: str | WrittenNumbers) -> str:
    """Write a sentence, or numbers in one line, with the largest first if there are many."""
    if isinstance(content, str):
        return content
    values = content.values.ravel()
    places = [place for (place,) in largest_entries(values, MOST_OUTPUTS)]
    if len(values) <= MOST_OUTPUTS:
        places.sort()
    named = len(content.names) == len(values)
    parts = [
        f"{_short(content.names[place])} {number(values[place])}"
        if named
        else number(values[place])
        for place in places
    ]
    return and_more(listed(parts), len(values) - len(places))


def _inputs(step: WorkedStep) -> FormulaTable:
    """Show the row's values, and the numbers that the network takes for them."""
    names, z = step.names, step.layers[0].input
    places = [place for (place,) in heaviest_inputs(step)]
    rows = []
    for place in places:
        given = [_short(names.given[place])] if names.given else []
        rows.append(Row(_short(names.inputs[place]), [*given, number(z[place])]))
    left_out = np.delete(z, places)
    count = say_plural("{count:,} more number", "{count:,} more numbers", len(left_out))
    more = _more(left_out, count)
    header = [say("column"), *([say("in the row")] if names.given else []), mathml("z₀")]
    note = say("The numbers that move the first layer most come first.") if len(z) > 1 else ""
    return FormulaTable([mathml("z₀ = x")], header, rows, note, more, words=len(header) - 1)


def _more(left_out: np.ndarray, count: str) -> str:
    """Say how many numbers are not shown (``count``), and how many of these are 0."""
    zeros = int(np.count_nonzero(left_out == 0))
    if not len(left_out):
        return ""
    if zeros == 0:
        return full_stop(count)
    if zeros < len(left_out):
        return say("{count}, {zeros:,} of them 0.", count=count, zeros=zeros)
    if zeros == 1:
        return say("{count}, which is 0.", count=count)
    return say("{count}, all of them 0.", count=count)


def _layers(step: WorkedStep) -> list[FormulaTable]:
    blocks = []
    for level, layer in enumerate(step.layers, start=1):
        blocks.append(_written_out(step, level))
        if layer.activation is not None and len(layer.output) > 1:
            blocks.append(_units(step, level))
    return blocks


def _written_out(step: WorkedStep, level: int) -> FormulaTable:
    """Show one unit's sum, term by term, and the resulting output."""
    layer, unit = step.layers[level - 1], _focus(step, level)
    here, below, of_layer = subscript(level), subscript(level - 1), layer_formulas(step, level)
    formulas = [mathml(formula) for formula in (of_layer.sum, of_layer.output) if formula]
    terms = largest_terms(layer.input, layer.weight[:, unit])
    rows = _term_rows(terms, [_source(step, level, place) for place in terms.places])
    if layer.bias is not None:
        rows.append(Row(mathml(f"b{here}"), ["", "", number(layer.bias[unit])]))
    total = number(layer.pre_activation[unit])
    rows.append(Row(mathml(f"a{here}"), ["", "", total], _unit(step, level, unit), total=True))
    if layer.activation is not None:
        output = number(layer.output[unit])
        rows.append(Row(mathml(f"z{here}"), ["", "", output], _unit(step, level, unit), total=True))
    header = [say("term"), mathml(f"z{below}"), mathml(f"W{here}"), say("product")]
    return FormulaTable(formulas, header, rows, _which(step, level, unit))


def _which(step: WorkedStep, level: int, unit: int) -> str:
    count = len(step.layers[level - 1].pre_activation)
    if count == 1:
        return ""
    if level < len(step.layers):
        return say(
            "Of {count:,} units, unit {number}, which moves the next layer most, is written out.",
            count=count,
            number=unit + 1,
        )
    name = _short(_output(step, unit))
    return say("Of {count:,} outputs, that of {name} is written out.", count=count, name=name)


def _units(step: WorkedStep, level: int) -> FormulaTable:
    """Show the units that move the next layer most, in the forward and the backward pass."""
    layer, here = step.layers[level - 1], subscript(level)
    moves = influence(layer.output, step.layers[level].weight)
    places = [place for (place,) in largest_entries(moves, MOST_UNITS)]
    rows = [
        Row(
            _numbered(place),
            [number(values[place]) for values in (layer.pre_activation, layer.output, layer.slope)],
        )
        for place in places
    ]
    header = ["", mathml(f"a{here}"), mathml(f"z{here}"), mathml(f"{layer.activation}′(a{here})")]
    left_out = np.delete(layer.output, places)
    count = say_plural("{count:,} more unit", "{count:,} more units", len(left_out))
    return FormulaTable([], header, rows, more=_more(left_out, count))


def _prediction(step: WorkedStep) -> FormulaTable:
    """Show the logits and the prediction that the link turns them into."""
    last, loss = subscript(len(step.layers)), step.problem.loss
    prediction = step.prediction[1:] if _has_one_logit(step) else step.prediction
    symbol = "p" if loss.link == "logit" else "ŷ"
    places = [place for (place,) in largest_entries(prediction, MOST_OUTPUTS)]
    if loss.link == "logit":
        places = list(dict.fromkeys([_focus(step, len(step.layers)), *places]))
    rows = [
        Row(_short(_output(step, place)), [number(step.logits[place]), number(prediction[place])])
        for place in sorted(places)
    ]
    formula = mathml(prediction_formula(step))
    more = _more_outputs(len(prediction) - len(places))
    return FormulaTable([formula], ["", mathml(f"a{last}"), mathml(symbol)], rows, more=more)


def _more_outputs(count: int) -> str:
    return say_plural("{count:,} more output.", "{count:,} more outputs.", count) if count else ""


def _backward(step: WorkedStep) -> list[FormulaTable]:
    blocks = []
    for level in range(len(step.layers), 0, -1):
        last = level == len(step.layers)
        blocks.append(_first_delta(step) if last else _delta(step, level))
        blocks.append(_gradient(step, level))
    if step.embedded:
        blocks.append(_embedded(step))
    return blocks


def _first_delta(step: WorkedStep) -> FormulaTable:
    """Show the slope of the loss itself; for classes, the probability less the truth."""
    level, layer = len(step.layers), step.layers[-1]
    here = subscript(level)
    delta = layer.delta
    places = [place for (place,) in largest_entries(delta, MOST_OUTPUTS)]
    prediction = step.prediction[1:] if _has_one_logit(step) else step.prediction
    of_classes = step.problem.loss.link == "logit"
    rows = []
    for place in sorted(places):
        before = [prediction[place], prediction[place] - delta[place]] if of_classes else []
        cells = [number(value) for value in (*before, delta[place])]
        rows.append(Row(_short(_output(step, place)), cells))
    symbols = ["p", "t", f"δ{here}"] if of_classes else [f"δ{here}"]
    more = _more_outputs(len(delta) - len(places))
    formula = mathml(layer_formulas(step, level).delta)
    return FormulaTable([formula], ["", *map(mathml, symbols)], rows, more=more)


def _delta(step: WorkedStep, level: int) -> FormulaTable:
    """Show how one unit's δ comes from the layer above."""
    layer, above, unit = step.layers[level - 1], step.layers[level], _focus(step, level)
    here, next_ = subscript(level), subscript(level + 1)
    terms = largest_terms(above.weight[unit], above.delta)
    rows = _term_rows(terms, [_unit(step, level + 1, place) for place in terms.places])
    slope = number(layer.slope[unit])
    rows.append(Row(say("sum"), ["", "", number(terms.total)], total=True))
    rows.append(Row(mathml(f"{layer.activation}′(a{here})"), ["", "", slope]))
    delta = number(layer.delta[unit])
    rows.append(Row(mathml(f"δ{here}"), ["", "", delta], _unit(step, level, unit), total=True))
    header = [say("term"), mathml(f"W{next_}"), mathml(f"δ{next_}"), say("product")]
    return FormulaTable([mathml(layer_formulas(step, level).delta)], header, rows)


def _gradient(step: WorkedStep, level: int) -> FormulaTable:
    """Show the derivatives by what the row pulls most, each next to its central difference."""
    formulas, layer = layer_formulas(step, level), step.layers[level - 1]
    rows = [_compared(step, *entry) for entry in _entries(step, level)]
    size = layer.weight.size + (0 if layer.bias is None else layer.bias.size)
    more = say_plural(
        "{count:,} more derivative of this layer.",
        "{count:,} more derivatives of this layer.",
        size - len(rows),
    )
    shown = [mathml(formula) for formula in (formulas.weight, formulas.bias) if formula]
    return FormulaTable(shown, _compared_header(), rows, more=more if size > len(rows) else "")


def _compared_header() -> list[Cell]:
    return [say("derivative by"), say("by hand"), say("by difference"), say("apart")]


def _entries(step: WorkedStep, level: int) -> list[tuple[str, tuple[int, ...]]]:
    """Name the parameters that the row pulls most, by z·δ: weights, then biases."""
    layer = step.layers[level - 1]
    pull = np.outer(layer.input, layer.delta)
    entries = [(f"W{level}", place) for place in largest_entries(pull, MOST_WEIGHTS)]
    if layer.bias_gradient is not None:
        biases = largest_entries(layer.bias_gradient, MOST_BIASES)
        entries += [(f"b{level}", place) for place in biases]
    return entries


def _compared(step: WorkedStep, name: str, at: tuple[int, ...]) -> Row:
    compared = step.differences.compare(name, at)
    cells = [number(compared.by_hand), number(compared.by_difference), number(compared.gap, 2)]
    details = [_parameter(step, name, at)] if name != "E" else []
    if compared.verdict in VERDICTS:
        details.append(say(VERDICTS[compared.verdict]))
    return Row(_symbol(name, at), cells, joined_clauses(details))


def _symbol(name: str, at: tuple[int, ...]) -> Markup:
    """Write an entry as W₁[3, 7], counted from 1."""
    level = subscript(int(name[1:])) if name[1:] else ""
    return mathml(f"{name[0]}{level}[{', '.join(str(index + 1) for index in at)}]")


def _parameter(step: WorkedStep, name: str, at: tuple[int, ...]) -> str:
    """Say what an entry connects, and the factors of its derivative."""
    level = int(name[1:])
    layer = step.layers[level - 1]
    unit = _unit(step, level, at[-1])
    if name.startswith("b"):
        return unit
    factors = f"{number(layer.input[at[0]])} × {number(layer.delta[at[1]])}"
    product = float(layer.input[at[0]] * layer.delta[at[1]])
    price = float(layer.weight_gradient[at]) - product
    if is_priced(step) and layer.weight[at]:
        factors = (
            say("{product} + {price} of the penalty", product=factors, price=number(price, 3))
            if price > 0
            else say("{product} − {price} of the penalty", product=factors, price=number(-price, 3))
        )
    return say("{ends}: {factors}", ends=_ends(step, name, at), factors=factors)


def _embedded(step: WorkedStep) -> FormulaTable:
    """Show the derivatives of the rows of the embedding table that the row looks up."""
    places = [(code, k) for code, slope in step.embedded.items() for k in range(len(slope))]
    sizes = np.array([abs(step.embedded[code][k]) for code, k in places])
    chosen = [places[place] for (place,) in largest_entries(sizes, MOST_WEIGHTS)]
    rows = [_compared(step, "E", place) for place in chosen]
    left = len(places) - len(chosen)
    more = say_plural(
        "{count:,} more derivative of these rows of the table.",
        "{count:,} more derivatives of these rows of the table.",
        left,
    )
    note = say(
        "E holds the learned vectors of levels; only those that the row looks up have a slope."
    )
    formula = mathml(say("{slope} = its part of W₁ δ₁", slope="dL/dE"))
    return FormulaTable([formula], _compared_header(), rows, note, more if left else "")


def _update(step: WorkedStep) -> list[FormulaTable]:
    rate = f"{step.learning_rate:g}"
    rows = []
    for level in range(1, len(step.layers) + 1):
        for name, at in _entries(step, level):
            key = "weight" if name.startswith("W") else "bias"
            before, slope, after = (
                float(part["layers"][level - 1][key][at])
                for part in (step.params, step.gradient, step.after)
            )
            cells = [number(value) for value in (before, slope, after)]
            rows.append(Row(_symbol(name, at), cells, _ends(step, name, at)))
    parameters = step.check.of - len(rows)
    more = say_plural(
        "{count:,} more parameter moved by {rate} times its slope too.",
        "{count:,} more parameters moved by {rate} times their slope too.",
        parameters,
        rate=rate,
    )
    header = [say("parameter"), say("before"), mathml("dL/dθ"), say("after")]
    note = say("The parameters on which the row pulls most, layer by layer.")
    formula = mathml(f"θ ← θ − {rate}·dL/dθ")
    return [FormulaTable([formula], header, rows, note, more if parameters else "")]


def _ends(step: WorkedStep, name: str, at: tuple[int, ...]) -> str:
    level = int(name[1:])
    unit = _unit(step, level, at[-1])
    return unit if name.startswith("b") else f"{_source(step, level, at[0])} → {unit}"


def _term_rows(terms: SumTerms, names: Sequence[str]) -> list[Row]:
    rows = [
        Row(name, [number(left), number(right), number(left * right)])
        for name, left, right in zip(names, terms.left, terms.right, strict=True)
    ]
    if terms.left_out:
        more = say_plural("{count:,} more term", "{count:,} more terms", terms.left_out)
        rows.append(Row(more, ["", "", number(terms.rest)]))
    return rows


def _focus(step: WorkedStep, level: int) -> int:
    """Choose the unit to write out: among outputs the true class, else the most important."""
    layer = step.layers[level - 1]
    if level < len(step.layers):
        moves = influence(layer.output, step.layers[level].weight)
        return largest_entries(moves, 1)[0][0]
    if step.problem.loss.link == "logit" and len(step.logits) > 1:
        return int(np.argmax(step.prediction - layer.delta))
    return 0


def _source(step: WorkedStep, level: int, place: int) -> str:
    return _short(step.names.inputs[place]) if level == 1 else _numbered(place)


def _unit(step: WorkedStep, level: int, place: int) -> str:
    if level < len(step.layers):
        return _numbered(place)
    return _short(_output(step, place))


def _numbered(place: int) -> str:
    """Name a hidden unit by its number, as it has no other name."""
    return say("unit {number}", number=place + 1)


def _output(step: WorkedStep, place: int) -> str:
    """Name a logit; with two classes, the single logit belongs to the second."""
    return step.names.outputs[1 if _has_one_logit(step) else place]


def _has_one_logit(step: WorkedStep) -> bool:
    return step.problem.loss.link == "logit" and len(step.logits) == 1


def _short(text: str) -> str:
    return shortened(text, MOST_LETTERS)
