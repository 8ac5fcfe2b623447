"""A tree in place of a model, as text, HTML and a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gradum.messages import say, sentences
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure, percent
from gradum.show.document.document import Shown
from gradum.show.words.visible import visible
from gradum.study.explanation.surrogate import Rule, Surrogate


@dataclass(eq=False, repr=False)
class SurrogateTree(Shown):
    """A tree that imitates a model, with its fidelity; the object shows itself."""

    found: Surrogate
    fitted: Fitted

    @property
    def frame(self) -> pl.DataFrame:
        """One line per rule: ``rule``, ``share`` of the rows, ``answer``, and its ``probability``.

        The answer is a number, which has no probability, or a class as text. There are no lines if
        the tree is not shown.
        """
        found, rules = self.found, self.found.rules
        columns: dict[str, tuple[list[Any], Any]] = {
            "rule": ([_words(rule) for rule in rules], pl.String),
            "share": ([rule.share for rule in rules], pl.Float64),
        }
        if found.classes:
            columns["answer"] = [rule.decision for rule in rules], pl.String
            columns["probability"] = [_probability(found, rule) for rule in rules], pl.Float64
        else:
            columns["answer"] = [rule.answer[0] for rule in rules], pl.Float64
        return pl.DataFrame(
            {name: pl.Series(values, dtype=dtype) for name, (values, dtype) in columns.items()}
        )

    def __repr__(self) -> str:
        return f"<gradum.SurrogateTree of {len(self.found.rules)} rules>"

    def _parts(self) -> Iterator[RenderableType]:
        found = self.found
        yield Text(visible(sentences(found.sentences)))
        if not found.rules:
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(say("where"), overflow="fold", ratio=1)
        for name in (say("rows"), visible(self.fitted.spec.target)):
            table.add_column(name, justify="right")
        if found.classes:
            table.add_column(say("probability"), justify="right")
        for rule in found.rules:
            share = percent(rule.share, decimals=1)
            if found.classes:
                answer = (visible(rule.decision), figure(_probability(found, rule)))
            else:
                answer = (figure(rule.answer[0]),)
            table.add_row(Text(visible(_words(rule))), share, *map(Text, answer))
        yield table


def _probability(found: Surrogate, rule: Rule) -> float:
    return rule.answer[found.classes.index(rule.decision)]


def _words(rule: Rule) -> str:
    return say("; ").join(rule.conditions) or say("all rows")
