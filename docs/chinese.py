"""Copies the code of the English pages into the Chinese ones: ``python docs/chinese.py``.

The prose of a page is translated. Its blocks of code, and what they print, are those of the
English page, in the same order. Write a new section with an empty block (two lines of three
backticks) where the English section has one or several in a row, and run this to fill it.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "docs/quick-start.md",
    "docs/tour.md",
    "docs/article.md",
    "docs/student.md",
    "docs/the-lab.md",
    "docs/keras.md",
    "docs/play.md",
    "docs/chapters/*.md",
)
BLOCKS = re.compile(r"^```.*?^```$(?:\n\n^```.*?^```$)*", re.DOTALL | re.MULTILINE)  # in a row
LINK = re.compile(r"\]\(([^)\s]+)\)")


def english_pages() -> list[Path]:
    """Return the English pages that are translated."""
    return [page for pattern in PAGES for page in sorted(ROOT.glob(pattern))]


def chinese_page(english: Path) -> Path:
    """Return where the translation of a page stands."""
    if english.parent == ROOT:
        return english.with_suffix(".zh-CN.md")
    return ROOT / "docs/zh" / english.relative_to(ROOT / "docs")


def blocks(page: Path) -> list[str]:
    """Return the blocks of code of a page; those that follow each other without prose are one."""
    return BLOCKS.findall(page.read_text(encoding="utf-8"))


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return BLOCKS.sub("", page.read_text(encoding="utf-8"))


def switch(page: Path, other: Path, language: str) -> str:
    """Return the first line of a page, which leads to the same page in the other language."""
    return f"[{language}]({Path(os.path.relpath(other, page.parent)).as_posix()})"


def links(page: Path) -> list[tuple[Path, str]]:
    """Return the files that a page links to, pictures included, each with its anchor or ""."""
    targets = [link.partition("#") for link in LINK.findall(prose(page)) if "://" not in link]
    return [
        ((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in targets
    ]


def refresh(english: Path) -> None:
    """Write the blocks of an English page into its Chinese page."""
    chinese = chinese_page(english)
    source, own = blocks(english), blocks(chinese)
    if len(source) != len(own):
        sys.exit(
            f"{chinese.relative_to(ROOT)} has {len(own)} places with code but "
            f"{english.relative_to(ROOT)} has {len(source)}; translate what was added or removed."
        )
    copies = iter(source)
    text = BLOCKS.sub(lambda _: next(copies), chinese.read_text(encoding="utf-8"))
    chinese.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for page in english_pages():
        refresh(page)
