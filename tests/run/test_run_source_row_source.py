"""A table is understood alike, whether its rows are held or read in blocks."""

import numpy as np
import polars as pl
import pytest
from msgspec import structs

from gradum.run.options.options import make_spec
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.run.spec.spec import LEAST_MEMORY
from gradum.rungs.context import ALONE
from gradum.tables.sources.open_stream import at_hand, opened
from gradum.tables.sources.read import read


@pytest.mark.parametrize("kept", [False, True])
def test_rows_of_totals_are_left_out_and_said_unless_they_are_kept(tmp_path, kept):
    """A sum at the foot of a table would outweigh all rows that a model learns from."""
    rng = np.random.default_rng(0)
    sold = rng.integers(1, 90, 420)
    path = tmp_path / "sales.csv"
    columns = {"region": rng.choice(["N", "S"], 420), "visits": sold + 5, "sold": sold}
    sums = {"region": ["Summe"], "visits": [(sold + 5).sum()], "sold": [sold.sum()]}
    pl.concat([pl.DataFrame(columns), pl.DataFrame(sums)]).write_csv(path)
    spec = make_spec("sold", keep_totals=kept)
    with at_hand(path, spec.reading) as here:
        held = RowsInMemory(lambda: read(here)).describe(Asked(spec), ALONE)
        spec = structs.replace(spec, blocks=True, max_memory=LEAST_MEMORY)
        with opened(here) as rows:
            streamed = RowsInBlocks(rows).describe(Asked(spec), ALONE)
            for described in (held, streamed):
                assert described.schema.rows == 420 + kept
                said = [note for note in described.notes if "'Summe'" in note]
                assert len(said) == (not kept)
                assert all("Row 421" in note and "--keep-totals" in note for note in said)
            assert held.dataset.doubts == streamed.table.rows.head.doubts
            assert len(held.dataset.doubts) == (not kept)
            assert not any("'Summe'" in each for each in held.dataset.remarks)  # not said twice
            assert streamed.known.rows == len(held.dataset) == 420 + kept
            assert streamed.schema.columns == held.schema.columns
