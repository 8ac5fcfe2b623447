"""Minutes of load while the model's file is replaced every ten seconds: what fails, mixes, grows.

Two models answer in turns, each under its version. An answer is mixed if it is not, to the bit,
what the model of the version that it names says of the row.
"""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.latency import draw
from benchmarks.served.server import GRADUM, server

CALLERS, ROWS, RELOAD_SECONDS = 4, 50, 10.0

Expected = dict[str, list[dict[str, float]]]


def soak(minutes: float) -> None:
    """Print requests, failures, mixed answers, reloads, and memory after each minute."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = draw(ROWS, seed=1).drop("y").rows(named=True)
        bodies = [json.dumps({"records": [row]}).encode() for row in rows]
        expected = _models(folder, rows)
        files = [folder / "model-0.gradum", folder / "model-1.gradum"]
        _put(files[0], folder / "m.gradum")
        serve = [*GRADUM, "serve", str(folder / "m.gradum")]
        with server([*serve, "--port"]) as served:
            counts: Counter[str] = Counter()
            over = threading.Event()
            callers = [
                threading.Thread(target=_call, args=(served.port, bodies, expected, counts, over))
                for _ in range(CALLERS)
            ]
            for caller in callers:
                caller.start()
            until, turn = time.monotonic() + 60 * minutes, 0
            while time.monotonic() < until:
                time.sleep(RELOAD_SECONDS)
                turn += 1
                _put(files[turn % 2], folder / "m.gradum")
                if turn % 6 == 0:
                    print(
                        f"{turn} files, {dict(counts)}, {served.memory / 2**20:.1f} MiB", flush=True
                    )
            over.set()
            for caller in callers:
                caller.join()
            _tell(turn, counts, served.memory)


def _models(folder: Path, rows: list[dict]) -> Expected:
    """Fit two models of other seeds; return by version what each says of the rows."""
    import gradum

    expected = {}
    for seed in (0, 1):
        model = gradum.fit(draw(3_000, seed=seed), "y", model="mlp", learning_curve=False)
        model.save(folder / f"model-{seed}.gradum")
        model = gradum.load(folder / f"model-{seed}.gradum")
        shares = [model.predict_proba(row)[0].tolist() for row in rows]
        names = [str(label) for label in model.classes]
        expected[model.fitted.provenance.fingerprint] = [
            dict(zip(names, each, strict=True)) for each in shares
        ]
    return expected


def _put(source: Path, target: Path) -> None:
    """Replace a file as a release does: a copy beside it is renamed onto it."""
    shutil.copyfile(source, target.with_suffix(".new"))
    target.with_suffix(".new").replace(target)


def _tell(files: int, counts: Counter[str], memory: int) -> None:
    print(f"{files} files, {dict(counts)}, {memory / 2**20:.1f} MiB", flush=True)


def _call(
    port: int, bodies: list[bytes], expected: Expected, counts: Counter[str], over: threading.Event
) -> None:
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    place = 0
    while not over.is_set():
        place = (place + 1) % len(bodies)
        counts["requests"] += 1
        try:
            caller.request("POST", "/predict", bodies[place], {"Content-Type": "application/json"})
            answered = caller.getresponse()
            body = json.loads(answered.read())
        except OSError:
            counts["failed"] += 1
            continue
        if answered.status != 200:
            counts["failed"] += 1
            continue
        version = body["version"]
        counts[version[:8]] += 1
        if body["answers"][0]["probability"] != expected[version][place]:
            counts["mixed"] += 1
