"""A trust report in words that text and page share."""

from __future__ import annotations

from collections.abc import Sequence

from gradum.messages import say, say_plural, sentences
from gradum.scores.figures import figure, percent
from gradum.study.trust import POWER, Check
from gradum.tables.wording import shortened


def report_verdict(checks: Sequence[Check], subject: str) -> str:
    """Say in a sentence or two whether all that was asked for holds."""
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
            say_plural("{count} holds.", "{count} hold.", held),
            say_plural("{count} was not checked.", "{count} were not checked.", unknown),
        )
    )


def unchecked_together(checks: Sequence[Check]) -> list[tuple[str, str]]:
    """Return what was not checked: titles, and why and how to check it, where alike in one line."""
    alike: dict[str, list[str]] = {}
    for check in checks:
        if check.status == "not checked":
            alike.setdefault(sentences((check.reason, check.remedy)), []).append(title_text(check))
    return [(say("; ").join(titles), why) for why, titles in alike.items()]


def title_text(check: Check) -> str:
    """Return what is demanded, and of which column or metric."""
    if not check.about:
        return check.title
    return say("{title}: {about}", title=check.title, about=shortened(check.about))


def threshold_text(check: Check) -> str:
    """Return what was asked for; of a line that must be checked and was not, that."""
    if check.required and check.status == "not checked":
        return say("must be checked")
    return check.threshold


def test_text(check: Check) -> str:
    """Say how likely chance is to bring what a test found, and what it would find; else nothing."""
    if check.adjusted_p is None:
        return ""
    p = figure(check.adjusted_p, digits=2)
    if not check.power:
        return say("Among all tests p = {p}.", p=p)
    return say(
        "Among all tests p = {p}. These rows would show in {share} of cases: {power}.",
        p=p,
        share=percent(POWER),
        power=check.power,
    )
