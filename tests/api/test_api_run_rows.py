"""The rows of a run, read again, are those that it learned and was judged from."""

from types import SimpleNamespace

import numpy as np
import polars as pl

from gradum.questions.rows.run_rows import run_dataset
from gradum.tables.doubts.totals import without_totals
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read


def test_a_run_that_learned_from_a_total_finds_it_again():
    """Runs of versions that left no totals out say so by their number of rows."""
    sold = np.random.default_rng(0).integers(1, 90, 40)
    columns = {"x": sold + 1, "y": sold, "place": ["here", "there"] * 20}
    foot = pl.DataFrame({"x": [sum(columns["x"])], "y": [sold.sum()], "place": ["Total"]})
    table = read(pl.concat([pl.DataFrame(columns), foot]))
    run_spec = SimpleNamespace(test=None)
    for learned in (table, without_totals(table)):
        schema = infer(learned, target="y")
        dataset = run_dataset(run_spec, table, schema)
        assert len(dataset) == schema.rows == len(learned.frame)
        assert dataset.numbers.tolist() == list(range(schema.rows))
