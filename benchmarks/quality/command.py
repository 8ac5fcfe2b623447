"""``python -m benchmarks quality``: run what is missing, rank what there is, show it."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.page import DOCS, replace_section
from benchmarks.quality import outcomes
from benchmarks.quality.methods import METHODS, check_installed, check_known
from benchmarks.quality.outcomes import Key, Outcome
from benchmarks.quality.ranks import Ranking, rank
from benchmarks.quality.report import report
from benchmarks.quality.runs import Plan
from benchmarks.quality.sets import Suite
from benchmarks.sides import take_cores
from gradum.errors import GradumError, SpecError
from gradum.files.atomic import write_text

SEEDS, ROWS, TIMEOUT = 2, 4_000, 900.0
RESULTS = Path("build/quality.jsonl")
PAGE, PICTURE = DOCS / "accuracy.md", DOCS / "images/quality.svg"
INTERRUPTED = 130


def main(*arguments: str) -> None:
    """Run the command; what goes wrong ends in one line and its exit code."""
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
    """Read the command's words."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks quality",
        description="Fit methods to tables and rank their errors. A run of every method on the "
        "whole suite writes docs/accuracy.md; a part of one only prints.",
    )
    add = parser.add_argument
    add("--data", type=Path, metavar="FOLDER", help="tables, and an index.json that names them")
    add("--methods", type=_names, metavar="A,B", help=f"of {', '.join(METHODS)} (all)")
    add("--sets", type=_names, metavar="A,B", help="of the index (its suite)")
    add("--seeds", type=_count, help=f"splits of each table: 0, 1, … ({SEEDS})")
    add("--rows", type=_count, help=f"training rows at most ({ROWS})")
    add("--timeout", type=_seconds, default=TIMEOUT, help="seconds of a fit (%(default)g)")
    add(
        "--results",
        type=Path,
        action="append",
        metavar="FILE.jsonl",
        help=f"what fits gave ({RESULTS}); fits are added to the first, the others are only read",
    )
    add("--only-table", action="store_true", help="rank what the results hold, fit nothing")
    add("--picture", type=Path, metavar="FILE.svg", help="draw the critical difference here too")
    return parser.parse_args(arguments)


def run(asked: argparse.Namespace) -> None:
    """Run the missing fits unless told not to; rank, print, and write what is asked for."""
    suite = None if asked.data is None else Suite.read(asked.data, asked.sets)
    paths: list[Path] = asked.results or [RESULTS]
    if asked.only_table:
        found = outcomes.read(paths)
        methods = asked.methods or sorted({method for method, _, _ in found})
        check_known(methods, sorted({method for method, _, _ in found}))
        _check_rows(found, asked.rows)
    elif suite is None:
        raise SpecError(
            "--data names no folder of tables.", "Name one, or rank results by --only-table."
        )
    else:
        methods = asked.methods or list(METHODS)
        plan = Plan(suite, methods, asked.seeds or SEEDS, asked.rows or ROWS)
        found = fit_missing(plan, paths, asked.timeout)
    sets = asked.sets if suite is None else list(suite.tables)
    ranking = rank(found, methods, sets, None if asked.seeds is None else range(asked.seeds))
    show(ranking, asked.picture, publish=suite is not None and _whole(asked, suite, ranking))


def fit_missing(plan: Plan, paths: list[Path], timeout: float) -> dict[Key, Outcome]:
    """Run the fits of a plan that no file has, each kept in the first as soon as it ends."""
    check_known(plan.methods)
    first, *others = paths
    found = outcomes.read([*([first] if first.exists() else []), *others])
    _check_rows(found, plan.rows)
    missing = [key for key in plan if key not in found]
    check_installed(dict.fromkeys(method for method, _, _ in missing))
    if missing:
        outcomes.begin(first)
        take_cores()
    for place, key in enumerate(missing, 1):
        outcome = found[key] = plan.run(key, timeout)
        outcomes.append(first, outcome)
        print(f"{place}/{len(missing)}  {_line(outcome)}", flush=True)
    return found


def show(ranking: Ranking, picture: Path | None, *, publish: bool) -> None:
    """Print the report; draw the picture, and write both into the page."""
    print(report(ranking))
    if (picture is None and not publish) or min(ranking.errors.shape) < 2:
        return
    from benchmarks.quality.picture import WIDTH, critical_differences

    drawn = critical_differences(ranking.methods, ranking.mean_ranks.tolist(), len(ranking.sets))
    svg = drawn.drawn(WIDTH)
    if picture is not None:
        write_text(picture, svg)
    if publish:
        write_text(PICTURE, svg)
        image = f"![{drawn.description}]({PICTURE.relative_to(PAGE.parent)})\n\n{drawn.caption}"
        replace_section(PAGE, "quality", report(ranking, image))


def _whole(asked: argparse.Namespace, suite: Suite, ranking: Ranking) -> bool:
    """Whether nothing was left out of what the page shows."""
    part = asked.methods or asked.sets or asked.seeds or asked.rows
    return not part and ranking.fits >= SEEDS * len(suite.tables)


def _check_rows(found: dict[Key, Outcome], asked: int | None) -> None:
    """Refuse to rank fits together that had different numbers of rows."""
    rows = {each.rows for each in found.values()} - {None}
    if len(rows | {asked} - {None}) > 1:
        raise SpecError(
            f"The results are of fits to at most {' and '.join(map(str, sorted(rows)))} training "
            "rows, which are not to be ranked together or with others.",
            "Name another file by --results, or the same --rows.",
        )


def _line(outcome: Outcome) -> str:
    named = f"{outcome.set}  seed {outcome.seed}  {outcome.method}"
    if not math.isfinite(outcome.loss):
        return f"{named}  failed: {outcome.failed}"
    return f"{named}  {outcome.loss:.4f}  {outcome.fit_s or 0:.2f} s"


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))


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
