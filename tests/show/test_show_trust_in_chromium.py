"""The page of a trust report in Chromium: its length, its width, and what axe finds."""

import pytest

from gradum.show.answers.trust import TrustReport
from gradum.show.document.document import TextTable
from gradum.show.document.trust_section import PartFinding, TrustSection
from gradum.study.trust import Family, Line

LINE = Line("part.line", "A demand")
HELD = LINE.judged(True, "It does.", figure="1", threshold="at most 2")
FAILED = LINE.judged(False, "It does not.", figure="3", threshold="at most 2")
UNKNOWN = LINE.not_checked("Nobody asked.", "Ask.")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_is_short_until_a_part_is_opened_and_axe_finds_nothing(
    browser, tmp_path, width, scheme
):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="No axe: see .ci/run."
    )
    header = ("", *(f"a metric of some length {k}" for k in range(9)))
    table = TextTable(header, [tuple(f"value {k}" for k in range(10))] * 40)
    finding = PartFinding([*[HELD] * 12, FAILED, UNKNOWN], ["Why."] * 30, [table])
    section = TrustSection("part", "A part", finding)
    found = TrustReport("run", "target", [section], {}, "now", Family(0.03, 1))
    (tmp_path / "trust.html").write_text(found.page(), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.goto((tmp_path / "trust.html").as_uri())
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height < (2_000 if width == 1280 else 3_000)
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        wrong = axe.Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["target"]) for each in wrong] == []
        page.click("details.part:has(#part) > summary")
    page.emulate_media(media="print")
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = false))")
    assert page.locator("#part p").first.evaluate("each => each.getBoundingClientRect().height") > 0
    page.close()
