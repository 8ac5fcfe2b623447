"""The page of one row: its bars add up to the answer, and a table's names are text in it."""

import html
import itertools
import json
import re

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.questions.counterfactual.words import sentence
from gradum.show.pictures.waterfall import MOST_COLUMNS, waterfall
from gradum.study.explanation.explain import Contribution, RowExplanation
from synthetic import ONCE

HOSTILE = "</script><b>ha"


def charts(page):
    return json.loads(re.search(r'id="charts"[^>]*>(.*?)</script>', page, re.DOTALL)[1])


def bars(chart):
    return chart["layer"][1]["data"]["values"]


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(120, 2))
    rows = pl.DataFrame({HOSTILE: values[:, 0], "size": values[:, 1]})
    kind = np.select([values[:, 0] > 0.5, values[:, 1] > 0], ["<i>red", "green"], "blue")
    rows = rows.with_columns(kind=pl.Series(kind))
    return gradum.fit(rows, "kind", model="linear", **ONCE), rows


def test_bars_go_from_the_base_to_the_answer(model):
    fitted, rows = model
    page = fitted.row_page(rows, row=5)
    frame = fitted.explain(rows, rows=[5]).frame
    likeliest = frame.sort("output", descending=True, maintain_order=True)["class"].unique(
        maintain_order=True
    )
    drawn = [chart for name, chart in charts(page).items() if name.startswith("waterfall")]
    assert len(drawn) == 2  # the likeliest class, and the next
    for chart, label in zip(drawn, likeliest, strict=False):
        lines = frame.filter(pl.col("class") == label)
        ends = [(bar["start"], bar["end"]) for bar in bars(chart)]
        assert ends[0][0] == pytest.approx(lines["base"][0], abs=1e-4)
        assert ends[-1][1] == pytest.approx(lines["output"][0], abs=1e-4)
        assert all(one[1] == other[0] for one, other in itertools.pairwise(ends))
        steps = sorted((bar["value"] for bar in bars(chart)), key=abs)
        expected = sorted(lines["value"], key=abs)
        assert steps == pytest.approx(expected, abs=1e-4)


def test_names_and_labels_are_text(model):
    fitted, rows = model
    page = fitted.row_page(rows, row=1)
    assert "</script><b>" not in page
    assert "<i>red" not in page
    assert "&lt;b&gt;ha" in page


def test_it_says_what_else_is_known_of_the_row(model):
    fitted, rows = model
    page = fitted.row_page(rows, row=5)
    assert re.findall(r'<section id="(\w+)">', page) == [
        *("why", "curves", "changes", "alike", "numbers"),
    ]
    shown = html.unescape(page)
    near = fitted.alike(rows, row=5, count=6).found.frame["row"].to_list()
    assert near[0] == 5  # it was learned from, and is most like itself
    section = shown.partition('<section id="alike">')[2].partition("</section>")[0]
    assert re.findall(r'<tr><td [^>]*class="n">(\d+)</td>', section) == [
        str(row) for row in near[1:]
    ]
    changes = fitted.counterfactuals(rows, rows=[5]).found.rows[0].counterfactuals
    assert [sentence(change) in shown for change in changes] == [True] * len(changes)


def test_a_bare_model_file_has_no_rows_to_show(model, tmp_path):
    fitted, rows = model
    fitted.save(tmp_path / "m.gradum")
    page = gradum.load(tmp_path / "m.gradum").row_page(rows, row=5, background=rows)
    assert '<section id="curves">' in page
    assert '<section id="alike">' not in page


def test_the_baseline_has_its_answer_alone(model):
    fitted, rows = model
    page = fitted.row_page(rows, row=5, rung="baseline")
    assert re.findall(r'<section id="(\w+)">', page) == ["why", "numbers"]


def test_it_is_written_where_asked(model, tmp_path):
    fitted, rows = model
    out = tmp_path / "why.html"
    page = fitted.row_page(rows, row=1, path=out)
    assert out.read_text() == page


def test_small_steps_are_drawn_as_one_and_written_each():
    sizes = np.arange(15, 0, -1.0)
    steps = tuple(Contribution(f"c{place}", "1", size, 0.1) for place, size in enumerate(sizes))
    row = RowExplanation(1, None, "target", 2.0 + sizes.sum(), 2.0, steps)
    picture = waterfall("w", "title", row, unit="answer")
    drawn = bars(picture.specification)
    assert len(drawn) == MOST_COLUMNS + 1
    assert drawn[-1]["value"] == pytest.approx(sizes[MOST_COLUMNS:].sum())
    assert drawn[-1]["end"] == pytest.approx(2.0 + sizes.sum())
    assert drawn[-1]["high"] is None  # an error that is not known
    assert [row[0] for row in picture.rows] == [step.column for step in steps]


def test_a_long_label_keeps_a_part_of_its_column_and_of_its_value():
    known = {
        "checking-account": "'no account'",
        "credit-history": "'existing credits paid back duly till now'",
        "daily_minutes_of_calls_in_the_first_week": "'more than half of all days'",
        "daily_minutes_of_calls_in_the_last_week": "3",
    }
    steps = tuple(Contribution(name, value, 1.0, 0.1) for name, value in known.items())
    row = RowExplanation(1, None, "target", 6.0, 2.0, steps)
    labels = [bar["column"] for bar in bars(waterfall("w", "t", row, unit="answer").specification)]
    assert labels[0] == "checking-account = 'no account'"
    for label, (name, value) in zip(labels, known.items(), strict=True):
        for shown, whole in zip(label.split(" = "), (name, value), strict=True):
            first, _, last = shown.partition("…")
            assert whole.startswith(first), label
            assert whole.endswith(last), label
            assert "…" not in last
    assert max(map(len, labels)) <= 31
    assert len({*labels}) == len(labels)
