"""Rankings as text: for each size, the table of methods, the tests' results, and every error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from benchmarks.page import table
from benchmarks.quality.difference import ALPHA, alike, critical_difference, friedman
from benchmarks.quality.elo import elo
from benchmarks.quality.outcomes import Outcome
from benchmarks.quality.paired import Estimate, paired
from benchmarks.quality.ranks import Ranking

HEAD = [
    "",
    "mean rank",
    "error, ratio",
    "median ratio",
    "without the most extreme table",
    "worse on",
    "CPU s per 1,000 rows",
    "CPU s, ratio",
    "Elo",
    "failures",
]


def report(rankings: Sequence[Ranking], reference: str, pictures: Sequence[str] = ()) -> str:
    """Return all sizes in Markdown, with the machine on which they were measured.

    Parameters
    ----------
    rankings : sequence of Ranking
        One for each size.
    reference : str
        The method that the others are compared with.
    pictures : sequence of str, optional
        For each size, lines that show a picture.
    """
    sizes = [
        _size(ranking, reference, picture)
        for ranking, picture in zip(rankings, pictures or [""] * len(rankings), strict=True)
    ]
    fits = [fit for ranking in rankings for fit in ranking.tried]
    return "\n".join([*sizes, f"{circumstances(fits)}\n"])


def _size(ranking: Ranking, reference: str, picture: str) -> str:
    sets, fits = _counted(len(ranking.sets), "set"), _counted(ranking.fits, "fit")
    return "\n".join(
        [
            f"At most {ranking.rows:,} training rows; {sets}, {fits} of each method:\n",
            _methods(ranking, reference),
            f"{tests(ranking)}\n",
            *([f"{picture}\n"] if picture else []),
            "Errors:\n",
            _sets(ranking),
            *_failures(ranking),
        ]
    )


def tests(ranking: Ranking) -> str:
    """Return sentences on whether the methods differ at all, and which do not."""
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


def _methods(ranking: Ranking, reference: str) -> str:
    ratings = elo(ranking, reference) if reference in ranking.methods else {}
    columns = zip(
        ranking.methods, ranking.mean_ranks, ranking.seconds, ranking.failures, strict=True
    )
    rows = []
    for method, mean_rank, seconds, failures in columns:
        *errors, cpu = _compared(ranking, method, reference)
        rating = ratings.get(method, Estimate(math.nan))
        row = [method, f"{mean_rank:.2f}", *errors, _number(seconds, 2), cpu]
        rows.append([*row, _interval(rating, 0), failures])
    return table(HEAD, rows)


def _compared(ranking: Ranking, method: str, reference: str) -> list[str]:
    """Return the cells that compare a method with the reference: errors, wins, CPU seconds."""
    if method == reference:
        return ["1", "1", "1", "", "1"]
    compared = paired(ranking.tried, method, reference)
    if compared is None:
        return ["–"] * 5
    share, extreme = compared.share_worse, compared.most_extreme
    rest = _interval(compared.without_most_extreme.mean, 3)
    differing = compared.worse + compared.better
    return [
        _interval(compared.mean, 3),
        _number(compared.median, 3),
        f"{rest}, {extreme.name}" if extreme else rest,
        f"{compared.worse} of {differing} ({share.low:.0%} to {share.high:.0%})"
        if differing
        else "0 of 0",
        _number(compared.cpu, 2),
    ]


def _interval(estimate: Estimate, digits: int) -> str:
    value = _number(estimate.value, digits)
    if not math.isfinite(estimate.low):
        return value
    return f"{value} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


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
    """Return a sentence with the days, the machines and the versions recorded with the fits."""
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
