"""The form for one row in a report: the page's own module answers in Node as the model predicts."""

import datetime
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
from gradum.errors import SpecError
from gradum.run.compression import Compression
from gradum.scores.figures import with_interval
from gradum.scores.interval import Interval
from gradum.show.page.page import file
from gradum.show.page.what_if import fields_of
from gradum.show.report import report_html
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
    filling = file("form.js") + file("what_if.js")
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


HOSTILE = '</script><img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def of_every_kind():
    """A linear model of names that are markup, and of a date, a moment, a time and a text."""
    rng, rows = np.random.default_rng(0), 120
    first = datetime.datetime(2024, 1, 1)
    table = {
        HOSTILE: rng.normal(size=rows),
        "__proto__": [HOSTILE, "b"] * (rows // 2),
        "day": [(first + datetime.timedelta(days=k)).date() for k in range(rows)],
        "moment": [first + datetime.timedelta(hours=7 * k) for k in range(rows)],
        "clock": [datetime.time(k % 24, 3 * k % 60) for k in range(rows)],
        "said": [
            " ".join(rng.choice(["warm", "cold", "late", "soon", "no"], 9)) for _ in range(rows)
        ],
        "y": rng.normal(size=rows),
    }
    return gradum.fit(pl.DataFrame(table), "y", model="linear", explain=False, **ONCE)


def test_names_are_never_markup(of_every_kind):
    model = Model(of_every_kind.fitted)
    page = report_html(model.fitted, what_if=what_if_form(model, ANY))
    assert HOSTILE not in page
    names = {field["name"] for field in json.loads(DATA.search(page)[1])["fields"]}
    assert {HOSTILE, "__proto__", "day", "moment", "clock", "said"} == names


@needs_node
def test_dates_times_and_texts_are_read_as_browsers_write_them(of_every_kind):
    form = what_if_form(Model(of_every_kind.fitted), ANY)
    fields = {field["name"]: field for field in fields_of(form.fitted)}
    controls = [fields[name]["control"] for name in ("day", "moment", "clock", "said")]
    assert controls == ["date", "datetime-local", "time", "text"]
    assert (fields["day"]["low"], fields["day"]["high"]) == ("2024-01-01", "2024-04-29")
    typed = {
        HOSTILE: 0.5,
        "__proto__": HOSTILE,
        "day": datetime.date(2024, 2, 29),
        "moment": datetime.datetime(2024, 2, 3, 4, 30),
        "clock": datetime.time(7, 45),
        "said": "warm, or late",
    }
    given = {"day": "2024-02-29", "moment": "2024-02-03T04:30", "clock": "07:45"}
    missing = dict.fromkeys(typed)
    found = answers(form.script, pl.DataFrame([typed | given, missing], strict=False))
    expected = of_every_kind.predict(pl.DataFrame([typed, missing]))
    np.testing.assert_allclose([row["prediction"] for row in found], expected, rtol=1e-5)
    intervals = of_every_kind.predict_interval(pl.DataFrame([typed, missing]), COVERAGE)
    np.testing.assert_allclose([[row["low"], row["high"]] for row in found], intervals, rtol=1e-5)


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
    monkeypatch.setattr(what_if, "compress", lambda model, budget, data: Model(small))
    large = what_if_form(Model(fitted), ANY)
    form = what_if_form(Model(fitted), large.bytes - 1)
    assert form.fitted is small
    assert record.sentence in form.promises
    found = answers(form.script, rows)
    expected = classifier.predict_proba(rows, rung="linear")[:, 1]
    np.testing.assert_allclose([row["probability"]["yes"] for row in found], expected, atol=1e-5)


@pytest.fixture
def cannot_compress(monkeypatch):
    """Let no smaller model keep the budget."""

    def refuse(model, budget, data):
        raise SpecError("No smaller model keeps it.", "Raise the budget.")

    monkeypatch.setattr(what_if, "compress", refuse)


@needs_node
@pytest.mark.parametrize("rung", ["mlp", "linear"])
def test_the_next_simpler_model_that_fits_answers_and_is_named_with_both_scores(
    classifier, rows, rung, cannot_compress
):
    fitted = classifier.fitted
    verdict = structs.replace(fitted.judgement.verdict, used="pack")
    judgement = structs.replace(fitted.judgement, verdict=verdict)
    model = Model(replace(fitted, judgement=judgement))
    bytes_of = {name: what_if._form(model, [], rung=name).bytes for name in fitted.rungs}
    assert bytes_of["pack"] > bytes_of["mlp"] > bytes_of["linear"]
    above = {"mlp": "pack", "linear": "mlp"}[rung]
    form = what_if_form(model, bytes_of[above] - 1)
    assert "A simpler model of the same run" in form.notes[2]
    for name in (rung, "pack"):
        score = judgement.scores[name]["test"][verdict.metric]
        assert with_interval(score) in form.notes[2]
    found = answers(form.script, rows)
    expected = classifier.predict_proba(rows, rung=rung)
    probability = [[row["probability"][name] for name in ("no", "yes")] for row in found]
    np.testing.assert_allclose(probability, expected, atol=1e-5)
    sets = model.predict_set(rows, COVERAGE, rung=rung)
    assert [row["set"] for row in found] == [list(each) for each in sets]


def test_where_none_fits_the_reasons_stand_in_the_page(classifier, cannot_compress):
    form = what_if_form(Model(classifier.fitted), 100)
    assert not form.module
    assert "No smaller model answers in its place." in form.notes
    assert "Raise the budget." in form.notes


def test_a_fit_or_a_report_asks_for_the_form(tmp_path):
    model = gradum.fit(task("label"), "label", model="linear", explain=False, what_if=True, **ONCE)
    assert "what-if-form" in model.report()
    assert "what-if-form" not in model.report(what_if=False)
    saved = tmp_path / "model.gradum"
    model.save(saved)
    assert "what-if-form" in gradum.load(saved).report(what_if=True)


def test_a_model_too_large_without_a_smaller_one_has_a_reason_and_no_form(classifier):
    form = what_if_form(Model(classifier.fitted), 0)
    assert not form.module
    assert form.notes
    page = report_html(classifier.fitted, what_if=form)
    assert 'id="what-if"' in page
    assert "<form" not in page
