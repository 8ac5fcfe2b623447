"""Pages: cells of words and of numbers, the links to sections, and the colours of curves."""

import re

from gradum.show.document.document import Section, TextTable
from gradum.show.page.charted_page import charted_page
from gradum.show.page.page import LONG_CELL, file
from gradum.show.pictures.picture import COLOURS


def page_of(sections):
    return charted_page("row.html", sections, None, heading="rows", remarks=[], facts=[])


def test_a_column_of_words_is_flush_left_and_a_long_cell_keeps_a_width():
    rows = [("a", "0.5", "", "+1"), ("b", "–", "down as its value rises", "2 / 3")]
    long = TextTable(("row", "change"), [("1", "x" * (LONG_CELL + 1))], 2)
    tables = [TextTable(("column", "size", "direction", "share"), rows), long]
    page = page_of([Section("first", "first", tables=tables)])
    for name, cell in (("size", "0.5"), ("size", "–"), ("share", "2 / 3")):
        assert f'<th class="n">{name}</th>' in page
        assert f'<td data-head="{name}" class="n">{cell}</td>' in page
    assert "<th>direction</th>" in page
    assert '<td data-head="direction">down as its value rises</td>' in page
    assert '<td class="long">' in page


def test_rows_of_words_and_numbers_can_be_cards_whose_cells_say_what_they_are():
    header = ("column", "size", "direction", "share")
    words = TextTable(header, [("a", "0.5", "down", "2 / 3")])
    numbers = TextTable(header, [("a", "0.5", "1.2", "2 / 3")])
    page = page_of([Section("first", "first", tables=[words])])
    assert page.count('<table class="cards">') == 1
    assert re.findall(r'<td data-head="(\w+)"', page) == list(header)
    assert 'class="cards"' not in page_of([Section("first", "first", tables=[numbers])])


def test_one_section_needs_no_way_to_it():
    sections = [Section("first", "first"), Section("second", "second")]
    assert "<nav" not in page_of(sections[:1])
    assert page_of(sections).count('<a href="#') == 2


def test_curves_differ_in_colour_on_light_pages_dark_ones_and_paper():
    themes = re.findall(r":root \{(.*?)\}", file("report.css"), re.DOTALL)
    assert len(themes) == 3
    for theme in themes:
        values = dict(re.findall(r"(--\w+): (#\w+)", theme))
        colours = {values.get(name[4:-1], name).lower() for name in COLOURS}
        assert len(colours) == len(COLOURS)
        assert not any(name.startswith("var") for name in colours)
