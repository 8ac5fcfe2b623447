"""A trust report as text, a page and a frame: every line held, failed or not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gradum.messages import say, say_plural, sentences
from gradum.scores.figures import figure, percent
from gradum.show.document.document import Shown
from gradum.show.document.frame import frame_of
from gradum.show.document.trust_section import PartFinding, TrustSection
from gradum.show.words.visible import visible
from gradum.study.trust import POWER, STATUSES, Check, Family, Status
from gradum.tables.wording import shortened

FOREMOST: tuple[Status, ...] = ("failed", "held", "not checked")
STYLES: dict[Status, str] = {"held": "green", "failed": "bold red", "not checked": "dim"}


@dataclass(eq=False, repr=False)
class TrustReport(Shown):
    """What was demanded of a model, and whether it holds; the object shows itself."""

    subject: str
    """The name of the model or the file."""
    target: str
    """The column that is predicted."""
    sections: Sequence[TrustSection]
    """In the order of the report."""
    thresholds: dict[str, Any]
    """The demands, part by part."""
    written: str
    """When the report was written, and by which version of gradum."""
    family: Family
    """The error and the power of the lines that chance may fail."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every line of the report."""
        return tuple(check for section in self.sections for check in section.finding.checks)

    @property
    def failed(self) -> bool:
        """Whether a line failed, or a required one was not checked."""
        return any(check.fails for check in self.checks)

    @property
    def not_checked(self) -> tuple[Check, ...]:
        """The lines that were not checked."""
        return tuple(check for check in self.checks if check.status == "not checked")

    @property
    def content(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        counts = Counter(check.status for check in self.checks)
        return {
            "format": 1,
            "subject": self.subject,
            "target": self.target,
            "written": self.written,
            "status": "failed" if self.failed else "held",
            "counts": {status: counts[status] for status in STATUSES},
            "family": self.family,
            "thresholds": self.thresholds,
            "checks": self.checks,
            "parts": {
                section.name: section.finding.details
                for section in self.sections
                if section.finding.details is not None
            },
        }

    @property
    def frame(self) -> pl.DataFrame:
        """One row per line, with the fields of `Check`."""
        schema = {
            "name": pl.String,
            "about": pl.String,
            "status": pl.String,
            "value": pl.Float64,
            "limit": pl.Float64,
            "p_value": pl.Float64,
            "adjusted_p": pl.Float64,
            "detectable": pl.Float64,
            "figure": pl.String,
            "threshold": pl.String,
            "reason": pl.String,
            "remedy": pl.String,
            "required": pl.Boolean,
        }
        return frame_of(self.checks, schema)

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page; ``cache`` keeps the charts' script."""
        from gradum.show.page.charted_page import charted_page  # which a terminal does not need

        counts = Counter(check.status for check in self.checks)
        # The template fills the last section with the unchecked lines.
        unchecked = TrustSection("not-checked", say("What was not checked?"), PartFinding())
        return charted_page(
            "trust.html",
            [*self.sections, unchecked],
            cache,
            heading=say("Trust report: {target}", target=self.target),
            verdict=report_verdict(self.checks, self.subject),
            written=self.written,
            family=self.family,
            facts=[(say(STATUSES[status]), f"{counts[status]}") for status in FOREMOST],
            failed=self.failed,
            foremost=[check for check in failed_first(self.checks) if not _open(check)],
            failed_first=failed_first,
            unchecked=unchecked_together(self.checks),
            statuses=STATUSES,
            status_of=part_status,
            answer_of=part_answer,
            title_text=title_text,
            threshold_text=threshold_text,
            test_text=test_text,
        )

    def __repr__(self) -> str:
        failed = sum(check.fails for check in self.checks)
        return f"<gradum.TrustReport of {self.subject} with {failed} of {len(self.checks)} failed>"

    def _parts(self) -> Iterator[RenderableType]:
        yield Text(visible(report_verdict(self.checks, self.subject)), style="bold")
        yield ""
        yield self._lines()
        failing = [check for check in self.checks if check.fails]
        if failing:
            yield Text("\n" + say("Failed"), style="bold")
            for check in failing:
                yield _with_reason(title_text(check), check.reason)
        yield Text("\n" + say("Error and power"), style="bold")
        yield Text(sentences(part for part in (self.family.sentence, self.family.method) if part))
        for check in self.checks:
            if check.power:
                yield _with_reason(title_text(check), test_text(check))
        if self.not_checked:
            yield Text("\n" + say("Not checked"), style="bold")
            for titles, why in unchecked_together(self.checks):
                yield _with_reason(titles, why)

    def _lines(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("", no_wrap=True)
        for name in (say("demand"), say("found"), say("asked for")):
            table.add_column(name, overflow="fold")
        for check in failed_first(self.checks):
            table.add_row(
                Text(say(STATUSES[check.status]), STYLES[check.status]),
                Text(visible(title_text(check))),
                Text(visible(check.figure)),
                Text(visible(threshold_text(check))),
            )
        return table


def _with_reason(title: str, reason: str) -> Text:
    return Text(visible(say("- {title}. {reason}", title=title, reason=reason)))


def report_verdict(checks: Sequence[Check], subject: str) -> str:
    """Say in a sentence or two whether all demands hold."""
    failed = sum(check.fails for check in checks)
    held = sum(check.status == "held" for check in checks)
    unknown = sum(check.status == "not checked" for check in checks)
    if failed:
        first = say_plural(
            "{count} demand on {subject} failed.",
            "{count} demands on {subject} failed.",
            failed,
            subject=subject,
        )
    elif held:
        first = say("All that was checked of {subject} holds.", subject=subject)
    else:
        first = say("Nothing was checked of {subject}.", subject=subject)
    return sentences(
        (
            first,
            say_plural("{count} demand holds.", "{count} demands hold.", held),
            say_plural("{count} was not checked.", "{count} were not checked.", unknown),
        )
    )


def _open(check: Check) -> bool:
    """Tell whether a line was not checked, and need not have been."""
    return check.status == "not checked" and not check.fails


def failed_first(checks: Sequence[Check]) -> list[Check]:
    """Return the lines that fail, then those that hold, then those that were not checked."""
    return sorted(checks, key=lambda check: (not check.fails, check.status == "not checked"))


def part_status(checks: Sequence[Check]) -> Status | None:
    """Return the worst of a part's lines that were checked; None of a part without lines."""
    if any(check.fails for check in checks):
        return "failed"
    found = [check.status for check in checks]
    return next((status for status in ("held", "not checked") if status in found), None)


def part_answer(checks: Sequence[Check]) -> str:
    """Say in a line what a part found: its foremost line, and how many others there are."""
    if not checks:
        return ""
    first, *others = failed_first(checks)
    found = first.reason
    if first.figure:
        found = say("{title}: {figure}.", title=title_text(first), figure=first.figure)
    counts = Counter("failed" if check.fails else check.status for check in others)
    further = {
        "failed": say_plural("{count} other failed.", "{count} others failed.", counts["failed"]),
        "held": say_plural("{count} other holds.", "{count} others hold.", counts["held"]),
        "not checked": say_plural(
            "{count} was not checked.", "{count} were not checked.", counts["not checked"]
        ),
    }
    more = [text for status, text in further.items() if counts[status]]
    return sentences((found, *more))


def unchecked_together(checks: Sequence[Check]) -> list[tuple[str, str]]:
    """Return titles of unchecked lines, with why and how to check them, like ones together."""
    alike: dict[str, list[str]] = {}
    for check in checks:
        if check.status == "not checked":
            alike.setdefault(sentences((check.reason, check.remedy)), []).append(title_text(check))
    return [(say("; ").join(titles), why) for why, titles in alike.items()]


def title_text(check: Check) -> str:
    """Return what is demanded, and for which column or metric."""
    if not check.about:
        return check.title
    return say("{title}: {about}", title=check.title, about=shortened(check.about))


def threshold_text(check: Check) -> str:
    """Return what was demanded; for a required line that was not checked, that it was required."""
    if check.required and check.status == "not checked":
        return say("must be checked")
    return check.threshold


def test_text(check: Check) -> str:
    """Say how likely a test's finding is by chance, and what the test would find; else nothing."""
    if check.adjusted_p is None:
        return ""
    p = figure(check.adjusted_p, digits=2)
    if not check.power:
        return say("Adjusted for all tests, p = {p}.", p=p)
    return say(
        "Adjusted for all tests, p = {p}. In {share} of cases, these rows would show: {power}.",
        p=p,
        share=percent(POWER),
        power=check.power,
    )
