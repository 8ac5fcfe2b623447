"""The regression table as text: every number, at most 100 columns wide."""

import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from found import CLASSES
from msgspec import structs
from rich.cells import cell_len

import gradum
from gradum.show.answers.inference import Summary, p_value
from gradum.show.report import report_html
from gradum.show.text import plain
from gradum.study.inference.infer import infer
from gradum.study.inference.regression import Regression


def table(**columns):
    rng = np.random.default_rng(0)
    x, level = rng.normal(size=300), rng.choice(["a", "b", "c"], 300, p=[0.2, 0.3, 0.5])
    y = 3.0 * x + (level == "a") + rng.normal(size=300)
    return pl.DataFrame({"x": x, "g": level, "y": y, **columns})


@pytest.fixture(scope="module")
def numbers():
    return gradum.infer(table(), "y")


@pytest.fixture(scope="module")
def classes():
    grade = np.digitize(table()["y"], [-1.0, 1.0])
    noise = np.random.default_rng(1).integers(0, 3, 300)
    mixed = np.where(np.arange(300) % 2, grade, noise)
    return gradum.infer(table(grade=mixed).drop("y"), "grade")


def line(text, name):
    return next(each for each in text.splitlines() if each.strip().startswith(name))


def test_every_number_of_a_coefficient_is_in_its_line(numbers):
    each = numbers.inference.coefficients[1]
    shown = line(str(numbers), "x").split()[1:]
    decimals = len(shown[1].partition(".")[2])
    wanted = [each.estimate, each.error, each.statistic, each.low, each.high, each.vif]
    read = [float(cell) for cell in (*shown[:3], *shown[4:])]
    np.testing.assert_allclose(read, wanted, atol=0.5 * 10.0 ** -min(decimals, 1))
    assert shown[3] == "<0.001"


def test_the_levels_stand_below_their_column(numbers):
    text = str(numbers)
    assert "g (against c)" in text
    after = text[text.index("g (against c)") :].splitlines()
    assert [each.split()[0] for each in after[1:3]] == ["a", "b"]


def test_a_single_level_stands_by_itself():
    summary = gradum.infer(table().with_columns(g=pl.col("g").replace("b", "c")), "y")
    assert re.search(r"^g=a \(against c\) ", str(summary), re.MULTILINE)


def test_text_is_at_most_100_columns_wide_and_has_no_stars(numbers, classes):
    for summary in (numbers, classes):
        assert max(map(len, str(summary).splitlines())) <= 100
        assert "*" not in str(summary)
    assert repr(numbers) == str(numbers)


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_line_is_wider_than_the_console(width, numbers, classes):
    for summary in (numbers, classes):
        lines = plain(summary, width=width).splitlines()
        assert max(map(len, lines)) <= width
        each = summary.inference.coefficients[1]
        row = next(line for line in lines if line.startswith("x "))
        assert float(row.split()[1]) == pytest.approx(each.estimate, rel=0.01)


@pytest.mark.parametrize("width", [40, 100])
def test_a_chinese_table_keeps_to_the_cells_of_the_console(width, numbers, classes):
    with gradum.language("zh"):
        for summary in (numbers, classes):
            lines = plain(summary, width=width).splitlines()
            assert max(map(cell_len, lines)) <= width
            row = next(k for k, line in enumerate(lines) if line.startswith("x "))
            header = next(line for line in lines[row::-1] if "估计值" in line)
            estimate = lines[row].split()[1]
            before = lines[row][: lines[row].index(estimate)] + estimate
            assert cell_len(before) == cell_len(header[: header.index("估计值") + 3])


def test_figures_that_others_imply_go_first_and_are_named(numbers):
    assert "Too wide" not in str(numbers)
    assert "Too wide to show: VIF." in plain(numbers, width=72)
    narrow = plain(numbers, width=50)
    assert "Too wide to show: 95% from, to, VIF." in narrow


