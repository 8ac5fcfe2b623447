"""Verified properties as text, a frame and records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import polars as pl
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from gradum.messages import as_text, listed, marked, say, say_plural
from gradum.scores.figures import percent
from gradum.show.document.document import Shown
from gradum.show.words.visible import visible
from gradum.study.properties.result import ColumnDomain, Counterexample, Verification, Verified
from gradum.tables.wording import SHOWN_NAMES, number, quoted, quoted_text

VERDICTS = {
    "proved": marked("proved"),
    "refuted": marked("refuted"),
    "not decided": marked("not decided"),
}
STYLES = {"proved": "green", "refuted": "red", "not decided": "yellow"}
STAGES = {
    "weights": marked("no weight leads from the column to the answer"),
    "slopes": marked("by bounds of the slope"),
    "attack": marked("by the attack"),
    "interval": marked("by interval arithmetic"),
    "crown": marked("by linear bounds"),
    "search": marked("by the search"),
}


class PropertyReport(Shown):
    """The results for properties; shows itself in a terminal and a notebook.

    Parameters
    ----------
    notes : callable
        Yields notes on all properties; by default those for models of tables.
    """

    def __init__(
        self, found: Verification, notes: Callable[[Verification], Iterable[str]] | None = None
    ) -> None:
        self.found = found
        self._notes = notes or notes_on_models

    @property
    def verdict(self) -> str:
        """The joint verdict: refuted if any is, else not decided if any is, else proved."""
        return self.found.verdict

    @property
    def frame(self) -> pl.DataFrame:
        """One line per property: its text, region, verdict, stage, certified share and seconds.

        ``rounding`` is how much counts as rounding, in the target's unit or as a probability.
        """
        names = ("property", "where", "verdict", "stage", "certified", "seconds", "rounding")
        properties = self.found.properties
        return pl.DataFrame(
            {name: [getattr(verified, name) for verified in properties] for name in names}
        )

    def record(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return msgspec.to_builtins(self.found, enc_hook=as_text)

    def __repr__(self) -> str:
        return f"<gradum.PropertyReport of {len(self.found.properties):,} properties>"

    def verdict_lines(self) -> Iterator[RenderableType]:
        """Yield the verdict of each property, and its counterexample."""
        for verified in self.found.properties:
            yield _verdict(verified)
            yield from _example_lines(verified)

    def _parts(self) -> Iterator[RenderableType]:
        for verified in self.found.properties:
            yield _verdict(verified)
            yield Padding(Text(_on_one_line(_how(verified))), (0, 0, 0, 2))
            yield from _example_lines(verified)
        yield Text("")
        for note in self._notes(self.found):
            yield Text(_on_one_line(note), style="dim")


def _on_one_line(sentence: str) -> str:
    """Return a sentence on one line, even if a name or a level in it has a line break."""
    return visible(sentence).replace("\n", "\\n")


def explained(verified: Verified) -> list[str]:
    """Return sentences on how a property was decided, or why it was not, and the counterexample."""
    example = verified.counterexample
    return [_how(verified), *(_counterexample(example) if example is not None else ())]


def _verdict(verified: Verified) -> Text:
    word = Text(visible(say(VERDICTS[verified.verdict])), style=STYLES[verified.verdict])
    return word + Text(_on_one_line(f": {stated(verified)}"), style="default")


def _example_lines(verified: Verified) -> Iterator[RenderableType]:
    if verified.counterexample is not None:
        for sentence in _counterexample(verified.counterexample):
            yield Padding(Text(_on_one_line(sentence)), (0, 0, 0, 2))


def stated(verified: Verified) -> str:
    """State the property with its region, and the class whose probability it is about."""
    text = verified.property
    if verified.where:
        text = say("{property}, where {where}", property=text, where=verified.where)
    if verified.of is not None:
        return say("{property} (the probability of {label!r})", property=text, label=verified.of)
    return text


def _how(verified: Verified) -> str:
    """Say how the property was decided, or why it was not, and what counts as rounding."""
    return f"{_decided(verified)} {_rounding(verified)}"


def _rounding(verified: Verified) -> str:
    if not verified.rounding:
        return say("No difference counts as rounding.")
    most = f"{verified.rounding:.2g}"
    return say("Up to {rounding}, in the unit of the answer, counts as rounding.", rounding=most)


def _decided(verified: Verified) -> str:
    certified = percent(verified.certified)
    if verified.rows is not None:
        counts = say_plural(
            "{certified} of {count:,} row proved, {refuted:,} refuted; {stage}; {seconds:.1f} s.",
            "{certified} of {count:,} rows proved, {refuted:,} refuted; {stage}; {seconds:.1f} s.",
            verified.rows,
            certified=certified,
            refuted=verified.refuted_rows,
            stage=say(STAGES[verified.stage]),
            seconds=verified.seconds,
        )
        return counts if verified.reason is None else f"{verified.reason} {counts}"
    if verified.reason is not None:
        return say(
            "{reason} {certified} of the domain certified; {seconds:.1f} s.",
            reason=verified.reason,
            certified=certified,
            seconds=verified.seconds,
        )
    if verified.verdict == "refuted":
        return say(
            "{stage}; {seconds:.1f} s.", stage=say(STAGES[verified.stage]), seconds=verified.seconds
        )
    return say(
        "{certified} of the domain certified; {stage}; {seconds:.1f} s.",
        certified=certified,
        stage=say(STAGES[verified.stage]),
        seconds=verified.seconds,
    )


def _counterexample(example: Counterexample) -> Iterator[str]:
    """State the answers, the changes and the rest of the row."""
    first, last = example.rows[0], example.rows[-1]
    changed = [name for name in last if first.get(name) != last[name]]
    answers = [quoted_text(answer) for answer in example.answers]
    if len(answers) == 1:
        yield say(
            "Counterexample: the answer is {answer} for {values}.",
            answer=answers[0],
            values=_values(last, last),
        )
        return
    if example.of is not None:
        yield say(
            "Counterexample: {changes}; the probability of {label!r} goes from {first} to {last}.",
            changes=_changes(first, last, changed),
            label=example.of,
            first=answers[0],
            last=answers[1],
        )
    elif example.row is None:
        yield say(
            "Counterexample: {changes}; the answer goes from {first} to {last}.",
            changes=_changes(first, last, changed),
            first=answers[0],
            last=answers[1],
        )
    else:
        yield say(
            "Counterexample: row {row:,} with {changes}; the answer goes from {first} to {last}.",
            row=example.row,
            changes=_changes(first, last, changed),
            first=answers[0],
            last=answers[1],
        )
    rest = [name for name in last if name not in changed]
    if rest:
        yield say("The rest of the row: {values}.", values=_values(last, rest))


def _values(row: dict[str, Any], names: Iterable[str]) -> str:
    return ", ".join(f"{name}={quoted_text(row[name])}" for name in names)


def _changes(first: dict[str, Any], last: dict[str, Any], changed: list[str]) -> str:
    return listed(
        [
            say(
                "{column} from {first} to {last}",
                column=name,
                first=quoted_text(first.get(name)),
                last=quoted_text(last[name]),
            )
            for name in changed
        ],
        "and",
    )


def _domain(columns: tuple[ColumnDomain, ...]) -> Iterator[str]:
    told = [_column(column) for column in columns if column.low is not None or column.levels]
    if told:
        yield say(
            "The whole domain, that of the rows learned from: {columns}.", columns="; ".join(told)
        )


def _column(column: ColumnDomain) -> str:
    if column.low is not None and column.high is not None:
        low, high = (number(end, (column.low, column.high)) for end in (column.low, column.high))
        ends = {"column": column.column, "low": low, "high": high}
        text = (
            say("{column} {low}..{high} in whole numbers", **ends)
            if column.whole
            else say("{column} {low}..{high}", **ends)
        )
    else:
        text = f"{column.column} {quoted(column.levels, SHOWN_NAMES)}"
    return say("{values}, or missing", values=text) if column.missing else text


def notes_on_networks(found: Verification) -> Iterator[str]:
    """Say what a network's domain is, and what proofs and counterexamples are about."""
    told = [_column(column) for column in found.domain if column.low is not None]
    if told:
        yield say("The whole domain: {columns}.", columns="; ".join(told))
    yield say(
        "A proof covers the network in exact arithmetic, for any two rows of the domain that "
        "differ only in the named columns; a counterexample was confirmed by ONNX Runtime."
    )


def notes_on_models(found: Verification) -> Iterator[str]:
    """Say what the domain is, and what proofs and counterexamples are about."""
    if any(verified.rows is None for verified in found.properties):
        yield from _domain(found.domain)
        yield from found.notes
    if any(verified.rows is not None for verified in found.properties):
        yield say("Around rows, whole numbers stay whole and missing values missing.")
    yield say(
        "A proof covers all answers as they are computed, up to what counts as rounding; slopes "
        "are bounded in real numbers, and computing may change the answers by that much. A "
        "counterexample was replayed through the model's prediction, and differs by more."
    )
