"""Pictures of the names that are hardest to draw: data, never parts of an expression."""

import json
import re
import unicodedata
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import hostile
import msgspec
import pytest
from found import CLASSES
from hypothesis import assume, example, given
from hypothesis import strategies as st

from forks import run_in_fork
from gradum.show.page.notebook import fragment
from gradum.show.pictures.picture import Picture
from gradum.show.report import report_html
from gradum.show.words.file_names import Source
from gradum.show.words.visible import visible
from gradum.study.findings.worst import WorstRow

XML = "{http://www.w3.org/2000/svg}"
DRAW = "import hostile, json; print(json.dumps([each.svg for each in hostile.pictures()]))"
ESCAPE = re.compile(r"\\[xu]((?<=x)[0-9a-f]{2}|(?<=u)[0-9a-f]{4})")


@pytest.fixture(scope="module")
def drawings():
    """What a process of its own draws, for one that XML's writer ends cannot say so."""
    folder = Path(hostile.__file__).parent
    done = run_in_fork(DRAW, folder=folder, path=[folder])
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    return [ElementTree.fromstring(svg) for svg in json.loads(done.stdout)]


def marks(drawing, kind):
    """Return the marks of a chart, layer by layer, but not those of axes and legends."""
    return [
        list(group)
        for group in drawing.iter(f"{XML}g")
        if group.get("class", "").startswith(f"mark-{kind} role-mark")
    ]


def test_every_name_is_drawn(drawings):
    shown = len(hostile.NAMES)
    importance, dots, of_classes, confusion, roc, recall, weak, one_slice, *_ = drawings
    assert [len(bars) for bars in marks(importance, "rect")] == [shown]
    assert [len(cells) for cells in marks(confusion, "rect")] == [shown**2]
    for chart in (dots, of_classes, weak, one_slice):
        assert [len(points) for points in marks(chart, "symbol")] == [shown]
    for chart in (roc, recall):
        assert len([line for group in marks(chart, "line") for line in group]) >= shown
        assert "\\x1b[31m" in "".join(chart.itertext())
    assert "constructor" in "".join(importance.itertext())


def test_names_stand_in_the_order_of_the_findings(drawings):
    names = [visible(name) for name in hostile.NAMES if 0 < len(name) < 20]
    for chart in (drawings[0], drawings[1], drawings[3], drawings[7]):
        text = [label.text for label in chart.iter(f"{XML}text")]
        assert [each for each in text if each in names][: len(names)] == names


def test_names_are_data_never_parts_of_an_expression():
    """Vega parses titles, lists to sort by and much else, but neither values nor domains."""

    def elsewhere(value, path=()):
        if path and path[-1] in ("values", "domain"):
            return
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(each, (dict, list)):
                yield from elsewhere(each, (*path, key))
            else:
                yield (*path, key), each

    names = tuple(f"name-{k}" for k in range(10))
    for picture in hostile.pictures(names):
        for path, each in elsewhere(picture.specification):
            assert "name-" not in str(each), (picture.name, path)


@given(st.text(st.characters(exclude_categories=())))
@example("no\x00 \x1b[31m \x9b \u202e \u2028 \ud800 \ufffe \uffff")
def test_visible_text_is_utf_8_and_xml_and_holds_what_was_hidden(text):
    shown = visible(text)
    root = ElementTree.fromstring(f"<a>{escape(shown)}</a>".encode())
    assert (root.text or "") == shown
    assert not re.search("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", shown)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n"]
    assume("\\" not in text)
    assert ESCAPE.sub(lambda found: chr(int(found[1], 16)), shown.replace("\\r", "\r")) == text


def test_a_chart_that_cannot_be_drawn_is_said_in_its_place(classifier, monkeypatch):
    def fails(picture, width):
        if picture.name == "confusion":
            raise ValueError("Vega-Lite to SVG conversion failed:\nError: <b>no\n  at l (…)")
        return "<svg></svg>"

    monkeypatch.setattr(Picture, "drawn", fails)
    page = fragment(classifier.fitted, CLASSES)
    assert "This chart could not be drawn: Vega-Lite to SVG conversion failed: Error: &lt;b" in page
    assert page.count("<svg></svg>") == 2


def test_a_report_holds_no_character_that_is_not_seen(classifier):
    columns = tuple(
        msgspec.structs.replace(CLASSES.importance.columns[0], column=name)
        for name in hostile.NAMES
    )
    worst = (WorstRow(3, "y\x1b[31m", "\ufffe", "\u2028", {"size": "\x9b1"}),)
    found = msgspec.structs.replace(
        CLASSES,
        importance=msgspec.structs.replace(CLASSES.importance, columns=columns),
        worst=worst,
    )
    page = report_html(classifier.fitted, found, source=Source("of\u202efdp.csv"))
    page.encode()
    shown, _, scripts = page.partition('<script type="application/json"')
    charts = scripts.partition("</script>")[0]
    assert "window.vegaEmbed" in scripts
    assert visible(shown) == shown
    assert visible(charts) == charts
    for text in ("y\\x1b[31m", "\\ufffe", "\\x9b1", "of\\u202efdp.csv", "\\ud800", "toString"):
        assert text in shown
