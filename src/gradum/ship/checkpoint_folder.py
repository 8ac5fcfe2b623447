"""The checkpoints of a run as files: of each fitted rung, of each pass, of the current training.

They keep every bit, and their content is trusted only if it belongs to this very run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import numpy as np

from gradum.errors import ModelFileError
from gradum.files import archive
from gradum.messages import as_text, say
from gradum.run.fingerprint import named_arrays
from gradum.rungs.rung import Rung
from gradum.ship.model_contradictions import has_its_shapes
from gradum.ship.rung_record import RungRecord, recorded, restored
from gradum.ship.sayings import said_again, sayings
from gradum.ship.state_folder import CHECKPOINT, Manifest
from gradum.solvers.solution import EpochDone
from gradum.solvers.training_state import Snapshot, StoppingState, Tally

FORMAT = 3
TRAINING = "training"
SHARE = 0.01  # of the time, at most, is spent on writing best epochs


class _Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    record: RungRecord
    sayings: Any  # so that a resumed run can be read in another language, too


class _Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tally: Tally
    seen: StoppingState
    history: tuple[EpochDone, ...]
    seconds: float
    compile_seconds: float
    leaves: int
    best_leaves: int | None


class CheckpointFolder:
    """Keeps rungs and snapshots in an existing folder.

    A snapshot is written every ``every`` seconds, when the training is interrupted, and at a best
    epoch as long as that takes no more than a hundredth of the time.

    Parameters
    ----------
    identity : str
        The run's identity, which its checkpoints bear and no others do.
    every : float
        Seconds; 0 to keep nothing.
    """

    def __init__(self, folder: Path, identity: str, every: float) -> None:
        self._folder, self._identity, self._every = folder, identity, every
        self._written, self._cost = monotonic(), 0.0

    def rung(self, place: str) -> Rung | None:
        """Return the rung that was already fitted at this place.

        Raises
        ------
        ModelFileError
            Its file is damaged, or of another run; this holds for all methods.
        """
        path = self._path(place)
        if not path.exists():
            return None
        manifest, arrays = self._read(path)
        try:
            kept = msgspec.json.decode(manifest.content, type=_Rung)
            rung = restored(said_again(kept.record, kept.sayings), arrays)
        except (ValueError, RecursionError) as error:
            raise _refused(path, str(error)) from error
        if manifest.place != place or not has_its_shapes(rung):
            raise _refused(path, say("it holds another model than its name says"))
        return rung

    def snapshot(self, place: str) -> Snapshot | None:
        """Return the training that was cut short at this place."""
        path = self._path(TRAINING)
        if not path.exists():
            return None
        manifest, arrays = self._read(path)
        if manifest.place != place:
            return None
        try:
            # Not strict: non-finite numbers are spelled out.
            kept = msgspec.convert(
                msgspec.json.decode(manifest.content), type=_Training, strict=False
            )
            best = kept.best_leaves
            return Snapshot(
                state=_leaves("state", kept.leaves, arrays),
                best=None if best is None else _leaves("best", best, arrays),
                tally=kept.tally,
                seen=kept.seen,
                history=kept.history,
                seconds=kept.seconds,
                compile_seconds=kept.compile_seconds,
            )
        except (ValueError, RecursionError) as error:
            raise _refused(path, str(error)) from error

    def sums(self, place: str, number: int) -> dict[str, np.ndarray] | None:
        """Return what a pass of the fit at this place added up."""
        path = self._path(_pass(place, number))
        return self._read(path)[1] if path.exists() else None

    def keep_sums(self, place: str, number: int, sums: dict[str, np.ndarray]) -> None:
        """Keep what a pass added up."""
        if self._every:
            self._write(_pass(place, number), place, b"{}", sums)

    def keep_rung(self, place: str, rung: Rung) -> None:
        """Keep a completely fitted rung."""
        if self._every:
            record = recorded(rung)
            content = msgspec.json.encode(_Rung(record, sayings(record)), enc_hook=as_text)
            self._write(place, place, content, named_arrays([rung]))

    def offer(
        self, place: str, take: Callable[[], Snapshot], *, improved: bool, last: bool
    ) -> None:
        """Take a snapshot of the training under way and keep it if one is due."""
        if not self._every:
            return
        since = monotonic() - self._written
        cheap = self._cost <= SHARE * since
        if not (last or since >= self._every or (improved and cheap)):
            return
        snapshot = take()
        kept = _Training(
            tally=snapshot.tally,
            seen=snapshot.seen,
            history=snapshot.history,
            seconds=snapshot.seconds,
            compile_seconds=snapshot.compile_seconds,
            leaves=len(snapshot.state),
            best_leaves=None if snapshot.best is None else len(snapshot.best),
        )
        arrays = {f"state/{i}": leaf for i, leaf in enumerate(snapshot.state)}
        arrays |= {f"best/{i}": leaf for i, leaf in enumerate(snapshot.best or ())}
        known = msgspec.to_builtins(kept, enc_hook=as_text)
        content = msgspec.json.encode(_spelled(known), enc_hook=as_text)
        self._write(TRAINING, place, content, arrays)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{CHECKPOINT}"

    def _write(self, name: str, place: str, content: bytes, arrays: dict[str, np.ndarray]) -> None:
        if not all(np.isfinite(array).all() for array in arrays.values()):
            return  # no archive holds such numbers, and a training that broke down ends soon
        began = monotonic()
        manifest = Manifest(FORMAT, self._identity, place, content.decode())
        archive.write(self._path(name), msgspec.to_builtins(manifest, enc_hook=as_text), arrays)
        self._written = monotonic()
        self._cost = self._written - began

    def _read(self, path: Path) -> tuple[Manifest, dict[str, np.ndarray]]:
        try:
            raw, arrays = archive.read(path)
            manifest = msgspec.convert(raw, Manifest)
        except ValueError as error:
            raise _refused(path, getattr(error, "message", str(error))) from error
        if manifest.format != FORMAT:
            raise _refused(path, say("it is of format version {format}", format=manifest.format))
        if manifest.run != self._identity:
            raise _refused(path, say("it is of another run"))
        return manifest, arrays


def _pass(place: str, number: int) -> str:
    return f"{place}-pass-{number}"


def _leaves(name: str, count: int, arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    try:
        return tuple(arrays[f"{name}/{i}"] for i in range(count))
    except KeyError as error:
        raise ValueError(say("the array {name} is absent", name=error)) from error


def _spelled(value: Any) -> Any:
    """Spell out the numbers that JSON has no word for."""
    if isinstance(value, dict):
        return {key: _spelled(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(inner) for inner in value]
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value


def _refused(path: Path, cause: str) -> ModelFileError:
    cause = " ".join(cause.split()).rstrip(".")[:200]
    return ModelFileError(
        "The checkpoint {path} cannot be used: {cause}.",
        "Delete it and resume: what it held is then fitted anew.",
        path=path,
        cause=cause,
    )
