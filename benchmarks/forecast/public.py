"""Public sets: every side forecasts the horizons that are hidden from it, and bars are held."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import gradum
from benchmarks.environments import answer_of, cache, python_with
from benchmarks.forecast.answers import Answers
from benchmarks.forecast.measures import THIRDS, Measures, geometric
from benchmarks.forecast.sets import KINDS, PublicSet, sets_of
from benchmarks.page import table
from gradum.run.forecast.learned_series import series_rows
from gradum.tables.forecast.facet import ORIGIN
from gradum.tables.forecast.pairs import Windows
from gradum.tables.schema.schema import Overrides
from gradum.tables.sources.read import read

HERE = Path(__file__).parent
CLASSICAL = ("seasonal naive", "AutoETS", "Theta", "AutoTheta")
TREES, OURS = "LightGBM", "gradum"
SIDES = (*CLASSICAL, TREES, OURS)
ETS = "AutoETS"
WITH_INTERVALS = (*CLASSICAL, OURS)


def main(folder: str, *arguments: str) -> None:
    """Measure each set by each side, print what they reach and how far the bars hold.

    ``arguments`` are names of sets with commas, "choosing" or "judging", and options of gradum's
    fit as ``name=value``.
    """
    names = ",".join(each for each in arguments if "=" not in each)
    pairs = (each.split("=", 1) for each in arguments if "=" in each)
    options = {name: _value(value) for name, value in pairs}
    measured: dict[PublicSet, dict[str, Measures]] = {}
    for asked in sets_of(Path(folder), names):
        measured[asked] = {}
        for side in SIDES:
            answers = answers_of(asked, side, options)
            measured[asked][side] = reached = Measures.of(answers, asked)
            line = f"{asked.name}, {side}: MASE {reached.mase:.3f}, {reached.seconds:.1f} s"
            print(line, reached.note, file=sys.stderr, flush=True)
    print(text_of(measured))


def _value(text: str) -> Any:
    """Return an option's value: JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def answers_of(asked: PublicSet, side: str, options: dict[str, Any]) -> Answers:
    """Return a side's answers: those that are kept, if nothing that they hang on has changed."""
    file = cache() / "forecast" / "public" / asked.digest / f"{_key(side, options)}.npz"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        _ask(asked, side, options, file)
    return Answers.load(file)


def _key(side: str, options: dict[str, Any]) -> str:
    """Return the name under which a side's answers are kept.

    gradum's hang on its source and options; those of peers stay, whatever rows gradum makes for
    LightGBM later. Their files can be deleted.
    """
    if side != OURS:
        return side.lower().replace(" ", "-")
    source = Path(gradum.__file__).parent
    code = sha256(json.dumps(options, sort_keys=True).encode())
    for each in sorted(source.rglob("*.py")):
        code.update(each.read_bytes())
    return f"gradum-{code.hexdigest()[:12]}"


