"""Tables and results as a terminal and a notebook show them."""

from rich.text import Text

from gradum.show.document.document import Shown, TextTable, laid_out, lines, notes
from gradum.show.text import plain

GRID = TextTable(("name", "count"), [("a", "1"), ("longer", "1,000"), ("\x1b[2J", "20")])


class Toy(Shown):
    def _parts(self):
        yield Text("<b> & more")
        yield laid_out(GRID.first(1))


def test_numbers_are_flush_right_unless_they_are_words():
    assert plain(laid_out(GRID)).splitlines() == [
        "name     count",
        "a            1",
        "longer   1,000",
        "\\x1b[2J     20",
    ]
    words = plain(laid_out(GRID.first(2), left=(0, 1))).splitlines()
    assert [line.rstrip() for line in words] == ["name    count", "a       1", "longer  1,000"]


def test_rows_can_be_bold():
    table = laid_out(GRID, bold=[1])
    assert [row.style for row in table.rows] == [None, "bold", None]


def test_a_result_shows_itself_by_its_parts():
    toy = Toy()
    assert str(toy) == toy.summary() == "<b> & more\nname  count\na         1"
    assert toy._repr_html_().startswith("<pre>&lt;b&gt; &amp; more\n")


def test_sentences_have_lines_of_their_own():
    assert [text.plain for text in lines(["One.", "\x1b"])] == ["One.", "\\x1b"]
    assert [text.plain for text in notes(["One."])] == ["note: One."]
