"""The ladder: baseline, linear, MLP, pack, each fitted on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import msgspec
import numpy as np

from gradum.fitting.baseline import fit_baseline
from gradum.fitting.checkpoints import NO_CHECKPOINTS, Checkpoints, once
from gradum.fitting.events import RungFinished, RungStarted
from gradum.fitting.judgement import Judgement
from gradum.fitting.linear import fit_linear
from gradum.fitting.mlp import fit_mlp
from gradum.fitting.pack.fit import fit_pack
from gradum.fitting.rows import Rows
from gradum.fitting.rung import Rung
from gradum.fitting.spec import Spec
from gradum.tables.split import Part

Climb = Generator[Any, None, dict[str, Rung]]


class Allowance:
    """What is left of the seconds that packs may train, in equal shares for those still to come.

    Parameters
    ----------
    seconds : float
        All that may be used; other rungs take nothing of it.
    packs : int
        How many packs the run trains.
    """

    def __init__(self, seconds: float, packs: int) -> None:
        self._left, self._packs = seconds, packs

    def share(self) -> float:
        """Return the seconds of the next pack."""
        return max(self._left, 0.0) / max(self._packs, 1)

    def spend(self, seconds: float) -> None:
        """Take off what a pack has used."""
        self._left -= seconds
        self._packs -= 1

    @classmethod
    def of(cls, spec: Spec, packs: int) -> Allowance | None:
        """Return the allowance of a run; None where it has no limit."""
        return None if spec.time_limit is None else cls(spec.time_limit, packs)


def climb(
    spec: Spec,
    rows: Rows,
    parts: np.ndarray,
    *,
    stop: Callable[[], bool],
    place: tuple[int, int] = (0, 0),
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    allowance: Allowance | None = None,
) -> Climb:
    """Fit the rungs that the spec names, simplest first.

    Parameters
    ----------
    spec : Spec
        What is asked for.
    rows : Rows
        All rows of the table.
    parts : ndarray of shape (n,)
        Rows of the parts train and validation are learned from, no others.
    stop : callable
        Once true, no further rung begins; the baseline is always there.
    place : tuple of int
        This fit's number among the folds, and their number.
    checkpoints : Checkpoints
        Rungs that were fitted before, and where to keep more.
    allowance : Allowance, optional
        What is left of the time that all packs of the run may take.
    """
    train, validation = parts == Part.TRAIN, parts == Part.VALIDATION
    learned = np.flatnonzero(train | validation)
    rungs: dict[str, Rung] = {}
    for name in spec.rungs:
        if rungs and stop():
            break
        yield RungStarted(name, *place, _epochs(spec, name, len(learned)))
        at = f"fold-{place[0]}-{name}" if place[0] else f"fit-{name}"
        match name:
            case "baseline":
                rung = fit_baseline(rows.take(learned), log_target=spec.log_target)
            case "linear":
                fit = fit_linear(
                    _take(spec, rows, learned),
                    validation[learned],
                    spec.linear,
                    log_target=spec.log_target,
                    seed=spec.seed,
                    stop=stop,
                )
                rung = yield from once(fit, at, checkpoints, stop)
            case "pack":
                both = _take(spec, rows, learned)
                fit = _pack(spec, both, validation[learned], stop, allowance)
                rung = yield from once(fit, at, checkpoints, stop)
            case _:
                fit = fit_mlp(
                    _take(spec, rows, np.flatnonzero(train)),
                    _take(spec, rows, np.flatnonzero(validation)),
                    spec.mlp,
                    log_target=spec.log_target,
                    seed=spec.seed,
                    stop=stop,
                    place=at,
                    checkpoints=checkpoints,
                )
                rung = yield from once(fit, at, checkpoints, stop)
        rungs[name] = rung
        yield RungFinished.of(rung, *place)
    return rungs


def _epochs(spec: Spec, name: str, rows: int) -> int:
    """Return the most epochs that a rung may take; 0 where it has none."""
    if name == "pack":
        return spec.packed.epochs_for(rows)
    return spec.mlp.max_epochs if name == "mlp" else 0


def _pack(
    spec: Spec,
    rows: Rows,
    validation: np.ndarray,
    stop: Callable[[], bool],
    allowance: Allowance | None,
) -> Generator[Any, None, Rung]:
    """Train a pack, within its share of the time that is left."""
    rung = yield from fit_pack(
        rows,
        validation,
        spec.packed,
        metric=spec.metric,
        log_target=spec.log_target,
        seed=spec.seed,
        stop=stop,
        seconds=None if allowance is None else allowance.share(),
    )
    if allowance is not None:
        allowance.spend(rung.seconds)
    return rung


def _take(spec: Spec, rows: Rows, chosen: np.ndarray) -> Rows:
    """Take rows, and balance the classes among these alone: no other row has a say."""
    taken = rows.take(chosen)
    return taken.balanced() if spec.class_weight else taken


def refit(
    spec: Spec,
    rows: Rows,
    rungs: dict[str, Rung],
    judgement: Judgement,
    *,
    stop: Callable[[], bool],
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    allowance: Allowance | None = None,
) -> Climb:
    """Fit the rung in use again on all rows, the judging ones too.

    The linear rung keeps its path's penalty strength and the MLP its best number of epochs, since
    no row is left to choose them by. The other rungs are dropped: they are of other rows.
    """
    name = judgement.verdict.used
    if name != "baseline":
        rows = _take(spec, rows, np.arange(len(rows)))
    yield RungStarted(name, 0, 0)
    at = f"refit-{name}"
    everything = np.zeros(len(rows), bool)
    match name:
        case "baseline":
            rung = fit_baseline(rows, log_target=spec.log_target)
        case "linear":
            strength = rungs[name].settings["alpha"] * rungs[name].settings["rows"]
            fit = fit_linear(
                rows,
                everything,
                msgspec.structs.replace(spec.linear, strengths=(strength,)),
                log_target=spec.log_target,
                seed=spec.seed,
                stop=stop,
            )
            rung = yield from once(fit, at, checkpoints, stop)
        case "pack":
            fit = _pack(spec, rows, everything, stop, allowance)
            rung = yield from once(fit, at, checkpoints, stop)
        case _:
            fit = fit_mlp(
                rows,
                None,
                spec.mlp,
                log_target=spec.log_target,
                seed=spec.seed,
                epochs=rungs[name].certificate.best_epoch,
                stop=stop,
                place=at,
                checkpoints=checkpoints,
            )
            rung = yield from once(fit, at, checkpoints, stop)
    yield RungFinished.of(rung)
    return {name: rung}
