"""The tree in the report: its rules where it is to be read, and no names that steer a page."""

import html
import re

from found import CLASSES, NUMBERS, around
from msgspec import structs

from gradum.show.report import report_html
from gradum.study.explanation.surrogate import Fidelity, Rule, Surrogate

TREE = Surrogate(
    rung="pack",
    classes=(),
    fidelity=Fidelity(around(0.91)),
    rules=(
        Rule(("size < 31", "colour is 'red'"), (1234.5,), "", 0.25),
        Rule(("size ≥ 31 or missing",), (77.0,), "", 0.75),
    ),
    linear=Fidelity(around(0.8)),
    grown=400,
    judged=100,
    left_out=(),
    sentences=("A tree says it.", "The linear model says it."),
)
CHOICE = structs.replace(
    TREE,
    classes=("no", "yes"),
    fidelity=Fidelity(around(0.91), around(0.95)),
    rules=(Rule(("<b>size</b> < 31",), (0.125, 0.875), "yes", 1.0),),
)


def text_of(fitted, findings, tree):
    """What the section shows, from the tree on; its tags as spaces."""
    page = report_html(fitted, structs.replace(findings, surrogate=tree))
    section = page.split('<div class="inside" id="explanations">')[1]
    section = section.split('<details class="part">')[0]
    _, *below = section.partition("<h3>Can something simpler imitate it?</h3>")
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", "".join(below))).split())


def test_rules_stand_with_their_shares_and_answers(regressor):
    text = text_of(regressor.fitted, NUMBERS, TREE)
    assert "A tree says it. The linear model says it." in text
    assert "size < 31 colour is 'red' 25.0% 1,230" in text
    assert "size ≥ 31 or missing 75.0% 77" in text


def test_of_classes_the_one_decided_for_stands_with_its_probability(classifier):
    assert "<b>size</b> < 31 100.0% yes 0.875" in text_of(classifier.fitted, CLASSES, CHOICE)


def test_a_tree_that_is_not_to_be_read_has_no_table(regressor):
    text = text_of(regressor.fitted, NUMBERS, structs.replace(TREE, rules=()))
    assert "A tree says it." in text
    assert "where rows" not in text
    assert text_of(regressor.fitted, NUMBERS, None) == ""
