"""``llms.txt`` lists each page of the site once, in the form of https://llmstxt.org."""

import re
import runpy
from pathlib import Path

import gradum

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TEXT = runpy.run_path(str(DOCS / "llms.py"))["llms_txt"](DOCS)
ENTRY = re.compile(r"- \[(?P<title>[^\]]+)\]\(_sources/(?P<page>[^)]+\.md)\.txt\): (?P<what>\S.+)")


def test_it_has_a_title_a_summary_and_sections_of_links():
    title, blank, summary, *rest = TEXT.splitlines()
    assert (title, blank) == (f"# {gradum.__name__}", "")
    assert summary.startswith("> ")
    assert all(not line or line.startswith("## ") or ENTRY.fullmatch(line) for line in rest)


def test_each_page_is_listed_with_its_title():
    listed = [(entry["page"], entry["title"]) for entry in ENTRY.finditer(TEXT)]
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"index.md"}
    assert sorted(page for page, _ in listed) == sorted(pages)
    for page, title in listed:
        assert f"# {title}" in re.sub(r"\[([^\]]*)\]\(\S*\)", r"\1", (DOCS / page).read_text())


def test_the_build_of_the_site_writes_it(tmp_path):
    class App:
        outdir = tmp_path

        class builder:
            format = "html"

    connected = {}
    App.connect = lambda event, listener: connected.update({event: listener})
    runpy.run_path(str(DOCS / "conf.py"))["setup"](App)
    connected["build-finished"](App, None)
    assert (tmp_path / "llms.txt").read_text() == TEXT
