"""One row explained as a page: how its answer comes about, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from gradum.margins import falling
from gradum.messages import marked, say, say_plural
from gradum.scores.figures import figure, percent
from gradum.show.explanation import Explanation, values_of
from gradum.show.explanation_words import heading
from gradum.show.page import file, for_script, render
from gradum.show.pictures.picture import Picture
from gradum.show.pictures.waterfall import Step, waterfall
from gradum.show.vega import vega_script
from gradum.study.explanation.explain import name_of
from gradum.tables.wording import shortened

MOST_CLASSES = 2
"""Classes with a picture of their own: the likeliest, and the one that comes next."""

UNITS = {
    "target": marked("answer"),
    "probability": marked("probability"),
    "log-odds": marked("log-odds"),
}


@dataclass(frozen=True)
class RowTable:
    """A table of a page; its first ``words`` columns are words, the others numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    title: str = ""


@dataclass(frozen=True)
class RowSection:
    """A part of a page: sentences, pictures, tables; its name is its anchor."""

    name: str
    title: str
    sentences: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[RowTable] = field(default=())


def row_page(
    explanation: Explanation,
    more: Sequence[RowSection] = (),
    *,
    place: int = 0,
    cache: Path | None = None,
) -> str:
    """Return one self-contained page of a row.

    Parameters
    ----------
    explanation : Explanation
    more : sequence of RowSection
        What else is known of the row: it stands between the answer and the numbers.
    place : int
        The row's place among those explained.
    cache : path, optional
        A folder that keeps the charts' script from one page to the next.
    """
    sections = [_why(explanation, place), *more, _numbers(explanation, place)]
    pictures = [picture for section in sections for picture in section.pictures]
    return render(
        "row.html",
        heading=say(
            "Row {row}: {target}",
            row=int(explanation.found.rows[place]),
            target=explanation.fitted.spec.target,
        ),
        remarks=_remarks(explanation, place),
        facts=_facts(explanation, place),
        sections=sections,
        charts=for_script({picture.name: picture.specification for picture in pictures}),
        vega=vega_script(cache),
        style=file("report.css"),
        script=file("report.js"),
    )


def answers_to_show(explanation: Explanation, place: int) -> list[int]:
    """Return the likeliest classes of a row, the likeliest first; of two classes only that one."""
    answers = len(explanation.found.answers)
    if not explanation.fitted.classes:
        return list(range(answers))
    most = 1 if answers == 2 else MOST_CLASSES
    return [int(k) for k in falling(explanation.found.parts[place].output)[:most]]


def _facts(explanation: Explanation, place: int) -> list[tuple[str, str]]:
    found, part = explanation.found, explanation.found.parts[place]
    written = partial(percent, decimals=1) if found.scale == "probability" else figure
    facts = []
    for k in answers_to_show(explanation, place):
        facts.append((_answer_named(explanation, k), written(float(part.output[k]))))
    chosen = explanation.likeliest(place)
    base = written(float(part.base[chosen]))
    return [*facts, (say("on average over the background"), base)]


def _answer_named(explanation: Explanation, answer: int) -> str:
    """Return what an answer is called: its class, its quantile, or the target."""
    found = explanation.found
    if explanation.fitted.classes:
        label = repr(shortened(found.answers[answer]))
        if found.scale == "probability":
            return say("probability of {label}", label=label)
        return say("log-odds of {label}", label=label)
    quantile = found.answers[answer]
    target = explanation.fitted.spec.target
    if quantile is None:
        return target
    return say("{target}, quantile {quantile}", target=target, quantile=quantile)


def _remarks(explanation: Explanation, place: int) -> list[str]:
    part = explanation.found.parts[place]
    exact = not part.sampling_error.any()
    rows = explanation.found.background
    how = (
        say("The values are exact over all {count:,} coalitions of columns.", count=part.coalitions)
        if exact
        else say("The values are drawn, from {count:,} coalitions.", count=part.coalitions)
    )
    against = say_plural(
        "The background is {count:,} row.", "The background is {count:,} rows.", rows
    )
    return [how, against, say("They describe the model, not causes.")]


def _why(explanation: Explanation, place: int) -> RowSection:
    shown = answers_to_show(explanation, place)
    return RowSection(
        "why",
        say("Why this answer?"),
        [
            heading(explanation.found, explanation.fitted, place, shown[0]),
            *(s for s in [explanation.because(place, shown[0])] if s),
        ],
        [
            waterfall(
                f"waterfall-{k}",
                _answer_named(explanation, k),
                _steps(explanation, place, k),
                float(explanation.found.parts[place].base[k]),
                float(explanation.found.parts[place].output[k]),
                unit=say(UNITS[explanation.found.scale]),
            )
            for k in shown
        ],
    )


def _steps(explanation: Explanation, place: int, answer: int) -> list[Step]:
    """Return what the columns add, by falling size."""
    found = explanation.found
    part = found.parts[place]
    values, error = part.values[:, answer], part.error[:, answer]
    return [
        Step(
            name_of(found.players[player]),
            values_of(found, place, player),
            float(values[player]),
            float(error[player]),
        )
        for player in map(int, falling(np.abs(values)))
    ]


def _numbers(explanation: Explanation, place: int) -> RowSection:
    """Every column's value for the likeliest answer, each error by itself."""
    found = explanation.found
    part, chosen = found.parts[place], explanation.likeliest(place)

    def cell(numbers: np.ndarray, player: int) -> str:
        value = float(numbers[player, chosen])
        return "–" if np.isnan(value) else figure(value, digits=3)

    rows = [
        (
            name_of(found.players[player]),
            values_of(found, place, player),
            figure(float(part.values[player, chosen]), digits=3, sign=True),
            cell(part.sampling_error, player),
            cell(part.background_error, player),
            cell(part.spread, player),
        )
        for player in map(int, falling(np.abs(part.values[:, chosen])))
    ]
    header = (
        say("column"),
        say("value"),
        say("adds"),
        say("error of drawing"),
        say("error of the background"),
        say("spread over members"),
    )
    title = _answer_named(explanation, chosen)
    return RowSection("numbers", say("The numbers"), tables=[RowTable(header, rows, 2, title)])
