"""A ranking as text: the table of methods, what the tests say, every error, and of what machine."""

from __future__ import annotations

import math
from collections.abc import Iterable

from benchmarks.page import table
from benchmarks.quality.difference import ALPHA, alike, critical_difference, friedman
from benchmarks.quality.outcomes import Outcome
from benchmarks.quality.ranks import Ranking

HEAD = ["", "mean rank", "wins", "error / best", "s per 1,000 rows", "failures"]


def report(ranking: Ranking, picture: str = "") -> str:
    """Return the section, in Markdown; ``picture`` is a line that shows the critical difference."""
    sets, fits = _counted(len(ranking.sets), "set"), _counted(ranking.fits, "fit")
    return "\n".join(
        [
            f"{sets}, {fits} of each method:\n",
            _methods(ranking),
            f"{tests(ranking)}\n",
            *([f"{picture}\n"] if picture else []),
            "Errors:\n",
            _sets(ranking),
            *_failures(ranking),
            f"{circumstances(ranking.outcomes)}\n",
        ]
    )


def tests(ranking: Ranking) -> str:
    """Return sentences: whether the methods differ at all, and which do not."""
    found = friedman(ranking.ranks)
    if found is None:
        return "With fewer than two methods or two sets nothing is tested."
    first, second = found.freedom
    sentence = f"Friedman's test: F({first}, {second}) = {found.statistic:.3g}, p = {found.p:.2g}"
    if found.p >= ALPHA:
        return f"{sentence}: the methods may all be alike."
    least = critical_difference(len(ranking.methods), len(ranking.sets))
    runs = [
        f"{ranking.methods[start]} to {ranking.methods[end]}"
        for start, end in alike(ranking.mean_ranks.tolist(), least)
    ]
    return (
        f"{sentence}. Mean ranks that are {least:.2f} apart differ (Nemenyi, α = {ALPHA:g}); "
        + (f"not told apart: {'; '.join(runs)}." if runs else "all do.")
    )


def _methods(ranking: Ranking) -> str:
    columns = zip(
        ranking.methods,
        ranking.mean_ranks,
        ranking.wins,
        ranking.ratios,
        ranking.seconds,
        ranking.failures,
        strict=True,
    )
    return table(
        HEAD,
        [
            [name, f"{mean:.2f}", wins, _number(ratio, 3), _number(seconds, 2), failures]
            for name, mean, wins, ratio, seconds, failures in columns
        ],
    )


def _sets(ranking: Ranking) -> str:
    rows = []
    for name, errors in zip(ranking.sets, ranking.errors.T, strict=True):
        best = errors.min()
        rows.append(
            [
                name,
                *(
                    f"**{error:.4f}**" if error == best < math.inf else _number(error, 4)
                    for error in errors
                ),
            ]
        )
    return table(["", *ranking.methods], rows)


def _failures(ranking: Ranking) -> Iterable[str]:
    failed = [each for each in ranking.outcomes if not math.isfinite(each.loss)]
    if failed:
        yield "Failed:\n"
        yield "".join(
            f"- {each.method} on {each.set}, seed {each.seed}: {each.failed or 'no error'}\n"
            for each in failed
        )


def circumstances(outcomes: list[Outcome]) -> str:
    """Return a sentence: the days, the machines and the versions that the fits say they had."""
    said = [each for each in outcomes if each.date]
    dates = sorted({each.date for each in said})
    versions: dict[str, set[str]] = {}
    for each in said:
        for package, version in each.versions.items():
            versions.setdefault(package, set()).add(version)
    parts = [
        f"Measured on {' to '.join(dict.fromkeys([dates[0], dates[-1]]))}" if dates else "",
        *sorted({each.machine for each in said} - {""}),
        *(f"{package} {' and '.join(sorted(found))}" for package, found in versions.items()),
        _unsaid(len(outcomes) - len(said), outcomes),
    ]
    return "; ".join(filter(None, parts)) + "."


def _unsaid(count: int, outcomes: list[Outcome]) -> str:
    if not count:
        return ""
    methods = dict.fromkeys(each.method for each in outcomes if not each.date)
    return f"{_counted(count, 'fit')} ({', '.join(methods)}) without word of when and where"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _counted(count: int, noun: str) -> str:
    """Return a count with its noun: "1 fit", "2,000 fits"."""
    return f"{count:,} {noun if count == 1 else f'{noun}s'}"
