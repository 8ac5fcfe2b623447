"""A page that explains one row: how its answer is made up, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradum.margins import falling
from gradum.messages import marked, say, say_plural
from gradum.questions.alike.answer import AlikeRows
from gradum.questions.counterfactual.answer import Counterfactuals
from gradum.questions.counterfactual.words import notes
from gradum.scores.figures import figure
from gradum.show.document.document import Section, TextTable, Thumbnail
from gradum.show.document.marked_text import marked_text
from gradum.show.document.tiles import heat_map
from gradum.show.page.charted_page import charted_page
from gradum.show.pictures.effects import effect_picture
from gradum.show.pictures.row_distribution import distribution_picture
from gradum.show.pictures.waterfall import waterfall
from gradum.show.words.answer_words import answer_name, answer_text, scale_title
from gradum.show.words.explanation_words import because, heading
from gradum.study.explanation.effects import Effects
from gradum.study.explanation.explain import RowExplanation, row_explanation
from gradum.study.row_distribution import RowDistribution
from gradum.tables.grids.png import thumbnail
from gradum.tables.wording import value_text

if TYPE_CHECKING:
    from gradum.questions.explain.answer import Explanation

MOST_CLASSES = 2
"""The number of classes with a picture of their own: the likeliest and the next."""


OF_WORDS = marked(
    "Shapley values of its words: how far each moves the answer from the one without it, averaged "
    "over the orders in which words can be added. All other columns stay as they are in the row."
)
HOW = marked(
    "Shapley values of its tiles: how far each moves the answer from the one with the same tile "
    "of other rows, averaged over the orders in which tiles can be added. All other columns stay "
    "as they are in the row."
)


def row_page(
    explanation: Explanation,
    more: Sequence[Section] = (),
    *,
    place: int = 0,
    cache: Path | None = None,
) -> str:
    """Return one self-contained page about a row.

    Parameters
    ----------
    more : sequence of Section
        Further sections about the row, shown between the answer and the numbers.
    place : int
        The row's position among the explained rows.
    cache : path, optional
        A folder that keeps the charts' script for the next page.
    """
    return charted_page(
        "row.html",
        [
            _why(explanation, place),
            *_tiles(explanation, place),
            *more,
            _numbers(explanation, place),
        ],
        cache,
        heading=say(
            "Row {row}: {target}",
            row=int(explanation.found.rows[place]),
            target=explanation.fitted.spec.target,
        ),
        remarks=_remarks(explanation, place),
        facts=_facts(explanation, place),
    )


def distribution_section(expected: RowDistribution, target: str, promise: str) -> Section:
    """Return the expected distribution of the row's target, and its guarantee."""
    picture = distribution_picture(expected, target)
    return Section("expected", say("What may be expected?"), [promise], [picture])


def effects_section(effects: Effects, answer: int) -> Section:
    """Return the curves of some columns, each with the row's own curve and position."""
    pictures = [effect_picture(effects, effect, answer, 0) for effect in effects.effects]
    return Section(
        "curves",
        say("What if one column were otherwise?"),
        [say("Of the columns that add most; all others stay as they are in the row.")],
        pictures,
    )


def changes_section(changes: Counterfactuals) -> Section:
    """Return the smallest changes of the row that change its answer."""
    (row,) = changes.found.rows
    tables = changes.tables(row)
    first = [] if tables else [changes.why_none(row)]
    return Section(
        "changes",
        say("What would have changed the answer?"),
        [*first, *notes(changes.fitted, changes.found)],
        tables=tables,
    )


def alike_section(alike: AlikeRows) -> Section:
    """Return the rows learned from that are most like the row."""
    tables = [alike.table] if alike.table.rows else []
    return Section(
        "alike",
        say("Rows like this one"),
        alike.sentences(),
        tables=tables,
        thumbnails=list(_thumbnails(alike)),
    )


def _thumbnails(alike: AlikeRows) -> Iterator[Thumbnail]:
    """Yield small pictures of the row and of the rows like it, column by column."""
    captions = [say("this row"), *(say("row {row}", row=row) for row in alike.frame["row"])]
    for column in alike.fitted.schema.features:
        for value, caption in zip(alike.values[column.name], captions, strict=True):
            grid = column.traits.grid(value)
            if grid is not None:
                yield Thumbnail(thumbnail(grid.pixels), value_text(value), caption)


