"""Reason codes: chosen by values and errors as given, in words that a plain count confirms."""

import datetime
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import SpecError
from gradum.questions.explain.answer import Explanation
from gradum.questions.explain.reasons import sentence
from gradum.study.explanation.reasons import Reason, Value
from gradum.study.explanation.shapley import Shapley
from synthetic import ONCE

COLUMNS = ["amount", "status", "member", "note", "since"]


def applications(rows=120):
    rng = np.random.default_rng(5)
    amount = pl.Series(rng.integers(1, 60, rows).astype(float))
    status = rng.choice(["none", "low", "high"], rows, p=[0.6, 0.2, 0.2])
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(days=int(k)) for k in range(rows)]
    words = rng.choice(["late again", "paid in time", "asked for more time", "no answer yet"], rows)
    late = amount.to_numpy() / 30 + (status == "low") + 0.2 * rng.normal(size=rows) > 1.2
    return pl.DataFrame(
        {
            "amount": amount.set(pl.Series(np.arange(rows) % 11 == 0), None),
            "status": status,
            "member": rng.random(rows) < 0.7,
            "note": [f"{text} {k}" for k, text in enumerate(words)],
            "since": days,
            "outcome": np.where(late, "bad", "good"),
        }
    )


@pytest.fixture(scope="module")
def explained():
    rows = applications()
    model = gradum.fit(
        rows,
        "outcome",
        model="linear",
        text="note",
        seed=0,
        **ONCE,
    )
    return rows, model, model.explain(rows[[7]], background=rows)


def given(explanation, values, sampling, background):
    """The same explanation with other numbers for the second of its two classes, 'good'."""
    values = np.array([[-value, value] for value in values])
    errors = [np.repeat(np.array(each)[:, None], 2, axis=1) for each in (sampling, background)]
    before = explanation.found.parts[0]
    part = Shapley(values, *errors, values * np.nan, before.base, before.output, 32, before.batches)
    return Explanation(replace(explanation.found, parts=(part,)), explanation.subject)


def test_reasons_are_what_speaks_against_beyond_its_errors(explained):
    _, _, explanation = explained
    made = given(
        explanation,
        values=[-0.10, 0.30, -0.20, -0.25, -0.02],
        sampling=[0.0, 0.0, 0.0, 0.1, 0.0],
        background=[0.02, 0.0, 0.04, 0.1, 0.011],
    )
    against_good = made.reasons(favourable="good").frame
    # 0.25 is within 1.96 √(0.1² + 0.1²) = 0.277, and 0.02 within 1.96 · 0.011 = 0.0216.
    assert against_good["column"].to_list() == ["member", "amount"]
    assert against_good["rank"].to_list() == [1, 2]
    assert against_good["contribution"].to_list() == [-0.20, -0.10]
    assert made.reasons(favourable="bad").frame["column"].to_list() == ["status"]
    assert made.reasons(favourable="good", count=1).frame["column"].to_list() == ["member"]


def test_equal_reasons_stand_in_the_order_of_the_table(explained):
    _, _, explanation = explained
    nothing = [0.0] * 5
    for noise in (1e-7, -1e-7):  # what another processor's sums may bring
        values = [-0.1, -0.1 * (1 + noise), -0.3, -0.1, -0.1 * (1 - noise)]
        made = given(explanation, values, nothing, nothing)
        columns = made.reasons(favourable="good", count=5).frame["column"].to_list()
        assert columns == ["member", "amount", "status", "note", "since"]


def test_without_a_background_error_the_other_one_decides(explained):
    _, _, explanation = explained
    made = given(explanation, [-0.1] * 5, [0.1, 0.01, 0.1, 0.01, 0.1], [np.nan] * 5)
    assert made.reasons(favourable="good").frame["column"].to_list() == ["status", "note"]


