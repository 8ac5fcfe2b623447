"""What a fit learns in blocks, by folds or by members, to the bit, with and without an engine."""

from dataclasses import replace
from itertools import pairwise

import jax
import numpy as np
import polars as pl

from gradum.api.fit import fit_spec
from gradum.run.memory.memory_bound import decided
from gradum.run.options.options import make_spec
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.rungs.context import ALONE
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.registry import KINDS
from gradum.rungs.rung_spec import RungSpec
from gradum.tables.sources.open_stream import at_hand, opened
from gradum.tables.sources.stream import BLOCK_ROWS
from gradum.tables.table import Table

PARTITIONS = 5  # of a block each
ROWS = (PARTITIONS - 1) * BLOCK_ROWS + 1_000
LINEAR = LinearSpec(strengths=(10.0, 1.0), folds=2)
PACK = PackSpec(members=6, folds=3, epochs=4, hidden_layer_sizes=(8, 8), most_codes=4)


def table(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    size, gap = rng.normal(size=(2, rows)).astype(np.float32)
    city = rng.choice(["a", "b", "c"], rows)
    score = size - gap + (city == "b")
    return pl.DataFrame(
        {
            "size": size,
            "gap": np.where(rng.random(rows) < 0.1, np.nan, gap),
            "city": city,
            "label": np.where(score + rng.logistic(size=rows) > 0, "yes", "no"),
            "amount": score + rng.normal(size=rows),
        }
    )


def write_parts(folder):
    """Write three files, whose row groups end where no block does, and return their folder."""
    frame = table()
    for number, (start, stop) in enumerate(pairwise((0, 90_000, 90_100, ROWS))):
        frame[start:stop].write_parquet(folder / f"p{number}.parquet", row_group_size=40_000)
    return folder


def learned(files, target, engine=None, tell=lambda event: None, **how):
    """Everything that passes over the table decide, as text and bytes."""
    context = replace(ALONE, engine=engine, tell=tell, **how)
    spec = make_spec(target, model="linear", blocks=True, max_memory=2**30, linear=LINEAR)
    with opened(str(files / "p*.parquet")) as rows:
        described = RowsInBlocks(rows).describe(Asked(spec), context)
        with described.divide(context) as divided:
            _, learning = divided.learning(divided.plan.kept)
            rung = learning.fit(KINDS["linear"], RungSpec(LINEAR), context)
            frame = divided.dataset.frame
            return (
                repr(described.schema),
                repr(divided.encoder),
                frame.hash_rows().to_list(),
                divided.plan.kept.tobytes(),
                learning.spool.lengths,
                learning.spool.total_weight,
                [array.tobytes() for array in rung.params["layers"][0].values()],
                rung.target_scale,
                [epoch["validation_loss"] for epoch in rung.history],
            )


def lanes_learned(files, engine=None, **how):
    """The weights of a network in three lanes."""
    context = replace(ALONE, engine=engine, **how)
    spec = make_spec("label", model="mlp", blocks=True, max_memory=2**30)
    network = MLPSpec(hidden_layer_sizes=(4,), max_epochs=1, batch_rows=2_000, lanes=3)
    with opened(str(files / "p*.parquet")) as rows:
        described = RowsInBlocks(rows).describe(Asked(spec), context)
        with described.divide(context) as divided:
            _, learning = divided.learning(divided.plan.kept)
            rung = learning.fit(KINDS["mlp"], RungSpec(network), context)
    return [leaf.tobytes() for leaf in jax.tree.leaves(rung.params)]


def members_learned(engine=None, **how):
    """The weights of a small pack's members, the course of their training, and how it ended."""
    context = replace(ALONE, engine=engine, **how)
    spec = make_spec("label", model="pack", blocks=False)
    described = RowsInMemory(lambda: Table(table(1_500), "t")).describe(Asked(spec), context)
    with described.divide(context) as divided:
        _, learning = divided.learning(divided.plan.kept)
        rung = learning.fit(KINDS["pack"], RungSpec(PACK), context)
    course = [(epoch["objective"], epoch["validation_loss"]) for epoch in rung.history]
    weights = [leaf.tobytes() for leaf in jax.tree.leaves(rung.params)]
    return weights, course, (rung.status, rung.settings["steps"])


def folds_learned(engine, **how):
    """The weights of every rung of the kept model and of each fold."""
    spec = make_spec("label", model="mlp", cv=2, max_epochs=2, hidden="4")
    context = replace(ALONE, engine=engine, **how)
    with at_hand(table(600)) as rows:
        run = fit_spec(decided(spec, rows, on_engine=engine is not None), rows, context).run
    fits = [run.fitted.rungs, *(judge.rungs for judge in run.judges)]
    return [
        (name, [leaf.tobytes() for leaf in jax.tree.leaves(rung.params)])
        for rungs in fits
        for name, rung in rungs.items()
    ]
