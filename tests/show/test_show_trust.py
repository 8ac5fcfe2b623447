"""The text and the page of a trust report: every status, and names that are hard to show."""

from dataclasses import replace

import pytest
from hostile import NAMES
from markupsafe import escape
from msgspec import structs

from gradum.show.answers.trust import TrustReport
from gradum.show.document.document import TextTable
from gradum.show.document.trust_section import PartFinding, TrustSection
from gradum.show.words.visible import visible
from gradum.study.trust import Check, Family, Gauge, Line, settled
from pages import TAG

LINE = Line("part.line", "A demand")
HELD = LINE.judged(True, "It does.", figure="1", threshold="at most 2", value=1.0, limit=2.0)
FAILED = LINE.judged(False, "It does not.", figure="3", threshold="at most 2")
UNKNOWN = LINE.not_checked("Nobody asked.", "Ask.")
REQUIRED = Check("part.line", "A demand", "not checked", "Nobody asked.", required=True)


def report(*checks, title="A part", sentences=(), tables=()):
    finding = PartFinding(checks, sentences, tables)
    section, family = TrustSection("part", title, finding), Family(0.03, 1)
    return TrustReport("run", "target", [section], {}, "now", family)


@pytest.mark.parametrize(
    ("checks", "failed", "verdict"),
    [
        ((HELD,), False, "All that was checked of run holds. 1 demand holds. 0 were not checked."),
        ((HELD, HELD, UNKNOWN), False, "holds. 2 demands hold. 1 was not checked."),
        ((HELD, FAILED), True, "1 demand on run failed. 1 demand holds."),
        ((FAILED, FAILED, REQUIRED), True, "3 demands on run failed. 0 demands hold."),
        ((UNKNOWN,), False, "Nothing was checked of run."),
    ],
)
def test_the_verdict_counts_the_lines(checks, failed, verdict):
    found = report(*checks)
    assert found.failed == failed
    assert verdict in found.summary()
    assert verdict in found.page()
    assert found.content["status"] == ("failed" if failed else "held")


def test_what_is_alike_unchecked_is_one_line():
    other = Line("part.other", "Another demand").not_checked("Nobody asked.", "Ask.")
    text = report(UNKNOWN, other, FAILED).summary()
    assert "- A demand; Another demand. Nobody asked. Ask." in text
    assert "- A demand. It does not." in text


def test_a_required_line_says_that_it_must_be_checked():
    found = report(REQUIRED)
    assert "must be checked" in found.summary()
    assert "must be checked" in found.page()


@pytest.mark.parametrize("name", [name for name in NAMES if len(name) < 100])
def test_names_are_data(name):
    name = f"<i>{name}"
    check = LINE.judged(False, name, figure=name, threshold=name, about=name)
    table = TextTable((name,), [(name,)], title=name)
    found = report(check, title=name, sentences=[name], tables=[table])
    page = found.page()
    assert "<i>" not in page.replace("<i></i>", "")
    assert str(escape(visible(name))) in page
    assert all(letter in "\n" or letter.isprintable() for letter in found.summary())


def test_error_and_power_are_printed_in_text_page_and_json():
    tested = FAILED.tested(0.02, Gauge("all off by {gap}", "points", 0.01, 1.0))
    checks, family = settled([tested, HELD], 0.03)
    found = report(*checks)
    power = "In 80% of cases, these rows would show: all off by 2.7 points."  # (1.88 + 0.84) 0.01
    assert (checks[0].adjusted_p, checks[0].detectable) == (0.02, pytest.approx(0.0272, abs=1e-4))
    for shown in (found.summary(), found.page()):
        assert "in at most 3% of reports" in " ".join(shown.split())
        assert f"Adjusted for all tests, p = 0.02. {power}" in " ".join(shown.split())
    assert found.content["family"] == family
    assert found.frame["adjusted_p"].to_list() == [0.02, None]


def test_what_failed_comes_first_and_colours_the_header():
    about = [structs.replace(check, about=f"line {k}") for k, check in enumerate([HELD] * 12)]
    found = report(*about, UNKNOWN, structs.replace(FAILED, about="the last"))
    page, text = found.page(), found.summary()
    assert page.index("the last") < page.index("line 0")
    assert text.index("the last") < text.index("line 0")
    assert '<div class="headline alarming">' in page
    assert '<div class="headline alarming">' not in report(*about, UNKNOWN).page()
    assert [check.about for check in found.checks][-1] == "the last"  # JSON keeps the order


def test_each_part_is_one_line_with_its_verdict_and_folds_its_details():
    other = structs.replace(HELD, title="Another demand", figure="2")
    page = report(HELD, FAILED, UNKNOWN, other).page()
    folded = page[page.index("<h2>A part") :]
    line = " ".join(TAG.sub(" ", folded[: folded.index("</summary>")]).split())
    assert line == "A part failed A demand: 3. 2 others hold. 1 was not checked."
    unknown = report(UNKNOWN).page()
    line = unknown[unknown.index("<h2>A part") :]
    assert "not checked" in line[: line.index("</summary>")]
    assert "Nobody asked." in line[: line.index("</summary>")]
    assert "It does not." not in page[: page.index('<details class="part">')]


def test_the_first_screen_says_no_jargon():
    tested = FAILED.tested(0.02, Gauge("all off by {gap}", "points", 0.01, 1.0))
    checks, family = settled([tested, HELD], 0.03)
    page = replace(report(*checks), family=family).page()
    first, folded = page.split('<details class="part">', 1)
    assert "Holm" not in first
    assert "p = " not in first
    assert "Holm" in folded
