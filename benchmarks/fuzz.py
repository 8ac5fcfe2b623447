"""Randomly damaged model files: each loads and can be used, or is refused by one ModelFileError.

``fuzz 100000 7`` reads that many files made from the suite's fixtures by `tests.mutations` with
seed 7, under a memory limit, and with a hook that forbids what no reader needs to do: write,
import, compile, run, connect. A tenth as many schemas and specs follow, since people edit these by
hand. ``fuzz atheris 300`` lets atheris, if it is installed, search for 300 seconds for files that
reach code not reached before.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
from tests import mutations

FIXTURES = Path(__file__).parents[1] / "tests" / "ship" / "fixtures"
MOST_BYTES = 2**30  # beyond what the process holds after sound models were used
REPORT_EVERY = 20
FORBIDDEN = (
    "import",
    "exec",
    "compile",
    "marshal.",
    "pickle.",
    "subprocess.",
    "socket.",
    "ctypes.",
)
FORBIDDEN += ("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.remove")
FORBIDDEN += ("os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink", "shutil.")


class Overreach(BaseException):
    """A reader did what no reader should; no exception handler mistakes it for another error."""


class Hook:
    """An audit hook that forbids actions while a file is read."""

    watching = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what is forbidden."""
        if not self.watching:
            return
        writing = event == "open" and (
            any(sign in (arguments[1] or "") for sign in "wax+")
            or bool((arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        )
        if writing or event.startswith(FORBIDDEN):
            self.watching = False
            raise Overreach(f"{event} {arguments!r:.200}")

    def watched(self, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a reader watched by the hook."""

        def reading(what: Any) -> Any:
            self.watching = True
            try:
                return read(what)
            finally:
                self.watching = False

        return reading


class Trial:
    """Damaged files, each written to the same place and used there."""

    def __init__(self, folder: str) -> None:
        import gradum
        from gradum.ship.run_spec import RunSpec, read_spec, toml
        from gradum.tables.schema.schema import Schema

        hook = Hook()
        self.path = Path(folder) / "damaged"
        self.load, self.schema = hook.watched(gradum.load), hook.watched(Schema.from_json)
        self.spec = hook.watched(read_spec)
        self.bases = [
            (path.read_bytes(), _rows(path)) for path in sorted(FIXTURES.glob("*.gradum"))
        ]
        self.texts = []
        for data, rows in self.bases:  # import now what is imported late
            assert self.use(data, rows, report=True)
            fitted = gradum.load(self.path).fitted
            run_spec = RunSpec("t.csv", fitted.spec, sha256={"t.csv": "0" * 64}, fingerprint="1")
            self.texts.append((fitted.schema.to_json(), toml(run_spec)))
        self.edit(random.Random(0))
        sys.addaudithook(hook)

    def use(self, data: bytes, rows: pl.DataFrame, *, report: bool = False) -> bool:
        """Return whether a model file loads; see `tests.mutations.use`."""
        self.path.write_bytes(data)
        return mutations.use(self.path, rows, report=report, load=self.load)

    def edit(self, chance: random.Random) -> None:
        """Read a badly edited schema and spec: only gradum's own errors may be raised."""
        from gradum.errors import GradumError

        schema, spec = chance.choice(self.texts)
        with suppress(GradumError):
            self.schema(mutations.mutated_json(chance, schema))
        self.path.write_bytes(mutations.mutated_toml(chance, spec))
        with suppress(GradumError):
            self.spec(self.path)


def main(count: str = "1000", seed: str = "0") -> None:
    """Print how many files loaded, were refused or did anything else; the worst time and memory."""
    with tempfile.TemporaryDirectory() as folder:
        if count == "atheris":
            _guided(folder, seconds=int(seed))
        else:
            _random(folder, int(count), seed)


def _random(folder: str, count: int, seed: str) -> None:
    trial = Trial(folder)
    most = _memory("VmSize") + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is measured from now on
    before = _memory("VmRSS")
    ended, slowest = Counter[str](), (0.0, 0)
    for number in range(count + count // 10):
        chance = random.Random(f"{seed} {number}")
        start = time.perf_counter()
        try:
            if number < count:
                file, rows = chance.choice(trial.bases)
                data = mutations.mutated(chance, file)
                start = time.perf_counter()
                loads = trial.use(data, rows, report=number % REPORT_EVERY == 0)
                ended["loaded" if loads else "refused"] += 1
            else:
                trial.edit(chance)
                ended["schema and spec"] += 1
        except KeyboardInterrupt:
            raise
        except BaseException:
            ended["anything else"] += 1
            print(f"file {number} of seed {seed}:\n{traceback.format_exc(limit=-4)}", flush=True)
        slowest = max(slowest, (time.perf_counter() - start, number))
    for end in ("loaded", "refused", "schema and spec", "anything else"):
        print(f"{end:16s} {ended[end]:9,}")
    print(f"slowest          {slowest[0] * 1e3:9,.0f} ms, file {slowest[1]}")
    more = (_memory("VmHWM") - before) / 2**20
    print(f"memory           {more:9,.0f} MiB more than sound models take")


def _guided(folder: str, *, seconds: int) -> None:
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["gradum"]):
        trial = Trial(folder)

    def use(data: bytes) -> None:
        trial.use(data, trial.bases[0][1])

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        try:
            return mutations.mutated(chance, data)[:most]
        except Exception:  # already damaged, so that it has no parts to damage
            return mutations.mutated(chance, chance.choice(trial.bases)[0])[:most]

    corpus = Path(folder) / "corpus"
    corpus.mkdir()
    for number, (file, _) in enumerate(trial.bases):
        (corpus / str(number)).write_bytes(file)
    options = [f"-max_total_time={seconds}", "-max_len=100000", str(corpus)]
    atheris.Setup([sys.argv[0], *options], use, custom_mutator=mutate)
    atheris.Fuzz()


def _memory(name: str) -> int:
    """Read a size of this process, in bytes, as Linux tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 2**10 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _rows(path: Path) -> pl.DataFrame:
    rows = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["rows"]
    return pl.DataFrame(rows[:5]).with_columns(pl.col("day").str.to_date())
