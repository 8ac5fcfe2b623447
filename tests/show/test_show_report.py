"""The report: all that was judged and found, as a page that loads nothing."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import altair as alt
import msgspec
import polars as pl
import pytest
from found import CLASSES, NUMBERS

import gradum
from gradum.messages import as_text
from gradum.run.judging.reach import reach
from gradum.scores.figures import figure
from gradum.show.page.notebook import fragment
from gradum.show.page.page import _code, _say, _sentences
from gradum.show.pictures.learning import learning
from gradum.show.pictures.picture import dressed
from gradum.show.pictures.ranking import ranking
from gradum.show.report import report_html, sections_of
from gradum.show.words.file_names import Source
from gradum.study.findings.findings import Findings, without_rows
from gradum.study.findings.worst import WorstRow
from gradum.study.profile import ColumnProfile
from synthetic import ONCE, QUICK, task

MOST_BYTES = 1_500_000


class Page(HTMLParser):
    """What a browser would load, run and show."""

    def __init__(self, text):
        super().__init__()
        self.links, self.tags, self.shown, self.ids, self.inside = [], [], [], [], ""
        self.charts = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside = tag if dict(attrs).get("id") != "charts" else "charts"
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "charts":
            self.charts = json.loads(data)
        elif self.inside not in ("script", "style"):
            self.shown.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.shown))


@pytest.fixture(scope="module")
def of_classes(classifier):
    return Page(report_html(classifier.fitted, CLASSES, source=Source("t.csv")))


@pytest.fixture(scope="module")
def of_numbers(regressor):
    return Page(report_html(regressor.fitted, NUMBERS, source=Source("t.csv")))


def test_the_report_says_what_the_model_says(classifier, of_classes):
    judgement = classifier.fitted.judgement
    said = (*judgement.headline, *judgement.verdict.sentences, judgement.fit_check, judgement.how)
    assert reach(judgement, classifier.fitted.schema) in of_classes.text
    for sentence in said:
        assert sentence in of_classes.text
    for column in classifier.fitted.schema.columns:
        assert column.reason in of_classes.text
    for parts in judgement.scores.values():
        assert f"{parts['test']['log_loss'].value:.3g}" in of_classes.text
    assert classifier.fitted.provenance.fingerprint in of_classes.text


def test_all_but_the_result_is_folded_and_a_link_can_reach_into_each_part(classifier):
    text = report_html(classifier.fitted, CLASSES, source=Source("t.csv"))
    result, *parts = text.split('<details class="part">')
    assert [re.search(r'<div class="inside" id="([^"]*)"', part)[1] for part in parts] == [
        part.name for part in sections_of(classifier.fitted, CLASSES)[1:]
    ]
    assert all(part.lstrip().startswith("<summary><h2>") for part in parts)
    first = Page(result)
    assert len(first.text.split()) < 400
    assert "chart-confusion" in first.ids
    for sentence in classifier.fitted.judgement.headline:
        assert sentence in first.text
    assert "gradum predict RUN" in first.text


def test_each_part_says_in_a_line_what_it_found_and_folds_what_is_long(classifier):
    text = report_html(classifier.fitted, CLASSES, source=Source("t.csv"))
    parts = text.split('<details class="part">')[1:]
    for part in parts:
        line = part[: part.index("</summary>")]
        assert re.search(r'</h2> <span class="quiet">.+</span>', line), line
    (why,) = (part for part in parts if 'id="explanations"' in part)
    assert "Its answers move most with" in why[: why.index("</summary>")]
    open_to_see, *folded = why.split('<details class="part sub">')
    assert open_to_see.count("<figure") == 1
    assert len(folded) >= 3
    for part in folded:
        line = part[: part.index("</summary>")]
        assert re.search(r'</h3> <span class="quiet">.+</span>', line, re.DOTALL), line


def test_long_tables_show_twelve_lines_and_fold_the_others(classifier):
    fitted = classifier.fitted
    first, *_ = fitted.schema.columns
    columns = tuple(msgspec.structs.replace(first, name=f"column {k:02}") for k in range(20))
    schema = msgspec.structs.replace(fitted.schema, columns=(*fitted.schema.columns, *columns))
    wide = type(fitted)(
        fitted.spec, schema, fitted.encoder, fitted.rungs, fitted.judgement, fitted.provenance
    )
    text = report_html(wide, CLASSES)
    data = text[text.index('id="data"') : text.index('id="repeat"')]
    shown, folded = data.split('<details class="part sub">')
    assert shown.count('<td class="name">') == 12
    assert f"{len(schema.columns) - 12} more columns" in folded
    assert "column 19" in folded


def test_columns_do_not_lengthen_what_is_not_folded(classifier):
    fitted = classifier.fitted
    first, *_ = fitted.schema.columns
    columns = tuple(msgspec.structs.replace(first, name=f"c{k}") for k in range(200))
    schema = msgspec.structs.replace(fitted.schema, columns=(*fitted.schema.columns, *columns))
    wide = type(fitted)(
        fitted.spec, schema, fitted.encoder, fitted.rungs, fitted.judgement, fitted.provenance
    )
    pages = (report_html(each, CLASSES) for each in (fitted, wide))
    narrow, same = (Page(page.split('<details class="part">')[0]).text for page in pages)
    assert narrow == same


def test_the_report_says_what_was_found(of_classes, of_numbers):
    for found, page in ((CLASSES, of_classes), (NUMBERS, of_numbers)):
        assert found.reliability.sentence in page.text
        assert found.growth.sentence in page.text
        assert "city: city 07" in page.text
        assert "17" in page.text
        assert found.worst[0].surprise in page.text
    assert CLASSES.threshold.sentence in of_classes.text
    assert CLASSES.lift.sentence in of_classes.text
    assert "no 121 118 84.7% 82.7 to 86.7 82.6% 80.6 to 84.6 83.7%" in of_classes.text
    assert "0.95 0.0% – 2.0% 0.0 to 4.0" in of_classes.text
    assert NUMBERS.residuals.sentence in of_numbers.text


def test_of_no_group_none_is_said_to_be_as_good(classifier):
    untried = msgspec.structs.replace(CLASSES.segments, weakest=(), tried=0)
    found = msgspec.structs.replace(CLASSES, segments=untried)
    page = Page(report_html(classifier.fitted, found, source=Source("t.csv")))
    sections = {section.name: section for section in sections_of(classifier.fitted, found)}
    assert "0" not in sections["segments"].answer
    assert sections["segments"].answer in page.text
    assert "0 segments" not in page.text


def test_the_report_says_why_rows_are_answered_so(of_classes, of_numbers):
    assert "60 of 240 judged rows were explained" in of_classes.text
    assert "The 12 columns that are least important count as one." in of_classes.text
    assert "size × colour 0.015 0.005 to 0.025" in of_classes.text
    assert "Predicted yes, actual no Row 17: the probability of 'yes' is 90%" in of_classes.text
    assert "Mostly because size is 81." in of_classes.text
    assert "12 other columns +0.2 ± 0.078" in of_classes.text
    assert "A typical row of no" in of_classes.text
    assert "Predicted 0.9, actual 12.5" in of_numbers.text
    assert "10% of the rows have lower predictions; actual 3" in of_numbers.text
    assert "colour 0.05 0.03 0.07 red -0.05" in of_classes.text


def test_a_swarm_has_a_dot_for_each_contribution_in_the_place_that_its_value_has(of_classes):
    dots = of_classes.charts["swarm"]["layer"][1]["data"]["values"]
    assert [dot["contribution"] for dot in dots[:4]] == [-0.3, 0.1, 0.1, 0.3]
    assert [dot["third"] for dot in dots[:4]] == ["low", "middle", "unordered", "high"]
    assert dots[1]["offset"] != dots[2]["offset"]  # the same contribution, side by side
    assert all(-1 <= dot["offset"] <= 1 for dot in dots)


def test_without_rows_no_row_is_explained_and_no_dot_is_one(classifier):
    found = without_rows(CLASSES)
    page = Page(report_html(classifier.fitted, found))
    assert "contributions" in page.charts
    assert "swarm" not in page.charts
    assert "Row 17" not in page.text
    assert "typical row" not in page.text


def test_a_miscalibration_stands_in_the_verdict_where_one_is_shown(classifier):
    sentence = "Predicts too low: the mean probability of 'yes' is 0.3, its actual share 0.5."
    low = msgspec.structs.replace(CLASSES.reliability, sentence=sentence)
    found = msgspec.structs.replace(CLASSES, reliability=low)
    said = [Page(report_html(classifier.fitted, each)).text for each in (found, CLASSES)]
    assert [text.split("Where is it wrong?")[0].count("Predicts too low") for text in said] == [
        1,
        0,
    ]
    assert not CLASSES.reliability.shown


def test_labels_that_are_numbers_do_not_run_into_their_scores():
    curve = msgspec.structs.replace(CLASSES.ranking[0], label="1")
    roc, recall = ranking((curve,))
    assert "Area under the curve: 1: 0.910 [" in roc.description
    assert "the prevalence: 1: 0.496." in recall.description


def test_every_chart_has_a_place_a_description_and_its_numbers(classifier, of_classes):
    pictures = [each for part in sections_of(classifier.fitted, CLASSES) for each in part.pictures]
    names = [picture.name for picture in pictures]
    assert {"ladder", "confusion", "roc", "precision-recall", "reliability"} <= set(names)
    assert {"contributions", "swarm"} <= set(names)
    assert {"threshold", "importance", "weakest", "slice-1", "epochs", "growth"} <= set(names)
    assert set(of_classes.charts) == set(names)
    assert len(names) == len(set(names))
    for picture in pictures:
        assert f"chart-{picture.name}" in of_classes.ids
        assert picture.description in of_classes.text
        assert picture.rows
        assert all(len(row) == len(picture.header) for row in picture.rows)


@pytest.mark.parametrize(("kind", "found"), [("classifier", CLASSES), ("regressor", NUMBERS)])
def test_every_chart_is_one_that_vega_lite_knows(kind, found, request):
    fitted = request.getfixturevalue(kind).fitted
    for part in sections_of(fitted, found):
        for picture in part.pictures:
            chart = dressed(picture.chart).to_dict(validate=True)
            assert chart == picture.specification
            assert chart["$schema"].endswith(f"v{alt.SCHEMA_VERSION.lstrip('v')}.json")


def test_a_chart_has_a_point_for_each_number(classifier, of_classes):
    cells = of_classes.charts["confusion"]["data"]["values"]
    assert [cell["rows"] for cell in cells] == [100, 21, 18, 101]
    assert [cell["share"] for cell in cells[:2]] == pytest.approx([100 / 121, 21 / 121], rel=1e-4)
    packed, epochs, penalties = learning(classifier.fitted)
    assert len(packed.rows) == len(classifier.fitted.rungs["pack"].history) == 2
    assert len(epochs.rows) == len(classifier.fitted.rungs["mlp"].history) == 5
    steps = classifier.fitted.rungs["linear"].history
    assert [row[0] for row in penalties.rows] == [figure(step["alpha"]) for step in steps]


def test_the_report_asks_the_network_for_nothing(of_classes):
    assert not {"link", "iframe", "img", "object", "embed", "form"} & set(of_classes.tags)
    assert [link for link in of_classes.links if not link.startswith("#")] == []
    assert all(link[1:] in of_classes.ids for link in of_classes.links)


def test_the_browser_is_told_to_ask_for_nothing(classifier):
    text = report_html(classifier.fitted)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == "'none'"
    assert "http" not in policy[1]
    assert "connect-src" not in rules


EVIL = "</script><script>alert(1)</script>"


def test_names_from_the_table_are_text_not_markup():
    frame = (
        task("label", 120)
        .rename({"colour": EVIL})
        .with_columns(pl.col("label").replace({"yes": "<blink>yes</blink>"}))
    )
    model = gradum.fit(frame, "label", model="linear", slices=[EVIL], **ONCE)
    text = model.report()
    page = Page(text)
    assert page.tags.count("script") == 3  # the charts, Vega, and the call that draws them
    assert "blink" not in page.tags
    assert EVIL in page.text
    assert "<blink>yes</blink>" in page.text
    assert any(EVIL in json.dumps(chart) for chart in page.charts.values())
    assert EVIL not in text
    assert "<script>alert" not in model._repr_html_()


def test_what_was_not_trained_is_not_drawn():
    frame = task("label", 120)
    linear = gradum.fit(frame, "label", model="linear", **ONCE)
    assert "epochs" not in Page(report_html(linear.fitted)).charts
    mlp = gradum.fit(frame, "label", model="mlp", **ONCE)
    charts = Page(report_html(mlp.fitted)).charts
    assert "penalties" not in charts
    assert "epochs" in charts


def test_without_findings_the_rest_is_there(classifier):
    page = Page(report_html(classifier.fitted))
    assert set(page.charts) == {"ladder", "epochs-pack", "epochs", "penalties"}
    assert {"verdict", "scores", "training", "data", "repeat"} <= set(page.ids)
    assert not {"errors", "uses", "segments"} & set(page.ids)


def test_a_wide_table_with_many_findings_stays_small(classifier):
    names = [f"column number {k} of a very wide table" for k in range(5000)]
    bars = tuple((f"{k} to {k + 1}", 1 / 12) for k in range(12))
    worst = tuple(
        WorstRow(row, "yes", "no", "probability 0.01", dict.fromkeys(names, "a value of a cell"))
        for row in range(1, 21)
    )
    columns = tuple(ColumnProfile(name, 0.1, ("0", "1", "2"), bars) for name in names[:500])
    wide = msgspec.structs.replace(CLASSES, columns=columns, worst=worst)
    assert len(report_html(classifier.fitted, wide).encode()) < MOST_BYTES


def test_rows_are_left_out_where_they_were_not_kept(classifier):
    page = Page(report_html(classifier.fitted, without_rows(CLASSES)))
    assert "predicted worst" not in page.text


def test_a_notebook_shows_drawings_without_script(classifier, regressor):
    for model, found, most in ((classifier, CLASSES, 3), (regressor, NUMBERS, 3)):
        page = fragment(model.fitted, found)
        assert "<script" not in page
        assert "var(--" not in page
        drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        assert len(drawings) == most
        for drawing in drawings:
            assert ElementTree.fromstring(drawing).tag == "{http://www.w3.org/2000/svg}svg"
        assert model.fitted.judgement.verdict.sentences[0] in page


def test_findings_survive_their_file():
    for found in (CLASSES, NUMBERS):
        assert (
            msgspec.json.decode(msgspec.json.encode(found, enc_hook=as_text), type=Findings)
            == found
        )


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


def test_a_chinese_page_says_so_and_leaves_names_alone(classifier):
    with gradum.language("zh"):
        text = report_html(classifier.fitted, CLASSES, source=Source("t.csv"))
        page = Page(text)
    assert '<html lang="zh-CN">' in text
    assert "错在哪里" in page.text
    for column in classifier.fitted.schema.columns:
        assert column.name in page.text
    titles = {title for chart in page.charts.values() for title in named(chart, "title")}
    assert {"预测", "真实", "召回率"} <= titles
    assert not titles & {"predicted", "true", "recall", "rows"}


def named(value, key):
    """Yield the texts under a key, however deep."""
    if isinstance(value, dict):
        if isinstance(value.get(key), str):
            yield value[key]
        for below in value.values():
            yield from named(below, key)
    if isinstance(value, list):
        for below in value:
            yield from named(below, key)


@pytest.mark.parametrize("code", ["en", "zh"])
def test_markup_in_a_sentence_is_ours_and_never_the_tables(code):
    with gradum.language(code):
        said = str(_say("{target} from {source}", target="<b>&", source=_code("a<i>.csv")))
        joined = str(_sentences(["<b>", _code("c")]))
    assert "&lt;b&gt;&amp;" in said
    assert "<code>a&lt;i&gt;.csv</code>" in said
    assert joined.startswith("&lt;b&gt;")
    assert joined.endswith("<code>c</code>")
