"""The form for one row in a report: the page's own module answers in Node as the model predicts."""

import json
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.api import what_if
from gradum.api.model import Model
from gradum.api.what_if import COVERAGE, what_if_form
from gradum.run.compression import Compression
from gradum.scores.interval import Interval
from gradum.show.page import file
from gradum.show.report import report_html
from gradum.show.what_if import fields_of
from node import needs_node, predicted
from synthetic import FEATURES, ONCE, mixed, task

MODULE = re.compile(r'<script type="module">\n(.*?)\n</script>', re.DOTALL)
DATA = re.compile(r'<script type="application/json" id="what-if-data">(.*?)</script>', re.DOTALL)
ANY = 10**8
ODD = [
    {"size": None, "age": None, "colour": None, "member": None, "city": None},
    {"size": 1e9, "age": -3.0, "colour": "mauve", "member": True, "city": "elsewhere"},
]


@pytest.fixture(scope="module")
def rows():
    """Rows like those learned from, one of missing values, and one beyond everything."""
    usual = mixed(6, seed=1).select(FEATURES)
    return pl.concat([usual, pl.DataFrame(ODD, schema=usual.schema)])


@pytest.fixture(scope="module")
def page(classifier):
    model = Model(classifier.fitted)  # as it is in a file
    return report_html(model.fitted, what_if=what_if_form(model, ANY))


def answers(script, rows):
    """What the module of a page answers to rows, without what fills the page's form."""
    filling = file("what_if.js")
    assert script.strip().endswith(filling.strip())
    return predicted(script.strip().removesuffix(filling.strip()).encode(), rows.to_dicts())


@needs_node
def test_the_module_of_the_page_answers_as_the_model(page, classifier, rows):
    found = answers(MODULE.search(page)[1], rows)
    expected = classifier.predict_proba(rows)
    probability = [[row["probability"][name] for name in ("no", "yes")] for row in found]
    np.testing.assert_allclose(probability, expected, atol=1e-5)
    sets = classifier.predict_set(rows, COVERAGE)
    assert [row["set"] for row in found] == [list(each) for each in sets]


def test_a_form_begins_with_common_values_and_knows_ranges_and_levels(classifier):
    fields = {each["name"]: each for each in fields_of(classifier.fitted, ["city", "age"])}
    assert list(fields) == ["city", "age", "size", "colour", "member"]
    learned = task("label")
    size, age = fields["size"], fields["age"]
    assert size["control"] == "number"
    assert float(size["start"]) == pytest.approx(50, abs=2)
    assert age["low"] >= learned["age"].min()
    assert age["high"] <= learned["age"].max()
    assert fields["colour"]["values"] == ["blue", "green", "red"]
    assert fields["colour"]["open"]
    assert fields["colour"]["start"] == 2
    assert len(fields["member"]["values"]) == 2
    assert not fields["member"]["open"]


@needs_node
def test_every_level_of_the_form_is_read_by_the_module(classifier, rows, page):
    fields = fields_of(classifier.fitted)
    for field in fields:
        if field["control"] != "list":
            continue
        typed = [
            value == "true" if field["name"] == "member" else value for value in field["values"]
        ]
        given = pl.concat([rows[:1]] * len(typed)).with_columns(pl.Series(field["name"], typed))
        sent = given.with_columns(pl.Series(field["name"], field["values"]))
        found = answers(MODULE.search(page)[1], sent)
        expected = classifier.predict_proba(given)[:, 1]
        np.testing.assert_allclose(
            [row["probability"]["yes"] for row in found], expected, atol=1e-5
        )


def test_names_are_never_markup():
    hostile = '</script><img src=x onerror="alert(1)">'
    rng = np.random.default_rng(0)
    table = pl.DataFrame({hostile: rng.normal(size=80), "__proto__": [hostile, "b"] * 40})
    table = table.with_columns(pl.Series("y", rng.normal(size=80)))
    model = gradum.fit(table, "y", model="linear", explain=False, **ONCE)
    page = report_html(model.fitted, what_if=what_if_form(Model(model.fitted), ANY))
    assert hostile not in page
    names = [field["name"] for field in json.loads(DATA.search(page)[1])["fields"]]
    assert sorted(names) == sorted([hostile, "__proto__"])


def test_a_report_without_a_form_has_nothing_of_it(classifier):
    page = report_html(classifier.fitted)
    assert "what-if" not in page
    assert 'type="module"' not in page


@needs_node
def test_a_smaller_model_stands_in_for_one_that_is_too_large(classifier, rows, monkeypatch):
    fitted, figures = classifier.fitted, Interval(0.5, 0.4, 0.6, 0.05)
    record = Compression(
        *(fitted.provenance.fingerprint, "the ensemble", "linear", "linear", 0.01, "log_loss"),
        *(300, (figures, figures), figures, (1000, 100), (10.0, 1.0), 0.0, ()),
    )
    small = replace(
        fitted,
        rungs={"linear": fitted.rungs["linear"]},
        judgement=None,  # its last model is in use
        provenance=structs.replace(fitted.provenance, compression=record),
    )
    monkeypatch.setattr(what_if, "compress", lambda model, data: Model(small))
    large = what_if_form(Model(fitted), ANY)
    form = what_if_form(Model(fitted), large.bytes - 1)
    assert form.fitted is small
    assert record.sentence in form.notes
    found = answers(form.script, rows)
    expected = classifier.predict_proba(rows, rung="linear")[:, 1]
    np.testing.assert_allclose([row["probability"]["yes"] for row in found], expected, atol=1e-5)
    still = what_if_form(Model(fitted), form.bytes - 1)
    assert not still.module
    assert still.notes


def test_a_model_too_large_without_a_smaller_one_has_a_reason_and_no_form(classifier):
    form = what_if_form(Model(classifier.fitted), 0)
    assert not form.module
    assert form.notes
    page = report_html(classifier.fitted, what_if=form)
    assert 'id="what-if"' in page
    assert "<form" not in page
