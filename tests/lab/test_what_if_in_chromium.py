"""The form for one row of a report, in Chromium: its answer, and what each changed field adds."""

import re

import numpy as np
import polars as pl
import pytest
from in_chromium import SCREENS

from gradum.api.model import Model
from gradum.api.what_if import what_if_form
from gradum.show.report import report_html
from gradum.study.example_row import example_row
from synthetic import FEATURES

AGE, COLOUR = 71.0, "blue"


@pytest.fixture(scope="module")
def report(classifier, tmp_path_factory):
    """A report with a form, written to a file."""
    model = Model(classifier.fitted)
    path = tmp_path_factory.mktemp("what-if") / "report.html"
    path.write_text(report_html(model.fitted, what_if=what_if_form(model, 10**8)))
    return path


@pytest.fixture
def opened(browser, report):
    """Open the form at a width; errors of the page fail the test."""
    contexts, wrong = [], []

    def open_report(width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(report.as_uri())
        page.evaluate("document.getElementById('what-if').closest('details').open = true")
        page.wait_for_selector("#what-if-answer b")
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert wrong == []


def test_each_changed_field_adds_what_the_answer_loses_without_it(opened, classifier):
    page = opened()
    assert "No field is changed" in page.inner_text("#what-if-parts")
    page.get_by_label("age", exact=True).fill(str(AGE))
    page.get_by_label("colour", exact=True).select_option(label=COLOUR)
    start = example_row(classifier.fitted)
    now = start | {"age": AGE, "colour": COLOUR}
    rows = [now, now | {"age": start["age"]}, now | {"colour": start["colour"]}]
    schema = {column.name: None for column in classifier.fitted.schema.features}
    frame = pl.DataFrame(
        [[row[name] for name in schema] for row in rows], schema=list(schema), orient="row"
    )
    probability = classifier.predict_proba(frame.select(FEATURES))
    called = int(np.argmax(probability[0]))
    expected = 100 * (probability[0, called] - probability[1:, called])
    shown = page.locator("#what-if-parts tr").all_inner_texts()
    found = {
        name: float(by.replace("−", "-")) for name, by, *_ in (row.split("\t") for row in shown)
    }
    assert found == pytest.approx(dict(zip(["age", "colour"], expected, strict=True)), abs=0.051)
    assert list(found) == sorted(found, key=lambda name: -abs(found[name]))
    label = ("no", "yes")[called]
    assert re.search(rf"of the class {label}\.", page.inner_text("#what-if-parts"))
    page.click("#what-if-form button")
    page.wait_for_selector('#what-if-parts:has-text("No field is changed")')


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_it_fits_and_axe_finds_nothing(opened, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="No axe: see .ci/run."
    )
    page = opened(width, scheme)
    page.get_by_label("age", exact=True).fill(str(AGE))
    page.wait_for_selector("#what-if-parts td")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["target"]) for each in found] == []