def _ask(asked: PublicSet, side: str, options: dict[str, Any], file: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        series = Path(folder) / "series.parquet"
        asked.shown.write_parquet(series)
        given = {
            "series": str(series),
            "answers": str(file),
            "horizon": asked.horizon,
            "season": asked.season,
            "model": side,
            "options": options,
        }
        if side == TREES:
            _trees(asked, Path(folder)).save(file)
        elif side == OURS:
            answer_of(sys.executable, "benchmarks.forecast.ours", given=json.dumps(given))
        else:
            python = python_with("statsforecast", "polars")
            answer_of(python, "benchmarks.forecast.classical", given=json.dumps(given))


def _trees(asked: PublicSet, folder: Path) -> Answers:
    """Return LightGBM's forecasts from the rows that gradum makes; it has no intervals."""
    rows = series_rows(
        read(asked.shown),
        "value",
        asked.horizon,
        series=["series"],
        overrides=Overrides(time="stamp"),
    )
    known = rows.schema.forecast
    assert known is not None
    at = Windows.last(rows.history.reaching(int(rows.history.ends.max()) + asked.horizon), known)
    learned, unused = rows.table.frame, ["stamp", ORIGIN]
    late = pl.col(ORIGIN) >= learned[ORIGIN].quantile(0.85)
    learned.with_columns(late=late).drop(unused).write_parquet(folder / "learn.parquet")
    at.frame().drop(unused).write_parquet(folder / "new.parquet")
    given = {"folder": str(folder), "target": "value", "objective": "l1", "seed": 0}
    python = python_with("lightgbm", "pandas", "pyarrow", "scikit-learn")
    answer = answer_of(python, "benchmarks.forecast.trees", given=json.dumps(given))
    mean = at.naive + at.scales * np.array(answer["predicted"]).reshape(len(at), -1)
    order = np.argsort([key[0] for key in at.panel.keys])[: len(at)]
    mean = np.maximum(mean, 0.0) if known.positive else mean
    return Answers(mean[order], np.empty((0, 2, *mean.shape)), answer["seconds"])


def text_of(measured: dict[PublicSet, dict[str, Measures]]) -> str:
    """Return the tables: by set, and the bars over all sets and those of each kind."""
    by_set = [
        [each.name, each.kind, len(each.past), each.horizon]
        + [f"{reached[side].mase:.3f}" for side in SIDES]
        + [reached[OURS].note]
        for each, reached in measured.items()
    ]
    losses = [
        [each.name, *(f"{reached[side].loss:.3f}" for side in WITH_INTERVALS)]
        for each, reached in measured.items()
    ]
    covered = [
        [each.name]
        + [_covered(reached[side], 0.9) for side in WITH_INTERVALS]
        + [_covered(reached[side], 0.8) for side in WITH_INTERVALS]
        + [_percents(reached[OURS].by_third), f"{reached[OURS].withheld:.0%}"]
        for each, reached in measured.items()
    ]
    seconds = [
        [each.name, *(f"{reached[side].seconds:.1f}" for side in SIDES)]
        for each, reached in measured.items()
    ]
    ends = (*(f"90%, {side}" for side in WITH_INTERVALS), *(f"80%, {s}" for s in WITH_INTERVALS))
    parts = [
        _bars(measured),
        "MASE\n\n" + table(["set", "kind", "series", "steps", *SIDES, "rung"], by_set),
        "Weighted quantile loss at the deciles\n\n" + table(["set", *WITH_INTERVALS], losses),
        "Coverage\n\n" + table(["set", *ends, "90% by third", "withheld"], covered),
        "CPU seconds\n\n" + table(["set", *SIDES], seconds),
    ]
    return "\n".join(parts)


def _bars(measured: dict[PublicSet, dict[str, Measures]]) -> str:
    kinds = [("all", list(measured))]
    kinds += [(kind, [each for each in measured if each.kind == kind]) for kind in KINDS]
    lines = []
    for kind, sets in kinds:
        if not sets or (kind != "all" and len(sets) == len(measured)):
            continue
        of = {side: [measured[each][side] for each in sets] for side in SIDES}
        mase = {side: geometric([each.mase for each in of[side]]) for side in SIDES}
        loss = {side: geometric([each.loss for each in of[side]]) for side in WITH_INTERVALS}
        best = min(mase[side] for side in CLASSICAL[1:])
        seconds = {side: sum(each.seconds for each in of[side]) for side in SIDES}
        for side in SIDES:
            thirds = np.mean([each.by_third for each in of[side]], axis=0)
            lines.append(
                [
                    f"{kind} ({len(sets)}), {side}",
                    f"{mase[side]:.3f}",
                    f"{mase[side] / best:.3f}",
                    f"{loss[side]:.3f}" if side in loss else "–",
                    _percent(np.mean([each.covered[0.9] for each in of[side]])),
                    _percents(thirds),
                    _percent(np.mean([each.covered[0.8] for each in of[side]])),
                    _percent(min(each.covered[0.9] for each in of[side])),
                    f"{seconds[side]:.0f}",
                    f"{seconds[side] / seconds[ETS]:.1f}",
                ]
            )
    head = [
        "sets, side",
        "MASE",
        "over the best of ETS and Theta",
        "quantile loss",
        "90% cover",
        f"by third of {THIRDS}",
        "80% cover",
        "least 90% of a set",
        "CPU s",
        "over ETS",
    ]
    return "Over sets (geometric means; coverage as mean of sets)\n\n" + table(head, lines)


def _covered(reached: Measures, coverage: float) -> str:
    return _percent(reached.covered[coverage])


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:.1%}"


def _percents(shares: Sequence[float] | np.ndarray) -> str:
    return " ".join(_percent(each) for each in shares)
