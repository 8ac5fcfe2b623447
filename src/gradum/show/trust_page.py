"""A trust report as one self-contained page: every line, part by part, and what was not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gradum.messages import say
from gradum.show.charted_page import charted_page
from gradum.show.trust_section import PartFinding, TrustSection
from gradum.show.trust_words import (
    report_verdict,
    test_text,
    threshold_text,
    title_text,
    unchecked_together,
)
from gradum.study.trust import STATUSES, Family


def trust_page(
    subject: str,
    target: str,
    sections: Sequence[TrustSection],
    family: Family,
    written: str,
    cache: Path | None = None,
) -> str:
    """Return the page, which says when it was ``written``.

    ``cache`` keeps the charts' script from one page to the next.
    """
    checks = [check for section in sections for check in section.finding.checks]
    counts = Counter(check.status for check in checks)
    return charted_page(
        "trust.html",
        [*sections, _unchecked()],
        cache,
        heading=say("Trust report: {target}", target=target),
        verdict=report_verdict(checks, subject),
        written=written,
        family=family.sentence,
        facts=[(say(words), f"{counts[status]}") for status, words in STATUSES.items()],
        checks=checks,
        unchecked=unchecked_together(checks),
        statuses=STATUSES,
        title_text=title_text,
        threshold_text=threshold_text,
        test_text=test_text,
    )


def _unchecked() -> TrustSection:
    """Return the last section, which the template fills with what was not checked."""
    return TrustSection("not-checked", say("Not checked"), PartFinding())
