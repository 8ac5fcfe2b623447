"""A page of a worked step, read: its tables as words, and what markup it holds."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Page(HTMLParser):
    """``tables`` holds the rows of each table of each section; a cell is its text."""

    tables: dict[str, list[list[list[str]]]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self._section, self._in_cell = "", False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag == "section":
            self._section = dict(attrs)["id"]
        elif tag == "table":
            self.tables.setdefault(self._section, []).append([])
        elif tag == "tr":
            self.tables[self._section][-1].append([])
        elif tag in ("td", "th"):
            self.tables[self._section][-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data):
        if self._in_cell:
            self.tables[self._section][-1][-1][-1] += data.strip()


def read_page(text):
    page = Page()
    page.feed(text)
    return page


def number(text):
    return float(text.replace("−", "-"))
