"""Lists the pages of the site for assistants, as https://llmstxt.org says: ``llms.txt``.

The sections are those of the index, and each page has its title and its first sentence. The links
lead to the pages' Markdown, which Sphinx keeps beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

TOCTREE = re.compile(
    r"```{toctree}\n(?::caption: (?P<caption>[^\n]+)\n)?(?P<pages>.*?)```", re.DOTALL
)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
SENTENCE = re.compile(r".*?(?:\.(?= |$)|。)")


def llms_txt(docs: Path) -> str:
    """Return the list of a folder of documents."""
    index = docs / "index.md"
    title, summary = _title_and_sentence(index)
    sections = [
        f"## {tree['caption']}\n\n"
        + "".join(f"- {_entry(docs, page)}\n" for page in _pages(index, tree))
        for tree in TOCTREE.finditer(index.read_text(encoding="utf-8"))
    ]
    return "\n".join([f"# {title}\n", f"> {summary}\n", *sections])


def _pages(listing: Path, tree: re.Match[str]) -> Iterator[Path]:
    """Yield the pages of a table of contents, and those of the tables in them."""
    for name in tree["pages"].split():
        page = listing.parent / f"{name}.md"
        yield page
        for inner in TOCTREE.finditer(page.read_text(encoding="utf-8")):
            yield from _pages(page, inner)


def _entry(docs: Path, page: Path) -> str:
    title, sentence = _title_and_sentence(page)
    address = f"_sources/{page.relative_to(docs).as_posix()}.txt"
    return f"[{title}]({address})" + (f": {sentence}" if sentence else "")


def _title_and_sentence(page: Path) -> tuple[str, str]:
    """Return the heading of a page, and the sentence that follows it."""
    _, _, text = page.read_text(encoding="utf-8").partition("# ")
    title, *paragraphs = re.split(r"\n\s*\n", LINK.sub(r"\1", text))
    first = " ".join(paragraphs[0].split()) if paragraphs else ""
    found = SENTENCE.match(first)
    return title.strip(), found[0] if found else first