def not_alike_section(reason: str) -> Section:
    """Say why no rows learned from are compared with the row."""
    return Section("alike", say("Rows like this one"), [reason])


def answers_to_show(explanation: Explanation, place: int) -> list[int]:
    """Return the positions of the answers to show: likeliest classes, or the middle quantile."""
    answers = len(explanation.found.answers)
    if not explanation.fitted.classes:
        return [answers // 2]
    most = 1 if answers == 2 else MOST_CLASSES
    return [int(answer) for answer in falling(explanation.found.parts[place].output)[:most]]


def _rows(explanation: Explanation, place: int) -> list[RowExplanation]:
    found = explanation.found
    return [row_explanation(found, place, answer) for answer in answers_to_show(explanation, place)]


def _facts(explanation: Explanation, place: int) -> list[tuple[str, str]]:
    rows, target = _rows(explanation, place), explanation.fitted.spec.target
    facts = [
        (answer_name(row.scale, row.answer, target), answer_text(row.scale, row.output))
        for row in rows
    ]
    mean = answer_text(rows[0].scale, rows[0].base)
    return [*facts, (say("on average over the background"), mean)]


def _remarks(explanation: Explanation, place: int) -> list[str]:
    part = explanation.found.parts[place]
    how = say("The values are drawn, from {count:,} coalitions.", count=part.coalitions)
    if not part.sampling_error.any():
        how = say(
            "The values are exact over all {count:,} coalitions of columns.", count=part.coalitions
        )
    against = say_plural(
        "The background is {count:,} row.",
        "The background is {count:,} rows.",
        explanation.found.background,
    )
    return [how, against, say("The values describe the model, not causes.")]


def _why(explanation: Explanation, place: int) -> Section:
    rows, target = _rows(explanation, place), explanation.fitted.spec.target
    sentences = [heading(rows[0], target, explanation.found.background), because(rows[0])]
    return Section(
        "why",
        say("Why this answer?"),
        [sentence for sentence in sentences if sentence],
        [
            waterfall(
                f"waterfall-{number}",
                answer_name(row.scale, row.answer, target),
                row,
                unit=scale_title(row.scale),
            )
            for number, row in enumerate(rows)
        ],
    )


def _tiles(explanation: Explanation, place: int) -> Iterator[Section]:
    """Show which parts of each picture or sound count, for each answer that is shown."""
    found, target = explanation.found, explanation.fitted.spec.target
    for number, tiles in enumerate(explanation.tiles(place)):
        kind = explanation.fitted.schema.column(tiles.column).traits
        names = {
            answer: answer_name(found.scale, found.answers[answer], target)
            for answer in answers_to_show(explanation, place)
        }
        title = say("Which part of {column} counts?", column=tiles.column)
        if kind.holds_words:
            texts = [marked_text(tiles, at, found.scale, name) for at, name in names.items()]
            yield Section(f"part{number}", title, [say(OF_WORDS)], marked_texts=texts)
            continue
        maps = [heat_map(tiles, kind, at, found.scale, name) for at, name in names.items()]
        yield Section(f"part{number}", title, [say(HOW)], heat_maps=maps)


def _numbers(explanation: Explanation, place: int) -> Section:
    """Every column's value for the first answer, with each error separately."""
    found, answer = explanation.found, answers_to_show(explanation, place)[0]
    part, row = found.parts[place], row_explanation(found, place, answer)
    place_of = {name: player for player, name in enumerate(found.names)}

    def cell(numbers: np.ndarray, column: str) -> str:
        number = float(numbers[place_of[column], answer])
        return "–" if np.isnan(number) else figure(number)

    header = (
        say("column"),
        say("value"),
        say("adds"),
        say("error of drawing"),
        say("error of the background"),
        say("spread over members"),
    )
    rows = [
        (
            adds.column,
            adds.value,
            figure(adds.contribution, sign=True),
            cell(part.sampling_error, adds.column),
            cell(part.background_error, adds.column),
            cell(part.spread, adds.column),
        )
        for adds in row.contributions
    ]
    title = answer_name(row.scale, row.answer, explanation.fitted.spec.target)
    return Section("numbers", say("The numbers"), tables=[TextTable(header, rows, 2, title)])
