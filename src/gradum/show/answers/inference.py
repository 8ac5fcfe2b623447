"""A regression table as text, HTML and a frame."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from gradum.core.losses import resolve
from gradum.messages import listed, marked, say
from gradum.scores.figures import figure
from gradum.show.document.document import Shown
from gradum.show.document.frame import frame_of
from gradum.study.inference.family import likelihood_of

if TYPE_CHECKING:
    from gradum.study.inference.result import Coefficient, FitStatistics, Inference, Test

MOST_DECIMALS = 6
INDENT = "\u2002\u2002"  # spaces that HTML preserves
GAP = "  "
INTERCEPT = marked("(intercept)")
LEAST_NAME = 16
INTERVAL = slice(4, 6)  # among the figures

ALL_COLUMNS = {  # keyed by the kind of test
    "F": marked("all columns together: {symbol} = {statistic} on {degrees}, {p}"),
    "likelihood ratio": marked(
        "all columns together: {symbol} = {statistic} on {degrees} (likelihood ratio test), {p}"
    ),
    "Wald": marked("all columns together: {symbol} = {statistic} on {degrees} (Wald test), {p}"),
}


@dataclass(eq=False, repr=False)
class Summary(Shown):
    """A regression table that shows itself, in a terminal and in a notebook."""

    inference: Inference
    """The figures, each under its name."""
    notes: tuple[str, ...] = ()
    """Further notes."""

    @property
    def frame(self) -> pl.DataFrame:
        """One row per coefficient.

        ``name``, ``class`` (where there are more than two), ``estimate``, ``error``,
        ``statistic``, ``p``, ``low``, ``high`` and ``vif``; null where there is no such number.
        """
        types = {"name": pl.String, "class": pl.String} | dict.fromkeys(_NUMBERS, pl.Float64)
        return frame_of(self.inference.coefficients, types, **{"class": attrgetter("class_")})

    def _parts(self) -> Iterator[RenderableType]:
        shown = layout(self.inference)
        yield Text(shown["heading"], "bold")
        yield from (Text(line) for line in shown["lines"])
        for block in shown["blocks"]:
            yield Text("")
            yield _Table([block["title"], *shown["header"]], block["rows"])
        yield Text("")
        yield from (Text(sentence, "dim") for sentence in (*shown["sentences"], *self.notes))

    __repr__ = Shown.__str__

    def _repr_html_(self) -> str:
        from gradum.show.page.page import render  # jinja2, which text does not need

        return render("inference.html", table=layout(self.inference), notes=self.notes)


_NUMBERS = ("estimate", "error", "statistic", "p", "low", "high", "vif")


class _Table:
    """Rows with a name and figures, as wide as the console.

    Long names continue below. If there is still too little room, columns of figures are left out,
    starting with those that the others imply.
    """

    def __init__(self, header: list[str], rows: list[list[str]]) -> None:
        self.lines = [header, *rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = [max(map(cell_len, cells)) for cells in zip(*self.lines, strict=True)]
        shown, room = self._fitting(widths[1:], options.max_width, min(widths[0], LEAST_NAME))
        room = min(room, widths[0])
        for number, (name, *cells) in enumerate(self.lines):
            if not any(cells):
                yield Text(name, overflow="fold")
                continue
            figures = "".join(GAP + _to_the_right(cells[k], widths[1 + k]) for k in shown)
            indent = INDENT if name.startswith(INDENT) else ""
            wrapped = Text(name).wrap(console, room - len(indent), overflow="fold")
            first, *rest = [line.plain.strip() for line in wrapped] or [""]
            style = "" if number else "dim"
            yield Text(set_cell_size(indent + first, room) + figures, style, no_wrap=True)
            yield from (Text(indent + line, style, no_wrap=True) for line in rest)
        missing = [self.lines[0][1 + k] for k in range(len(widths) - 1) if k not in shown]
        if missing:
            yield Text(say("Too wide to show: {columns}.", columns=listed(missing)), "dim")

    def _fitting(self, widths: list[int], width: int, least: int) -> tuple[list[int], int]:
        """Return which figures are shown, and the room left for the names."""
        shown = list(range(len(widths)))
        spare = [*reversed(shown[INTERVAL.stop :]), *reversed(shown[INTERVAL]), 2]

        def room() -> int:
            return width - sum(widths[k] + len(GAP) for k in shown)

        while spare and room() < least:
            shown.remove(spare.pop(0))
        return shown, max(room(), 4)


def layout(inference: Inference) -> dict[str, Any]:
    """Return the words and cells of a table: heading, lines, header, blocks and sentences."""
    ratio = likelihood_of(inference.loss).ratio
    level = f"{100 * inference.level:.4g}%"
    statistic = "t" if inference.distribution == "t" else "z"
    header = [say("estimate"), say("std. error"), statistic, "p", say("{level} from", level=level)]
    header += [say("to"), *([say(ratio)] if ratio else []), "VIF"]
    blocks = []
    known = any(coefficient.estimate is not None for coefficient in inference.coefficients)
    for class_ in dict.fromkeys(
        coefficient.class_ for coefficient in inference.coefficients if known
    ):
        coefficients = [
            coefficient for coefficient in inference.coefficients if coefficient.class_ == class_
        ]
        rows = _rows(coefficients, inference, len(header))
        title = ""
        if class_ is not None:
            title = say(
                "{class_} against {reference}", class_=class_, reference=inference.classes[0]
            )
        blocks.append({"title": _line(title), "rows": rows})
    return {
        "heading": _line(_heading(inference)),
        "lines": _lines(inference),
        "header": header,
        "blocks": blocks,
        "sentences": [*_influential(inference), *inference.sentences],
    }


def _to_the_right(text: str, width: int) -> str:
    """Pad to a number of terminal cells; a Chinese character takes two."""
    return " " * (width - cell_len(text)) + text


def _heading(inference: Inference) -> str:
    model = say(likelihood_of(inference.loss).model)
    if len(inference.classes) > 2:
        return say(
            "Multinomial logistic regression of {target}, against {reference}",
            target=inference.target,
            reference=inference.classes[0],
        )
    if inference.classes:
        return say(
            "{model} of {target}: log-odds of {class_}",
            model=model,
            target=inference.target,
            class_=inference.classes[-1],
        )
    return say("{model} of {target}", model=model, target=inference.target)


def _rows(coefficients: list[Coefficient], inference: Inference, width: int) -> list[list[str]]:
    """Return the cells, with the levels of a column below its name."""
    rows: list[list[str]] = []
    for column, group in groupby(coefficients, lambda coefficient: _column(coefficient, inference)):
        levels = list(group)
        if column is None:
            rows += [
                [_line(_name(coefficient)), *_cells(coefficient, inference)]
                for coefficient in levels
            ]
            continue
        name = levels[0].name if len(levels) == 1 else column
        against = say("{name} (against {level})", name=name, level=inference.references[column])
        if len(levels) == 1:
            rows.append([_line(against), *_cells(levels[0], inference)])
            continue
        rows.append([_line(against), *[""] * width])
        for level in levels:
            rows.append([INDENT + _line(level.name[len(column) + 1 :]), *_cells(level, inference)])
    return rows


def _line(name: str) -> str:
    """Return a name without line breaks, tabs and other characters that move the cursor."""
    return "".join(character if character.isprintable() else " " for character in name)


def _column(coefficient: Coefficient, inference: Inference) -> str | None:
    """Return the column of categories that a level belongs to."""
    return next(
        (name for name in inference.references if coefficient.name.startswith(f"{name}=")), None
    )


def _name(coefficient: Coefficient) -> str:
    return say(INTERCEPT) if coefficient.name == INTERCEPT else coefficient.name


def _cells(coefficient: Coefficient, inference: Inference) -> list[str]:
    cells = [
        _to_error(coefficient.estimate, coefficient.error),
        _to_error(coefficient.error, coefficient.error),
        _statistic(coefficient.statistic),
        p_value(coefficient.p),
        _to_error(coefficient.low, coefficient.error),
        _to_error(coefficient.high, coefficient.error),
    ]
    if likelihood_of(inference.loss).ratio:
        cells.append("" if coefficient.name == INTERCEPT else _ratio(coefficient.estimate))
    vif = coefficient.vif
    cells.append("" if vif is None else f"{vif:,.1f}" if vif < 1e5 else ">99,999")
    return cells


def _to_error(value: float | None, error: float | None) -> str:
    """Write a number to the third digit of its standard error."""
    if value is None or not error:
        return figure(value)
    decimals = 2 - math.floor(math.log10(error))
    if decimals > MOST_DECIMALS or abs(value) >= 1e9:
        return figure(value)
    return f"{value:,.{max(decimals, 0)}f}"


def _ratio(estimate: float | None) -> str:
    """Write e raised to an estimate."""
    if estimate is None:
        return ""
    ratio = math.exp(min(estimate, 700.0))
    return f"{ratio:.3f}" if 0.01 <= ratio < 1000 and abs(ratio - 1.0) > 0.01 else figure(ratio)


def _statistic(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if abs(value) < 1000 else figure(value)


def p_value(p: float | None) -> str:
    """Write ``0.032``, and ``<0.001`` below."""
    if p is None:
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _lines(inference: Inference) -> list[str]:
    known = inference.statistics
    if known is None:
        return []
    phrases = [say("{rows:,} rows", rows=known.rows)]
    if known.n != known.rows:
        phrases.append(f"n = {_whole(known.n)}")
    phrases.append(say("{number} coefficients", number=_whole(known.parameters)))
    if inference.covariance == "cluster":
        phrases.append(say("cluster-robust standard errors"))
    elif inference.covariance != "classical":
        phrases.append(say("{estimator} standard errors", estimator=inference.covariance))
    lines = [phrases, _fit(inference, known)]
    if known.log_likelihood is not None:
        likelihood = [say("log-likelihood {value:,.2f}", value=known.log_likelihood)]
        if known.aic is not None and known.bic is not None:
            likelihood += [f"AIC {known.aic:,.2f}", f"BIC {known.bic:,.2f}"]
        condition = figure(known.condition)
        lines.append([*likelihood, say("condition number {number}", number=condition)])
    if known.test is not None:
        lines.append([_test(known.test)])
    return [say("; ").join(line) for line in lines]


def _fit(inference: Inference, known: FitStatistics) -> list[str]:
    phrases = []
    if known.r_squared is not None:
        explained = say(likelihood_of(inference.loss).explained)
        values = {"explained": explained, "share": known.r_squared}
        adjusted = known.adjusted_r_squared
        phrases.append(
            say("{explained} {share:.4f}", **values)
            if adjusted is None
            else say(
                "{explained} {share:.4f} (adjusted {adjusted:.4f})", **values, adjusted=adjusted
            )
        )
    degrees = _whole(known.residual_degrees)
    if resolve(inference.loss).quadratic and known.dispersion is not None:
        error = figure(math.sqrt(known.dispersion))
        phrases.append(
            say(
                "residual standard error {error} on {degrees} degrees of freedom",
                error=error,
                degrees=degrees,
            )
        )
    else:
        phrases.append(
            say(
                "deviance {deviance} ({without} without the columns)",
                deviance=figure(known.deviance),
                without=figure(known.null_deviance),
            )
        )
        phrases.append(say("{degrees} degrees of freedom left", degrees=degrees))
        if known.dispersion is not None:
            phrases.append(say("dispersion {value}", value=figure(known.dispersion)))
    return phrases


def _test(test: Test) -> str:
    degrees = f"{test.degrees}"
    if test.residual_degrees is not None:
        left = _whole(test.residual_degrees)
        degrees = say("{tested} and {left}", tested=test.degrees, left=left)
    p = p_value(test.p)
    p = f"p {p[0]} {p[1:]}" if p.startswith("<") else f"p = {p}"
    return say(
        ALL_COLUMNS[test.name],
        symbol="F" if test.distribution == "F" else "χ²",
        statistic=figure(test.statistic),
        degrees=degrees,
        p=p,
    )


def _influential(inference: Inference) -> list[str]:
    if not inference.influential:
        return []
    by_cook = inference.influential[0].cook is not None or resolve(inference.loss).quadratic
    rows = listed(
        [
            say(
                "row {row:,} ({value})",
                row=row.row,
                value=figure(row.cook if by_cook else row.leverage, digits=2),
            )
            for row in inference.influential
        ]
    )
    if by_cook:
        return [say("Largest Cook's distances: {rows}.", rows=rows)]
    return [say("Largest leverages: {rows}.", rows=rows)]


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
