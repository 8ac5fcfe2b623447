"""A run in words and tables, for the terminal."""

import itertools
import re

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from rich.cells import cell_len

import gradum
from gradum.messages import say
from gradum.run.alarm import Alarm
from gradum.rungs.registry import KINDS
from gradum.scores.figures import with_interval
from gradum.show.text import (
    MOST_COLUMNS,
    NARROW,
    fitted_parts,
    judgement_text,
    plain,
    schema_parts,
    verdict_parts,
)
from gradum.tables.schema.schema import infer
from gradum.tables.table import Table
from synthetic import task


def words(text):
    return re.sub(r"\s+", " ", text)


def test_every_rung_metric_and_interval_is_in_the_table(classifier):
    said = judgement_text(classifier.fitted)
    for parts in classifier.fitted.judgement.scores.values():
        for each in parts["test"].values():
            assert with_interval(each) in said
    for part, rows in classifier.fitted.judgement.rows.items():
        assert f"on {rows:,} {part} rows" in said


def test_the_verdict_and_the_notes_are_said(classifier):
    judgement = structs.replace(
        classifier.fitted.judgement, notes=("Mind [the] gap :smile:",), interrupted=True
    )
    said = words(plain(*fitted_parts(replaced(classifier.fitted, judgement))))
    for sentence in judgement.verdict.sentences:
        assert sentence in said
    assert "note: Mind [the] gap :smile:" in said
    assert "Interrupted: judged on what was done by then." in said


def replaced(fitted, judgement):
    return type(fitted)(
        fitted.spec, fitted.schema, fitted.encoder, fitted.rungs, judgement, fitted.provenance
    )


@pytest.mark.parametrize("kind", ["classifier", "grader", "regressor"])
def test_the_terminal_begins_with_the_verdict_and_has_one_table_of_80_characters(kind, request):
    judgement = request.getfixturevalue(kind).fitted.judgement
    said = plain(*verdict_parts(judgement), width=NARROW)
    lines = said.splitlines()
    first, *_ = judgement.headline
    assert 1 <= len(judgement.headline) <= 5
    assert words(said[said.index(first[:20]) :]).startswith(" ".join(judgement.headline))
    assert "…" not in said
    assert len(lines) - next(k for k, line in enumerate(lines) if line.startswith(first[:20])) < 18
    assert with_interval(judgement.scores["pack"]["test"][judgement.verdict.metric]) in said
    assert "differs by" not in said


def test_what_was_told_is_not_told_twice_but_alarms_stand_first_in_few_words(classifier):
    alarms = (Alarm("leak", "A column gives it away.", (), "One tells all", "--drop 'x'"),)
    judgement = structs.replace(classifier.fitted.judgement, notes=("One.", "Two."), alarms=alarms)
    told = {"One.", "A column gives it away."}
    said = words(plain(*verdict_parts(judgement, told, schema=classifier.fitted.schema)))
    assert "note: Two." in said
    assert "One." not in said
    assert "A column gives it away." not in said
    first = said.index("Check in your table")
    assert (
        first
        < said.index("One tells all → fit with --drop 'x'")
        < said.index(judgement.headline[0])
    )
    assert "alarm, leak: A column gives it away." in words(plain(*verdict_parts(judgement)))


def test_without_a_judgement_it_says_so(classifier):
    said = plain(*fitted_parts(replaced(classifier.fitted, None)))
    assert "before any model could be judged" in said


def test_each_column_is_named_with_its_kind_and_reason():
    frame = (
        task("label", 100).rename({"size": "size [cm] :ruler:"}).with_columns(constant=pl.lit(1))
    )
    schema = infer(Table(frame, "made.csv"), target="label")
    said = words(plain(*schema_parts(schema, ("a note",)), width=300))
    assert "made.csv: 100 rows, 7 columns, 5 of them features" in said
    assert "size [cm] :ruler: numeric" in said
    assert "constant constant, not used" in said
    for column in schema.columns:
        assert words(column.reason) in said
    assert "note: a note" in said


def test_a_wide_table_is_cut_short_and_says_so():
    rng = np.random.default_rng(0)
    names = ["".join(pair) for pair in itertools.product("abcdefgh", repeat=2)][: MOST_COLUMNS + 12]
    frame = pl.DataFrame(rng.normal(size=(50, len(names))), schema=names)
    schema = infer(Table(frame, "wide.csv"))
    said = plain(*schema_parts(schema, ()))
    assert "… and 12 more columns" in said
    assert f"\n{names[MOST_COLUMNS - 1]} " in said
    assert f"\n{names[MOST_COLUMNS]} " not in said


def test_many_columns_that_differ_in_a_number_are_one_line():
    rng = np.random.default_rng(0)
    genes = {f"gene_{place}": rng.normal(size=50) for place in range(39)}
    empty = {f"empty {place}": [None] * 50 for place in "abcdefghijkl"}
    pairs = {f"day{place}": rng.normal(size=50) for place in range(3)}
    schema = infer(Table(pl.DataFrame({"age": np.arange(50) % 7} | genes | empty | pairs), "w.csv"))
    lines = plain(*schema_parts(schema, ())).splitlines()
    (of_genes,) = [line for line in lines if "gene_" in line]
    assert of_genes.startswith("gene_0, gene_1, gene_2, …")
    assert "39 columns alike. The first: " + schema.columns[1].reason in of_genes
    (of_empty,) = [line for line in lines if "empty " in line]
    assert "12 columns alike" in of_empty
    assert [line.split()[0] for line in lines[-3:]] == ["day0", "day1", "day2"]


def test_the_columns_of_a_chinese_table_begin_at_the_same_cell(classifier):
    judgement = classifier.fitted.judgement
    with gradum.language("zh"):
        lines = plain(*verdict_parts(judgement), width=NARROW).splitlines()
    metric = judgement.verdict.metric
    scores = {
        with_interval(parts["test"][metric]): rung for rung, parts in judgement.scores.items()
    }
    rows = [(line, score) for line in lines for score in scores if f" {score} " in f"{line} "]
    assert len(rows) == len(scores)
    assert any("所用" in line for line, _ in rows)
    assert len({cell_len(line[: line.index(score)]) for line, score in rows}) == 1
    assert max(map(cell_len, lines)) <= NARROW


def test_the_rung_in_use_is_the_one_that_predicts_whichever_does_best_on_other_rows(classifier):
    judgement = classifier.fitted.judgement
    best = judgement.verdict.used
    (other, *_) = [name for name in judgement.scores if name != best]
    lines = plain(*verdict_parts(judgement, predicts=other)).splitlines()
    titles = {name: say(KINDS[name].title) for name in (best, other)}
    assert [line.split(",")[0] for line in lines if ", in use" in line] == [titles[other]]
    assert [line.split(",")[0] for line in lines if ", best here" in line] == [titles[best]]
    assert ", best here" not in plain(*verdict_parts(judgement))
