import re

import numpy as np
import polars as pl
from msgspec import structs

from gradum.show.text import MOST_COLUMNS, fitted_parts, judgement_text, plain, schema_parts
from gradum.tables.schema import infer
from gradum.tables.table import Table
from synthetic import task


def words(text):
    return re.sub(r"\s+", " ", text)


def test_every_rung_metric_and_interval_is_in_the_table(classifier):
    said = judgement_text(classifier.fitted)
    for parts in classifier.fitted.judgement.scores.values():
        for each in parts["test"].values():
            assert f"{each.value:.4g} [{each.low:.3g}, {each.high:.3g}]" in said
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


def test_without_a_judgement_it_says_so(classifier):
    said = plain(*fitted_parts(replaced(classifier.fitted, None)))
    assert "before any rung could be judged" in said


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
    frame = pl.DataFrame(rng.normal(size=(50, MOST_COLUMNS + 12)))
    schema = infer(Table(frame, "wide.csv"))
    said = plain(*schema_parts(schema, ()))
    assert "… and 12 more columns" in said
    assert f"column_{MOST_COLUMNS - 1} " in said
    assert f"column_{MOST_COLUMNS} " not in said
