"""The outcome of each fit: a JSON line in a file that only grows, so that a run can go on.

A line names ``method``, ``set`` and ``seed``, and ``rows`` and ``split`` if they are not 4,000 and
random. A fit that succeeded has its ``error`` and seconds; one that did not has the reason,
``failed``. Files made elsewhere may hold less, or more.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import structs

from gradum.errors import OutputError, TableError
from gradum.files.atomic import write_text
from gradum.messages import as_text

ROWS = 4_000  # training rows at most, if a line does not say


class Key(NamedTuple):
    """What was fitted to what: ``rows`` and ``split`` as in `Outcome`."""

    method: str
    set: str
    seed: int
    rows: int = ROWS
    split: str = "random"


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fit of a method to a set and split.

    Attributes
    ----------
    n : int, optional
        Training rows.
    fit_s, predict_s : float, optional
        Wall-clock seconds.
    cpu_s : float, optional
        CPU seconds of all cores during the fit.
    rss_mb : float, optional
        The peak resident memory of the process up to the end of the fit, in MiB.
    rows : int
        The most training rows that the split may have.
    split : str
        How the table was divided: one of `benchmarks.quality.sets.Kind`.
    """

    method: str
    set: str
    seed: int
    task: str = ""
    n: int | None = None
    fit_s: float | None = None
    cpu_s: float | None = None
    predict_s: float | None = None
    rss_mb: float | None = None
    rmse: float | None = None
    nrmse: float | None = None
    logloss: float | None = None
    acc: float | None = None
    f1: float | None = None
    auc: float | None = None
    error: float | None = None
    failed: str = ""
    rows: int = ROWS
    split: str = "random"
    date: str = ""
    machine: str = ""
    versions: dict[str, str] = {}

    @property
    def key(self) -> Key:
        """What was fitted to what."""
        return Key(self.method, self.set, self.seed, self.rows, self.split)

    @property
    def loss(self) -> float:
        """The error; infinite for a failed fit."""
        if self.failed or self.error is None or not math.isfinite(self.error):
            return math.inf
        return self.error


def read(paths: Sequence[Path]) -> dict[Key, Outcome]:
    """Read files of lines; for the same fit, the first file's last line counts.

    A half-written last line, as left by a killed run, is skipped.

    Raises
    ------
    TableError
        A file does not exist, or a line does not have the right form.
    """
    return {outcome.key: outcome for path in reversed(paths) for outcome in _lines(path)}


def _lines(path: Path) -> list[Outcome]:
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise TableError(f"The results in {path} cannot be read: {error.strerror}.") from None
    *whole, last = text.split("\n")
    if _is_json(last):
        whole.append(last)
    found = []
    for number, line in enumerate(whole, 1):
        if line.strip():
            try:
                found.append(msgspec.convert(json.loads(line), Outcome))
            except ValueError as error:
                raise TableError(
                    f"Line {number} of {path} is no result: {error}.",
                    'It is to be {"method", "set", "seed", "error", "fit_s", "n"}; or remove it.',
                ) from None
    return found


def begin(path: Path) -> None:
    """Prepare a file for appending: make it exist, be writable, and end with a whole line.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.seek(0)
            content = file.read()
            last = content[content.rfind(b"\n") + 1 :]
            if _is_json(last):
                file.write(b"\n")
            elif last:
                file.truncate(len(content) - len(last))
    except OSError as error:
        raise OutputError(
            f"The results cannot be written to {path}: {error.strerror}.",
            "Name another file by --results.",
        ) from None


def append(path: Path, outcome: Outcome) -> None:
    """Add one line, and make sure that it reaches the disk."""
    with path.open("ab") as file:
        file.write(msgspec.json.encode(outcome, enc_hook=as_text) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def keep(path: Path, fits: Mapping[Key, Outcome]) -> None:
    """Add fits to a file that is kept in the repository, and write it compactly.

    A line has the error, the log loss and the CPU seconds. The machine and the versions are on the
    first line of a method and day, and apply to its other lines.
    """
    kept = {**(read([path]) if path.exists() else {}), **fits}
    lines, described = [], set()
    for _, fit in sorted(kept.items()):
        short = Outcome(
            method=fit.method,
            set=fit.set,
            seed=fit.seed,
            n=fit.n,
            cpu_s=fit.cpu_s and round(fit.cpu_s, 2),
            logloss=fit.logloss and float(f"{fit.logloss:.6g}"),
            error=fit.error and float(f"{fit.error:.6g}"),
            failed=fit.failed,
            rows=fit.rows,
            split=fit.split,
            date=fit.date,
        )
        if fit.versions and (fit.method, fit.date) not in described:
            described.add((fit.method, fit.date))
            short = structs.replace(short, machine=fit.machine, versions=fit.versions)
        lines.append(msgspec.json.encode(short, enc_hook=as_text).decode())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join([*lines, ""]))


def _is_json(line: str | bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
