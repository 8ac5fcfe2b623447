"""Judged rows are explained by models that had not seen them, the same each time."""

from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.messages import as_text
from gradum.study.evidence import Evidence
from gradum.study.explanation.judged import (
    SHARES,
    JudgedExplanation,
    drawn,
    explain_judged,
    typical,
)
from gradum.study.findings.findings import without_rows
from synthetic import FEATURES, ONCE, mixed

pytestmark = pytest.mark.usefixtures("judged_as_for_users")


def explained(run, worst=()):
    return explain_judged(run, Evidence.of(run), FEATURES, list(worst))


def small(target, rows=200, **options):
    table = mixed(rows).select([*FEATURES, target])
    return gradum.fit(table, target, model="linear", learning_curve=False, **{**ONCE, **options})


@pytest.fixture(scope="module")
def folds():
    """Three classes judged by three folds."""
    return small("grade", cv=3)


def test_each_row_has_the_answer_of_the_model_that_judged_it(folds):
    run, evidence = folds.run, Evidence.of(folds.run)
    assert len(run.judges) == 3
    worst = [int(number) for number in evidence.numbers[[3, 70, 150]]]
    found = explained(run, worst)
    assert [each.explanation.row for each in found.worst] == worst
    assert len(found.typical) == 3
    for each in (*found.worst, *found.typical):
        row = each.explanation
        place = int(np.searchsorted(evidence.numbers, row.row))
        shares = evidence.prediction.probability[place]
        assert row.output == pytest.approx(shares.max(), abs=1e-5)
        assert row.answer == evidence.classes[int(shares.argmax())]
        assert each.target == evidence.classes[evidence.target[place]]
        moved = sum(part.contribution for part in row.contributions)
        assert moved == pytest.approx(row.output - row.base, abs=1e-6)


def test_the_findings_have_it_and_keep_it_in_their_file(folds):
    found = folds.findings.explanation
    assert [each.explanation.row for each in found.worst] == [
        each.row for each in folds.findings.worst[:3]
    ]
    assert found.overall.rows == 200
    assert {each.column for each in found.overall.columns} == set(FEATURES)
    assert found.interactions.tried == 10
    text = msgspec.json.encode(found, enc_hook=as_text)
    assert (
        msgspec.json.encode(msgspec.json.decode(text, type=JudgedExplanation), enc_hook=as_text)
        == text
    )
    assert 'id="explanations"' in folds.report()


def test_the_same_seed_explains_the_same(folds):
    once, again = (
        msgspec.json.encode(explained(folds.run, [5]), enc_hook=as_text) for _ in range(2)
    )
    assert once == again


def test_no_single_row_is_left_without_rows(folds):
    assert folds.findings.surrogate is not None
    assert without_rows(folds.findings).surrogate is None  # whose rules may name rare levels
    found = without_rows(folds.findings).explanation
    assert not found.worst
    assert not found.typical
    assert all(not each.contributions and not each.ranks for each in found.overall.columns)
    assert found.overall.columns[0].size.known


def test_it_is_left_out_where_it_is_not_asked_for():
    model = small("amount", explain=False)
    assert model.findings.explanation is None
    assert 'id="explanations"' not in model.report()


def test_a_baseline_has_nothing_to_explain(folds):
    run = folds.run
    verdict = structs.replace(run.fitted.judgement.verdict, used="baseline")
    judgement = structs.replace(run.fitted.judgement, verdict=verdict)
    assert explained(replace(run, fitted=replace(run.fitted, judgement=judgement))) is None


def test_columns_beyond_the_most_important_count_as_one():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(150, 26))
    names = [f"x{i}" for i in range(26)]
    table = pl.DataFrame(dict(zip(names, data.T, strict=True)) | {"y": data @ np.arange(26)})
    model = gradum.fit(table, "y", model="linear", learning_curve=False, **ONCE)
    found = model.findings.explanation
    columns = {each.column: each.size.value for each in found.overall.columns}
    assert len(columns) == 21
    assert found.together == 6
    assert set(names) - set(columns) == {f"x{i}" for i in range(6)}
    sizes = np.array([columns[f"x{i}"] for i in range(6, 26)])
    linear = np.abs(np.arange(6, 26))  # φ = w (x − x̄), of normal x
    assert np.corrcoef(sizes, linear)[0, 1] > 0.9
    assert columns["6 other columns"] > 0
    assert all("other" not in name for pair in found.interactions.pairs for name in pair.columns)


def test_one_column_alone_is_all_of_the_answer():
    table = mixed(120).select("size", "amount")
    model = gradum.fit(table, "amount", model="linear", learning_curve=False, **ONCE)
    found = model.findings.explanation
    (row, *_) = found.typical
    assert len(row.explanation.contributions) == 1
    assert found.interactions.tried == 0


def test_typical_numbers_lie_where_they_should():
    evidence = Evidence.of(small("amount").run)
    predicted = evidence.prediction.value
    for place, share in typical(evidence).items():
        below = np.mean(predicted < predicted[place])
        assert below == pytest.approx(share, abs=1.01 / len(predicted))
    assert list(typical(evidence).values()) == list(SHARES)


def test_typical_rows_of_classes_are_right_and_in_the_middle(folds):
    evidence = Evidence.of(folds.run)
    for place in typical(evidence):
        code = evidence.target[place]
        assert evidence.prediction.value[place] == code
        right = (evidence.target == code) & (evidence.prediction.value == code)
        shares = evidence.prediction.probability[right, code]
        below = np.mean(shares < evidence.prediction.probability[place, code])
        assert below == pytest.approx(0.5, abs=1 / right.sum())


def test_heavier_rows_are_drawn_more_often(folds):
    evidence = Evidence.of(folds.run)
    truth = replace(evidence.truth, weight=np.where(np.arange(200) < 100, 9.0, 1.0))
    chosen = evidence.rows[drawn(replace(evidence, truth=truth), 60)]
    assert len(np.unique(chosen)) == 60
    assert np.mean(chosen < 100) > 0.7