def test_long_names_and_line_breaks_keep_a_row_a_row():
    rng = np.random.default_rng(0)
    names = ["a\nb\tc", "long name " * 12 + "end", "x" * 150]
    found = infer(rng.normal(size=(60, 3)), rng.normal(size=60), names=names, target_name="y\nz")
    lines = plain(Summary(found), width=80).splitlines()
    assert "Linear regression of y z" in lines
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("a b c ") and len(line.split()) >= 9 for line in lines) == 1
    assert sum(line.split()[0].count("x") for line in lines if line.startswith("x")) == 150


def test_each_class_has_its_block_and_its_odds(classes):
    text = str(classes)
    assert "Multinomial logistic regression of grade, against 0" in text
    for label in ("1", "2"):
        assert f"{label} against 0" in text
    first = next(each for each in classes.inference.coefficients if each.name == "x")
    assert f"{np.exp(first.estimate):.3f}" in line(text, "x ")


def test_the_frame_has_a_row_a_coefficient(numbers, classes):
    assert numbers.frame.columns == [
        "name", "class", "estimate", "error", "statistic", "p", "low", "high", "vif",
    ]  # fmt: skip
    assert numbers.frame["name"].to_list() == ["(intercept)", "x", "g=a", "g=b"]
    assert numbers.frame["estimate"][1] == numbers.inference.coefficients[1].estimate
    assert numbers.frame["vif"][0] is None
    assert classes.frame["class"].to_list() == ["1"] * 4 + ["2"] * 4


@pytest.mark.parametrize(
    ("p", "said"), [(None, "–"), (1e-12, "<0.001"), (0.00099, "<0.001"), (0.032, "0.032")]
)
def test_small_probabilities_are_not_drawn_out(p, said):
    assert p_value(p) == said


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        assert "src" not in dict(attrs)
        assert "href" not in dict(attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data.strip())


def test_the_fragment_is_whole_and_has_the_cells_of_the_text(numbers):
    cells = Cells()
    cells.feed(numbers._repr_html_())
    assert cells.open == []
    for cell in line(str(numbers), "x").split():
        assert cell in cells.text


def test_names_are_text_and_no_markup():
    columns = np.random.default_rng(0).normal(size=(30, 1))
    target = columns[:, 0] + np.random.default_rng(1).normal(size=30)
    summary = Summary(infer(columns, target, names=["<b>[red]x"], target_name="<i>"))
    assert "&lt;b&gt;[red]x" in summary._repr_html_()
    assert "<i>" not in summary._repr_html_()
    assert "<b>[red]x" in str(summary)


def test_a_class_is_text_as_well():
    rng = np.random.default_rng(0)
    labels = ["[red]", "b", "c"]
    found = infer(rng.normal(size=(90, 1)), rng.integers(0, 3, 90), "log_loss", classes=labels)
    assert "b against [red]" in str(Summary(found))


def test_the_criteria_keep_their_decimals(numbers):
    known = numbers.inference.statistics
    for name, value in (("AIC", known.aic), ("BIC", known.bic)):
        assert f"{name} {value:,.2f}" in str(numbers)


def test_where_nothing_is_known_there_is_no_table():
    columns = np.random.default_rng(0).normal(size=(60, 1))
    summary = Summary(infer(columns, (columns[:, 0] > 0).astype(int), "log_loss"))
    assert "std. error" not in str(summary)
    assert "likelihood has no maximum" in str(summary)


def test_the_report_has_the_table_or_says_why_not(classifier, numbers):
    shown = structs.replace(CLASSES, regression=Regression(numbers.inference, "On some rows."))
    page = report_html(classifier.fitted, shown)
    assert 'id="regression"' in page
    assert "On some rows." in page
    assert "residual standard error" in page
    without = structs.replace(CLASSES, regression=Regression(None, "No regression table: why."))
    page = report_html(classifier.fitted, without)
    assert "No regression table: why." in page
    assert "std. error" not in page
    assert 'id="regression"' not in report_html(classifier.fitted, CLASSES)
