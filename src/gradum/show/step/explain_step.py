"""One step of learning as a worked example, for a terminal, a notebook or a page."""

from __future__ import annotations

import html
import shutil
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradum.messages import say
from gradum.show.step.step_lines import (
    Line,
    backward_lines,
    check_lines,
    forward_lines,
    loss_lines,
    update_lines,
    warning,
)
from gradum.show.step.step_page import heading, step_page
from gradum.show.text import plain
from gradum.study.explain_step import WorkedStep

WIDTH = 132
"""The most characters in a line; a narrower console has its own limit."""


@dataclass(frozen=True, eq=False, repr=False)
class StepExplanation:
    """One step of learning on one row, for reading; ``step`` has every number.

    It shows itself in a terminal, in a notebook, as text by ``str`` and as a page by ``page``.
    """

    step: WorkedStep

    def __rich__(self) -> RenderableType:
        return Group(*step_parts(self.step))

    def __str__(self) -> str:
        return self._text(min(shutil.get_terminal_size().columns, WIDTH))

    __repr__ = __str__

    def page(self) -> str:
        """Return the step as one self-contained page of HTML, with its formulas in MathML."""
        return step_page(self.step)

    def _repr_html_(self) -> str:
        return f'<pre style="line-height: 1.25">{html.escape(self._text(WIDTH))}</pre>'

    def _text(self, width: int) -> str:
        text = plain(*step_parts(self.step), width=width)
        return "\n".join(line.rstrip() for line in text.splitlines())


def step_parts(step: WorkedStep) -> list[RenderableType]:
    """Show forward, loss, backward, check and update."""
    parts: list[RenderableType] = [Text(heading(step), style="bold")]
    parts.extend(Text(remark, style="dim") for remark in step.names.remarks)
    for title, lines in (
        (say("forward"), forward_lines(step)),
        (say("loss"), loss_lines(step)),
        (say("backward"), backward_lines(step)),
        (say("check"), check_lines(step)),
        (say("update"), update_lines(step)),
    ):
        parts.append(Text(f"\n{title}", style="bold"))
        parts.append(Padding(FormulaLines(lines), (0, 0, 0, 2)))
    if rose := warning(step):
        parts.append(Text(rose, style="bold red"))
    return parts


@dataclass(frozen=True, eq=False)
class FormulaLines:
    """Formulas on the left, in at most half of the console, and their numbers on the right."""

    lines: list[Line]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        longest = max(cell_len(formula) for formula, _ in self.lines)
        table = Table.grid(padding=(0, 3, 0, 0))
        table.add_column(style="cyan", width=min(longest, options.max_width // 2))
        table.add_column()
        for formula, content in self.lines:
            table.add_row(Text(formula), Text(content) if isinstance(content, str) else content)
        yield table