def test_sentences_set_a_value_beside_what_is_common(explained):
    rows, _, explanation = explained
    made = given(explanation, [-0.5, -0.4, -0.3, -0.2, -0.1], [0.0] * 5, [0.0] * 5)
    lines = made.reasons(favourable="good", count=5).frame
    median = rows["amount"].median()
    status = rows["status"].mode()[0]
    amount, since = rows["amount"][7], rows["since"][7]
    found = lines["sentence"].to_list()
    assert found[0] == f"amount is {amount:g} (median {median:g})"
    same = rows["status"][7] == status
    assert status == "none"
    assert found[1] == (
        "status is 'none', the most frequent value"
        if same
        else f"status is '{rows['status'][7]}' (most often 'none')"
    )
    assert rows["member"].mean() > 0.5
    assert found[2] == (
        "member is yes, the most frequent value"
        if rows["member"][7]
        else "member is no (most often yes)"
    )
    assert found[3] == f"note is '{rows['note'][7]}'"
    assert found[4].startswith(f"since is {since} (median 2020-02-29)")
    assert lines["against_background"][3] is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([Value("a", None, 3.0, "numeric")], "a is missing (median 3)"),
        ([Value("a", 2.0, None, "numeric")], "a is 2"),
        ([Value("a", "x", None, "categorical")], "a is 'x' (most often missing)"),
        ([Value("a", None, None, "boolean")], "a is missing, the most frequent value"),
        (
            [Value("a", 1.0, 2.0, "numeric"), Value("b", "x", "y", "categorical")],
            "a is 1 (median 2) and b is 'x' (most often 'y')",
        ),
    ],
)
def test_what_is_missing_and_what_stands_together_is_said(values, words):
    assert sentence(Reason(("a",), tuple(values), -1.0, 0.1)) == words


def test_columns_that_stand_together_are_one_reason(explained):
    rows, model, _ = explained
    place = int(rows["amount"].arg_max())
    found = model.explain(rows[[place]], background=rows, together=[["amount", "status"]])
    first = found.reasons(favourable="good", count=1).frame
    assert first["column"][0] == "amount + status"
    assert " and status is " in first["sentence"][0]


def test_fewer_reasons_than_asked_for_are_said(explained):
    _, _, explanation = explained
    nothing = [0.0] * 5
    none = given(explanation, [0.1] * 5, nothing, nothing).reasons(favourable="good")
    assert "No column speaks against 'good' beyond its errors." in none.summary()
    assert len(none.frame) == 0
    two = given(explanation, [-0.1, -0.1, 0.1, 0.1, 0.1], nothing, nothing)
    assert "Only 2 columns speak against 'good' beyond their errors:" in (
        two.reasons(favourable="good").summary()
    )
    assert none.frame.schema == two.reasons(favourable="good").frame.schema


def test_of_a_number_high_or_low_is_favourable():
    rows = applications().with_columns(pay=pl.col("amount").fill_null(20) * 3.0).drop("outcome")
    model = gradum.fit(rows, "pay", model="linear", seed=0, **ONCE)
    high, low = int(rows["amount"].arg_max()), int(rows["amount"].arg_min())
    explanation = model.explain(rows, rows=[low + 1, high + 1], background=rows)
    against_high = explanation.reasons(favourable="high", count=1).frame
    against_low = explanation.reasons(favourable="low", count=1).frame
    assert against_high.filter(pl.col("column") == "amount")["row"].to_list() == [low + 1]
    assert against_low.filter(pl.col("column") == "amount")["row"].to_list() == [high + 1]
    assert against_high["contribution"][0] < 0 < against_low["contribution"][-1]
    assert "against a low pay" in explanation.reasons(favourable="low").summary()


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"favourable": None}, "none is named.*'bad', 'good'"),
        ({"favourable": "goof"}, "'goof' is no answer of this model. Did you mean 'good'"),
        ({"favourable": "high"}, "'high' is no answer"),
        ({"favourable": "good", "count": 0}, "number of reasons is 0"),
    ],
)
def test_what_has_no_reasons_is_refused(explained, options, cause):
    _, _, explanation = explained
    with pytest.raises(SpecError, match=cause):
        explanation.reasons(**options)


def test_a_question_for_reasons_shows_them_alone(explained):
    rows, model, explanation = explained
    asked = model.explain(rows[[7]], background=rows, favourable="good", reasons=2)
    expected = explanation.reasons(favourable="good", count=2)
    assert asked.frame.equals(expected.frame)
    assert list(asked.records()) == expected.frame.to_dicts()
    assert asked.summary() == expected.summary()
    assert asked.found.frame.equals(explanation.frame)


def test_a_page_is_of_one_row(explained):
    rows, model, explanation = explained
    assert explanation.page() == model.row_page(rows[[7]], row=1, background=rows)
    with pytest.raises(SpecError, match="A page explains one row"):
        model.explain(rows[:2], background=rows).page()
