"""``python -m benchmarks quality``: run missing fits, compare all fits, show the results."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from benchmarks.page import DOCS, replace_section
from benchmarks.quality import outcomes
from benchmarks.quality.methods import APART, GRADUM, METHODS, check_installed, check_known
from benchmarks.quality.outcomes import Key, Outcome
from benchmarks.quality.paired import paired
from benchmarks.quality.ranks import Ranking, rank
from benchmarks.quality.report import report
from benchmarks.quality.runs import Plan
from benchmarks.quality.sets import Kind, Suite
from benchmarks.sides import take_cores
from gradum.errors import GradumError, SpecError
from gradum.files.atomic import write_text

SIZES, TIMEOUT = (500, 4_000, 20_000, 100_000), 3_600.0
RESULTS, KEPT = Path("build/quality.jsonl"), DOCS / "data/quality.jsonl"
PAGE, IMAGES = DOCS / "accuracy.md", DOCS / "images"
REFERENCE, RIVAL = f"{GRADUM}standard", "bagged_catboost"
INTERRUPTED = 130


def main(*arguments: str) -> None:
    """Run the command; errors end in one line and their exit code."""
    asked = parse(arguments)
    try:
        run(asked)
    except GradumError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        sys.exit(INTERRUPTED)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command's arguments."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks quality",
        description="Fit methods to tables and compare their errors.",
    )
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="tables, and an index.json that names them")
    add("--index", type=Path, metavar="FILE.json", help="an index in another place")
    add(
        "--methods",
        type=_names,
        metavar="A,B",
        help=f"of {', '.join(METHODS)} (all), or {', '.join(APART)}",
    )
    add("--sets", type=_names, metavar="A,B", help="of the index (its suite)")
    add("--seeds", type=_count, help="splits of each table: 0, 1, … (10 below 2,500 rows, else 3)")
    add(
        "--rows",
        type=_counts,
        metavar="N,M",
        help=f"training rows at most, each a comparison ({','.join(map(str, SIZES))})",
    )
    add("--split", choices=get_args(Kind), default="random", help="how tables are divided (random)")
    add("--timeout", type=_seconds, default=TIMEOUT, help="seconds of a fit (%(default)g)")
    add(
        "--results",
        type=Path,
        action="append",
        metavar="FILE.jsonl",
        help=f"what fits gave ({RESULTS}, and docs/data/quality.jsonl, which has other libraries' "
        "on the project's tables); fits are added to the first, the others are only read",
    )
    add("--only-table", action="store_true", help="compare what the results hold, fit nothing")
    add("--reference", metavar="METHOD", help=f"all are compared with it ({REFERENCE})")
    add("--rival", metavar="METHOD", help=f"the reference's in pictures ({RIVAL})")
    add("--pictures", type=Path, metavar="FOLDER", help="draw every table's ratio of errors here")
    add("--keep", action="store_true", help="add other libraries' fits to docs/data/quality.jsonl")
    add("--publish", action="store_true", help="write the report into docs/accuracy.md")
    return parser.parse_args(arguments)


def run(asked: argparse.Namespace) -> None:
    """Run the missing fits unless told not to; compare, print, and write the requested output."""
    suite = None if asked.data is None else Suite.read(asked.data, asked.sets, asked.index)
    sizes = asked.rows
    if asked.only_table:
        there = [path for path in (RESULTS, KEPT) if path.exists()]
        found = outcomes.read(asked.results or there or [RESULTS])
        methods = asked.methods or sorted({key.method for key in found})
        check_known(methods, sorted({key.method for key in found}))
    elif suite is None:
        raise SpecError(
            "--data names no folder of tables.", "Name one, or compare results by --only-table."
        )
    else:
        methods = asked.methods or list(METHODS)
        sizes = sizes or SIZES
        plan = Plan(suite.divisible(asked.split), methods, asked.seeds, sizes, asked.split)
        first, *others = asked.results or [RESULTS, *([KEPT] if KEPT.exists() else [])]
        found = fit_missing(plan, first, others, asked.timeout)
    if asked.keep:
        peers = {key: fit for key, fit in found.items() if not key.method.startswith(GRADUM)}
        outcomes.keep(KEPT, peers)
    sets = asked.sets if suite is None else list(suite.tables)
    show(asked, rank(_part(asked, sets, sizes, found), methods))


def _part(
    asked: argparse.Namespace,
    sets: Sequence[str] | None,
    sizes: Sequence[int] | None,
    found: dict[Key, Outcome],
) -> dict[Key, Outcome]:
    """Return the fits with the requested split, sets, seeds and sizes."""
    return {
        key: outcome
        for key, outcome in found.items()
        if key.split == asked.split
        and (sets is None or key.set in sets)
        and (asked.seeds is None or key.seed < asked.seeds)
        and (sizes is None or key.rows in sizes)
    }


def fit_missing(plan: Plan, first: Path, others: list[Path], timeout: float) -> dict[Key, Outcome]:
    """Run the fits of a plan that no file has; keep each in the first file as soon as it ends."""
    check_known(plan.methods)
    found = outcomes.read([*([first] if first.exists() else []), *others])
    missing = [key for key in plan if key not in found]
    check_installed(dict.fromkeys(key.method for key in missing))
    if missing:
        outcomes.begin(first)
        take_cores()
    for place, key in enumerate(missing, 1):
        outcome = found[key] = plan.run(key, timeout)
        outcomes.append(first, outcome)
        print(f"{place}/{len(missing)}  {_line(outcome)}", flush=True)
    return found


def show(asked: argparse.Namespace, rankings: list[Ranking]) -> None:
    """Print the report; draw the pictures, and write both into the page."""
    methods = list(dict.fromkeys(name for ranking in rankings for name in ranking.methods))
    check_known(filter(None, [asked.reference, asked.rival]), methods)
    reference = asked.reference or (REFERENCE if REFERENCE in methods else methods[0])
    print(report(rankings, reference))
    if asked.pictures:
        draw(asked, rankings, reference, asked.pictures)
    if asked.publish:
        images = draw(asked, rankings, reference, IMAGES)
        section = "quality" if asked.split == "random" else f"quality by {asked.split}"
        replace_section(PAGE, section, report(rankings, reference, images))


def draw(
    asked: argparse.Namespace, rankings: list[Ranking], reference: str, folder: Path
) -> list[str]:
    """Draw each size's tables into a folder; return lines that show them on a page beside it.

    The reference is drawn over its rival: the requested one, or `RIVAL`, or the best other.
    """
    from benchmarks.quality.picture import WIDTH, table_ratios

    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for ranking in rankings:
        others = [name for name in ranking.methods if name != reference]
        rival = asked.rival or (RIVAL if RIVAL in others else next(iter(others), reference))
        compared = paired(ranking.tried, reference, rival)
        if rival == reference or compared is None:
            images.append("")
            continue
        picture = table_ratios(compared)
        path = folder / f"quality-{asked.split}-{ranking.rows}.svg"
        write_text(path, picture.drawn(WIDTH))
        images.append(f"![{picture.description}]({folder.name}/{path.name})\n\n{picture.caption}")
    return images


def _line(outcome: Outcome) -> str:
    named = f"{outcome.set}  {outcome.rows} rows  seed {outcome.seed}  {outcome.method}"
    if not math.isfinite(outcome.loss):
        return f"{named}  failed: {outcome.failed}"
    return f"{named}  {outcome.loss:.4f}  {outcome.cpu_s or 0:.2f} CPU s"


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))


def _counts(text: str) -> list[int]:
    return sorted({_count(name) for name in _names(text)})


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds
