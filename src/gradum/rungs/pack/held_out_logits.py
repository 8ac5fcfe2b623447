"""Logits of a pack's members for the rows that they have not learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradum.core.models.pack_network import PackNetwork
from gradum.rungs.context import Context
from gradum.rungs.folding import walks_up_to
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung


def held_out_logits(
    rung: Rung, rows: Rows, validation: np.ndarray, spec: PackSpec, context: Context
) -> np.ndarray | None:
    """Return, for each of the n rows that a pack was fitted on, the logits of its fold's members.

    The folds are drawn as they were for the fit. A row whose fold has no member left gets NaN. None
    if the pack does not say which fold each member holds out, as in older files.
    """
    said = rung.settings.get("held_out")
    assert isinstance(rung.network, PackNetwork)
    if not isinstance(said, list) or len(said) != rung.network.members:
        return None
    folds = np.array([fold if isinstance(fold, int) else -1 for fold in said])
    logits = np.full((len(rows), rung.network.outputs), np.nan)
    walks = walks_up_to(spec.folds, rows, validation, context.random("pack", "folds"))
    for fold, (_, held) in enumerate(walks):
        members = np.flatnonzero(folds == fold)
        if len(members):
            logits[held] = part(rung, members).logits(rows.design.take(held))
    return logits


def part(rung: Rung, members: np.ndarray) -> Rung:
    """Return the rung of some of a pack's members."""
    assert isinstance(rung.network, PackNetwork)
    network, params = rung.network.part(rung.params, members)
    return replace(rung, network=network, params=params)
