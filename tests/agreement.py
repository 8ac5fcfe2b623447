"""A run's report, terminal and JSON, held against each other."""

import html
import re

import msgspec
import numpy as np
import pytest

from gradum.messages import as_text
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, percent_with_interval, rows_figure, with_interval
from gradum.scores.interval import Interval, with_unknown_bounds
from gradum.scores.metrics import METRICS
from gradum.show.text import class_parts, plain, verdict_parts

OWN_THRESHOLDS = "The models that judged have thresholds of their own"
CELL = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)
ROW = re.compile(r"<tr[^>]*>(.*?)</tr>", re.DOTALL)
TABLE = re.compile(r"<table[^>]*>(.*?)</table>", re.DOTALL)


def assert_figures_agree(model, page):
    """Whatever has one name has one value: in `metrics.json`, `findings.json`, page and terminal.

    ``model`` has judgement and findings; ``page`` is its report.
    """
    page = page.replace("<wbr>", "")  # where a name may break
    judgement, findings = (
        with_unknown_bounds(msgspec.json.decode(msgspec.json.encode(each, enc_hook=as_text)))
        for each in (model.fitted.judgement, model.findings)
    )
    assert_intervals_hold_their_values({"judgement": judgement, "findings": findings})
    scores = judgement["scores"][judgement["verdict"]["used"]]["test"]
    assert findings["rows"] == judgement["rows"]["test"]
    if judgement["by_class"]:
        assert_classes_agree(judgement, findings, scores, page)
    if findings["residuals"]:
        (half, share), _ = findings["residuals"]["within"]
        assert half == pytest.approx(scores["median_absolute_error"]["value"])
        assert share >= 0.5 - 1e-9
    assert_page_agrees(model.fitted.judgement, findings, page)
    assert_terminal_agrees(model.fitted.judgement)


def assert_intervals_hold_their_values(content):
    if isinstance(content, dict):
        if {"value", "low", "high"} <= content.keys() and not np.isnan(content["low"]):
            assert content["low"] <= content["value"] <= content["high"], content
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            assert_intervals_hold_their_values(each)


def assert_classes_agree(judgement, findings, scores, page):
    classes, confusion = judgement["by_class"], findings["confusion"]
    np.testing.assert_equal(findings["by_class"], classes)
    counts = np.array(confusion["counts"])
    labels = [each["label"] for each in classes]
    shown = [confusion["labels"].index(label) for label in labels]
    # Sums of parts of rows, which are rounded.
    np.testing.assert_allclose(counts.sum(axis=1)[shown], [each["support"] for each in classes])
    np.testing.assert_allclose(counts.sum(axis=0)[shown], [each["predicted"] for each in classes])
    np.testing.assert_allclose(counts.diagonal()[shown], [each["hits"] for each in classes])
    assert counts.sum() == pytest.approx(judgement["rows"]["test"])
    if len(confusion["labels"]) > 2:
        recalls = [each["recall"]["value"] for each in classes]
        assert scores["balanced_accuracy"]["value"] == pytest.approx(np.mean(recalls))
        return
    second = next(each for each in classes if each["label"] == confusion["labels"][1])
    usual = findings["thresholds"] and [
        each
        for each in findings["thresholds"]["rows"]
        if each["threshold"] == findings["thresholds"]["usual"]
    ]
    for name in ("precision", "recall", "f1"):
        np.testing.assert_equal(second[name], scores[name])
        if usual and usual[0]["precision"] is not None and OWN_THRESHOLDS not in page:
            np.testing.assert_equal(usual[0][name], scores[name])
    for curve in findings["ranking"]:
        np.testing.assert_equal(curve["auc"], scores["auc"])
        np.testing.assert_equal(curve["average_precision"], scores["average_precision"])


def tables_of(page):
    """The cells of every table of a page, as text."""
    return [
        [
            [" ".join(re.sub(r"<[^>]+>", " ", html.unescape(cell)).split()) for cell in cells]
            for cells in map(CELL.findall, ROW.findall(rows))
        ]
        for rows in TABLE.findall(page)
    ]


def assert_page_agrees(judgement, findings, page):
    tables = tables_of(page)
    scores = judgement.scores[judgement.verdict.used]["test"]
    column = 1 + list(judgement.scores).index(judgement.verdict.used)
    shown = next(t for t in tables if any(row[0] == METRICS[next(iter(scores))].title for row in t))
    written = {row[0]: row[column].split(" ")[0] for row in shown if len(row) > column}
    for name, score in scores.items():
        assert written[METRICS[name].title] == figure(score.value), name
    text = " ".join(re.sub(r"<[^>]+>", " ", html.unescape(page)).split())
    for sentence in judgement.headline:
        assert " ".join(sentence.split()) in text
    if findings["residuals"]:
        half = figure(scores["median_absolute_error"].value, digits=3)
        assert f"are within {half} of the truth" in text
        assert f"by less than {half} in half of the rows" in text
    if not judgement.by_class:
        return
    (each_class,) = (t for t in tables if t and t[0][:3] == ["class", "rows", "predicted"])
    for line, of_class in zip(each_class[1:], judgement.by_class, strict=True):
        counts = rows_figure(of_class.support), rows_figure(of_class.predicted)
        assert line[:3] == [of_class.label, *counts]
        for cell, share in zip(line[3:], (of_class.precision, of_class.recall), strict=False):
            assert cell.split(" ")[0] == ("–" if np.isnan(share.value) else f"{share.value:.1%}")
    matrix = next(t for t in tables if t and t[0] and t[0][0] == "true \\ predicted")
    for line, row in zip(matrix[1:], findings["confusion"]["counts"], strict=True):
        assert line[1:] == [rows_figure(count) for count in row]


def assert_terminal_agrees(judgement):
    text = plain(*verdict_parts(judgement), *class_parts(judgement), width=400)
    lines = [line.split("  ") for line in text.splitlines()]
    metric = judgement.verdict.metric
    for rung, score in judgement.compared.items():
        line = next(cells for cells in lines if cells[0].split(",")[0] == KINDS[rung].title)
        assert with_interval(score) in [cell.strip() for cell in line], metric
    for each in judgement.by_class:
        line = next(cells for cells in lines if cells[0] == each.label)
        cells = [cell.strip() for cell in line if cell.strip()]
        counts = [rows_figure(each.support), rows_figure(each.predicted)]
        shares = [percent_with_interval(share) for share in (each.precision, each.recall, each.f1)]
        assert cells[1:] == [*counts, *shares]


def assert_interval(found: Interval, value: float, *, known: bool) -> None:
    """A score has a value, and an interval or none."""
    assert (found.value, found.known) == (pytest.approx(value, nan_ok=True), known)
