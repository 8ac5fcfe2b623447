"""What a run says in words and tables, for a terminal or as plain text."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradum.fitting.fitted import Fitted
from gradum.fitting.judgement import Judgement
from gradum.fitting.spec import TITLES
from gradum.scores.bootstrap import Interval
from gradum.scores.metrics import METRICS
from gradum.tables.schema import Column, Schema, Target

MOST_COLUMNS = 40


def plain(*parts: RenderableType, width: int = 110) -> str:
    """Render as text without colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    for part in parts:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def schema_parts(schema: Schema, notes: tuple[str, ...]) -> list[RenderableType]:
    """Say what the table was understood to be, column by column."""
    features = len(schema.features)
    heading = f"{schema.source}: {schema.rows:,} rows, {len(schema.columns)} columns"
    parts: list[RenderableType] = [Text(f"{heading}, {features} of them features", style="bold")]
    if schema.target is not None:
        parts.append(_target_line(schema.target))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("column", overflow="fold", ratio=2)
    table.add_column("kind", no_wrap=True)
    table.add_column("what was understood", ratio=5)
    shown = [column for column in schema.columns if column.role != "target"]
    for column in shown[:MOST_COLUMNS]:
        table.add_row(Text(column.name), _kind(column), Text(column.reason))
    parts.append(table)
    if len(shown) > MOST_COLUMNS:
        rest = len(shown) - MOST_COLUMNS
        parts.append(Text(f"… and {rest} more columns; all of them are in schema.json.", "dim"))
    parts.extend(Text(f"note: {note}", style="yellow") for note in notes)
    return parts


def _target_line(target: Target) -> Text:
    return Text.assemble(("target ", "dim"), (target.name, "bold"), f": {target.reason}")


def _kind(column: Column) -> Text:
    if column.role == "unused":
        return Text(f"{column.kind}, not used", style="dim")
    return Text(column.kind if column.role == "feature" else f"{column.kind}, {column.role}")


def judgement_parts(judgement: Judgement) -> list[RenderableType]:
    """Show the ladder with intervals, then the verdict."""
    parts: list[RenderableType] = [Text(judgement.how, style="dim"), ladder_table(judgement)]
    parts.extend(Text(sentence) for sentence in judgement.verdict.sentences)
    parts.append(Text(judgement.fit_check))
    parts.extend(Text(f"note: {note}", style="yellow") for note in judgement.notes)
    if judgement.interrupted:
        parts.append(Text("Interrupted: judged on what was done by then.", style="yellow"))
    return parts


def ladder_table(judgement: Judgement) -> RenderableType:
    """One row a rung and part, one column a metric; the interval under the judging rows' value."""
    first = next(iter(judgement.scores.values()))
    metrics = list(next(iter(first.values())))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("rung")
    table.add_column("rows")
    for metric in metrics:
        table.add_column(METRICS[metric].title, justify="right", no_wrap=True)
    for rung, parts in judgement.scores.items():
        used = rung == judgement.verdict.used
        for part in ("train", "validation", "test"):
            if part not in parts:
                continue
            judging = part == "test"
            name = Text(TITLES[rung] if judging or len(parts) == 1 else "", "bold" if used else "")
            cells = [_cell(parts[part][metric], judging) for metric in metrics]
            style = "" if judging else "dim"
            table.add_row(name, Text(part), *cells, style=style)
    return Padding(table, (1, 0))


def _cell(interval: Interval, with_interval: bool) -> Text:
    text = Text(_number(interval.value))
    if with_interval:
        text.append(f"\n{_number(interval.low)}–{_number(interval.high)}", style="dim")
    return text


def _number(value: float) -> str:
    if value != value:
        return "–"
    return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.3e}"


def fitted_parts(fitted: Fitted) -> list[RenderableType]:
    """Show the judgement, or say that there is none."""
    if fitted.judgement is None:
        return [Text("Interrupted before any rung could be judged.", style="yellow")]
    return judgement_parts(fitted.judgement)


def judgement_text(fitted: Fitted) -> str:
    """Return the ladder and the verdict as plain text."""
    return plain(*fitted_parts(fitted))
