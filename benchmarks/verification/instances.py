"""Instances of the verification competition, one after the other."""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from time import process_time

from benchmarks.page import table
from gradum.api.verify import verify_network
from gradum.study.verification.domain import VerificationOutcome

VERDICTS = {"proved": "unsat", "refuted": "sat", "not decided": "unknown"}


@dataclass(frozen=True)
class Instance:
    """A network, a property, a limit in seconds, and the verdict if it is known."""

    network: str
    stated: str
    seconds: float
    known: str


@dataclass(frozen=True)
class Run:
    """The result for an instance, with the CPU seconds it took, including reading files."""

    instance: Instance
    outcome: VerificationOutcome
    cpu: float

    @property
    def verdict(self) -> str:
        """The verdict in the competition's words."""
        return VERDICTS[self.outcome.verdict]

    @property
    def is_wrong(self) -> bool:
        """Whether it contradicts the known verdict."""
        return {self.verdict, self.instance.known} == {"sat", "unsat"}


def read(folder: Path) -> list[Instance]:
    """Read the list of a folder; a header line is skipped."""
    (path,) = folder.glob("*instances.csv")
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[0].endswith(".onnx")]
    return [Instance(row[0], row[1], float(row[2]), row[3] if row[3:] else "") for row in rows]


def runs(folder: Path, seconds: float | None) -> Iterator[Run]:
    """Verify each instance of a folder; archives are unpacked elsewhere."""
    with tempfile.TemporaryDirectory() as unpacked:
        for archive in folder.glob("*.zip"):
            zipfile.ZipFile(archive).extractall(unpacked)
        for instance in read(folder):
            files = [
                next(path for path in (folder / name, Path(unpacked) / name) if path.exists())
                for name in (instance.network, instance.stated)
            ]
            began = process_time()
            outcome = verify_network(*files, seconds=seconds or instance.seconds)
            yield Run(instance, outcome, process_time() - began)


def report(folder: Path, seconds: float | None = None) -> str:
    """Verify all instances, print those that take long, and return a table of all."""
    done = []
    for run in runs(folder, seconds):
        done.append(run)
        if run.cpu > 1 or run.verdict == "unknown" or run.is_wrong:
            instance = run.instance
            print(
                f"{instance.network} {instance.stated}: {run.verdict} {run.outcome.stage}, "
                f"{run.outcome.boxes:,} boxes, {run.cpu:.1f} s",
                flush=True,
            )
    head = ["decided by", "proved", "refuted", "not decided", "wrong", "CPU s", "longest"]
    order = sorted(done, key=lambda run: run.outcome.stage)
    rows = [
        _row(stage, list(group)) for stage, group in groupby(order, lambda run: run.outcome.stage)
    ]
    return table(head, [*rows, _row("all", done)])


def _row(name: str, done: list[Run]) -> list[str]:
    counts = [sum(run.verdict == verdict for run in done) for verdict in VERDICTS.values()]
    wrong = sum(run.is_wrong for run in done)
    seconds = [run.cpu for run in done]
    return [name, *map(str, (*counts, wrong)), f"{sum(seconds):.1f}", f"{max(seconds):.1f}"]
