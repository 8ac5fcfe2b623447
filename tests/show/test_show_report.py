import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import polars as pl
import pytest

import gradum
from gradum.show.charts import learning_curves, penalty_path
from gradum.show.report import report_html
from synthetic import ONCE, QUICK, task


class Page(HTMLParser):
    """What a browser would load, run and show."""

    def __init__(self, text):
        super().__init__()
        self.links, self.tags, self.shown = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data):
        self.shown.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.shown))


def test_the_report_says_what_the_model_says(classifier):
    page = Page(report_html(classifier.fitted))
    judgement = classifier.fitted.judgement
    for sentence in (*judgement.verdict.sentences, judgement.fit_check, judgement.how):
        assert sentence in page.text
    for column in classifier.fitted.schema.columns:
        assert column.reason in page.text
    for parts in judgement.scores.values():
        assert f"{parts['test']['log_loss'].value:.4g}" in page.text
    assert classifier.fitted.provenance.fingerprint in page.text


def test_the_report_needs_no_network_and_runs_no_script(classifier):
    page = Page(report_html(classifier.fitted))
    assert not {"script", "link", "iframe", "img"} & set(page.tags)
    assert [link for link in page.links if not link.startswith("#")] == []


def test_names_from_the_table_are_text_not_markup():
    evil = "<script>alert(1)</script>"
    frame = (
        task("label", 120)
        .rename({"colour": evil})
        .with_columns(pl.col("label").replace({"yes": "<b>yes</b>"}))
    )
    model = gradum.fit(frame, "label", model="linear", **ONCE)
    page = Page(model.report())
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert evil in page.text
    assert "<b>yes</b>" in page.text


def test_charts_are_drawings_with_a_point_for_each_number(classifier):
    curves = ElementTree.fromstring(learning_curves(classifier.fitted))
    assert curves.tag == "{http://www.w3.org/2000/svg}svg"
    lines = [path.get("d") for path in curves.iter("{http://www.w3.org/2000/svg}path")]
    # Two curves through five epochs: a move and four lines each.
    assert sum(line is not None and line.count("L") == 4 for line in lines) >= 2
    path = penalty_path(classifier.fitted)
    steps = len(classifier.fitted.rungs["linear"].history)
    points = [
        each
        for each in ElementTree.fromstring(path).iter("{http://www.w3.org/2000/svg}path")
        if each.get("aria-roledescription") == "point"
    ]
    assert len(points) == steps > 1


def test_what_was_not_trained_is_not_drawn():
    frame = task("label", 120)
    linear = gradum.fit(frame, "label", model="linear", **ONCE).fitted
    assert learning_curves(linear) is None
    mlp = gradum.fit(frame, "label", model="mlp", **ONCE)
    assert penalty_path(mlp.fitted) is None
    assert "Learning curves" in mlp.report()


@pytest.mark.parametrize("rung", ["linear", "mlp"])
def test_a_refitted_model_has_a_report(rung):
    model = gradum.fit(task("label", 1000), "label", model=rung, refit=True, **QUICK)
    assert "Verdict" in model.report()
    assert model.summary()


def test_scores_that_a_part_leaves_undefined_are_a_dash():
    """Early rows are all "no", late rows mixed: the training part has no AUC."""
    late = [["yes", "no"][k % 2] for k in range(600)]
    frame = task("amount", 1200).with_columns(
        label=pl.Series(["no"] * 600 + late), t=pl.int_range(1200)
    )
    model = gradum.fit(frame, "label", model="linear", time="t", drop=["amount"], **QUICK)
    train = model.fitted.judgement.scores["linear"]["train"]
    test = model.fitted.judgement.scores["linear"]["test"]
    if "auc" in train:
        frame = frame.with_columns(label=pl.Series(["no"] * 900 + late[:300]))
        model = gradum.fit(frame, "label", model="linear", time="t", drop=["amount"], **QUICK)
        train = model.fitted.judgement.scores["linear"]["train"]
        test = model.fitted.judgement.scores["linear"]["test"]
    assert "auc" in test
    assert "auc" not in train
    assert "–" in model.report()
    assert model.summary()
