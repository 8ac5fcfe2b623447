"""``python -m benchmarks served``: requests by ``wrk`` to one server after the other, in turns.

Each server has one worker on one core, as far as it keeps to that; ``wrk`` has the other. A request
holds one row of ten numbers and four columns of levels. CPU time is that of all processes of the
server.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.environments import python_with
from benchmarks.latency import TRAINING_ROWS, draw
from benchmarks.page import publish, table
from benchmarks.served.server import GRADUM, Served, server
from benchmarks.served.soak import soak
from benchmarks.sides import REST_SECONDS, Absent, Figures, Ratio, spread

CONNECTIONS, SECONDS = 8, 6
PEERS = {
    "FastAPI": ("fastapi", "uvicorn[standard]"),
    "BentoML": ("bentoml",),
    "LitServe": ("litserve",),
}
PIPELINE = ("scikit-learn", "pandas", "pyarrow")
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = {body}
"""


def main(rounds: str = "3", minutes: str = "") -> None:
    """Load every server in turns, or with ``soak MINUTES`` gradum's while its model is replaced."""
    if rounds == "soak":
        return soak(float(minutes or "10"))
    if shutil.which("wrk") is None:
        sys.exit("This needs wrk (apt-get install wrk).")
    with ExitStack() as running, tempfile.TemporaryDirectory() as folder:
        sides, absent = _sides(running, Path(folder))
        found: dict[str, list[Figures]] = {name: [] for name in sides}
        for _ in range(int(rounds) + 1):  # the first one warms up
            for name, load in sides.items():
                time.sleep(REST_SECONDS)
                found[name].append(load())
    publish("served", report({n: f[1:] for n, f in found.items()}, absent), ("gradum",))


def report(found: dict[str, list[Figures]], absent: dict[str, str]) -> str:
    """Return the table of figures, with each side's requests a second over the MLP's."""
    own = [figures["requests a second"] for figures in found["gradum, MLP"]]
    lines = []
    for name, rounds in found.items():
        each = {figure: [one[figure] for one in rounds] for figure in rounds[0]}
        share = Ratio.of(each["requests a second"], own)
        lines.append([name, *(spread(values) for values in each.values()), str(share)])
    lines += [[name, f"absent ({why})"] for name, why in absent.items()]
    figures = next(iter(found.values()))[0]
    return table(["", *figures, "requests, over gradum's MLP"], lines)


def _sides(
    running: ExitStack, folder: Path
) -> tuple[dict[str, Callable[[], Figures]], dict[str, str]]:
    """Start all servers; return what loads each, and why others are absent."""
    training = draw(TRAINING_ROWS, seed=0)
    training.write_parquet(folder / "table.parquet")
    row = draw(TRAINING_ROWS, seed=0).drop("y").row(0, named=True)
    model = _fitted(folder)
    own = [*GRADUM, "serve", f"m={model}", "--port"]
    sides: dict[str, Callable[[], Figures]] = {}
    absent: dict[str, str] = {}
    served = running.enter_context(server(own))
    for name, rung in (("gradum, MLP", "mlp"), ("gradum, standard ensemble", "pack")):
        sides[name] = _load(served, {"records": [row], "rung": rung}, folder / f"{rung}.lua")
    for name, packages in PEERS.items():
        try:
            python = python_with(packages[0], *packages[1:], *PIPELINE)
            command = [python, "-m", "benchmarks.served.peers", packages[0]]
            peer = running.enter_context(server([*command, str(folder / "table.parquet")]))
        except Absent as error:
            absent[name] = str(error)
            continue
        sides[name] = _load(peer, {"records": [row]}, folder / f"{packages[0]}.lua")
    return sides, absent


def _fitted(folder: Path) -> Path:
    import gradum

    fitted = gradum.fit(folder / "table.parquet", "y", learning_curve=False)
    fitted.save(folder / "model.gradum")
    return folder / "model.gradum"


def _load(served: Served, body: dict, script: Path) -> Callable[[], Figures]:
    """Return what sends a row again and again, and tells how fast the answers came."""
    script.write_text(SCRIPT.format(body=f"[==[{json.dumps(body)}]==]"))
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--latency", "-s", str(script)]

    def load() -> Figures:
        before = served.seconds
        told = subprocess.run(
            [*wrk, f"http://127.0.0.1:{served.port}/predict"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        spent = served.seconds - before
        if "Non-2xx" in told or "Socket errors" in told:
            raise SystemExit(f"Requests failed:\n{told}")
        requests = int(re.findall(r"(\d+) requests in", told)[0])
        slowest, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", told)[0]
        return {
            "requests a second": requests / SECONDS,
            "99th percentile, ms": float(slowest) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit],
            "CPU ms a request": 1e3 * spent / requests,
        }

    return load
