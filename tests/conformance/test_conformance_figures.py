"""A figure has one source, also where a class is rare: report, terminal and JSON say the same.

Every kind of run of `test_conformance_runs.py` is held to it as well.
"""

import numpy as np
import polars as pl
import pytest

import gradum
from agreement import assert_figures_agree
from gradum.app.cli.cache import cache_directory
from gradum.run.judging import judge_rungs
from synthetic import SHORT, task


def rare(rows=240, share=0.08):
    """A rare class that is called so in some rows; one column says much of it."""
    rng = np.random.default_rng(2)
    signal = rng.normal(size=rows)
    ill = signal + rng.normal(0, 0.4, rows) > np.quantile(signal, 1 - share)
    columns = {"x": signal, "z": rng.normal(size=rows), "ill": np.where(ill, "yes", "no")}
    return pl.DataFrame(columns)


@pytest.mark.parametrize("metric", ["log_loss", "precision"])
def test_a_rare_class_has_the_same_figures_everywhere(metric, monkeypatch):
    monkeypatch.setattr(judge_rungs, "RESAMPLES", (200, 200))
    options = {"model": "linear", "linear": SHORT, "learning_curve": False, "explain": False}
    model = gradum.fit(rare(), "ill", metric=metric, cv=2, **options)
    assert model.findings.predictions == 2 * model.findings.rows
    assert_figures_agree(model, model.report(cache=cache_directory()))


def test_no_row_that_a_model_is_said_to_be_fitted_on_is_out_of_range(grader):
    """The least and the greatest number may lie in rows that only stopped a network."""
    assert grader.fitted.judgement.kept_on_all
    table = task("grade", 300)
    ends = {name: (table[name].min(), table[name].max()) for name in ("size", "age")}
    assert grader.fitted.encoder.ranges == ends
