"""How often gradum's intervals hold, and how often it sees a difference where there is none.

`python -m benchmarks coverage [DRAWS] [FITS]`: fixed models, judged on draws from populations whose
scores are known, in every way of judging; and whole fits to noise. With 4,000 draws and 300 fits or
more, the tables take their place in docs/accuracy.md; with fewer they are printed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt

from benchmarks.coverage.fits import NOISE, Said
from benchmarks.coverage.fits import measure as measure_fits
from benchmarks.coverage.fixed import (
    Cell,
    Count,
    Way,
    by_group,
    by_time,
    folds,
    held_out,
    measure,
    test_file,
)
from benchmarks.coverage.populations import (
    TOGETHER,
    Population,
    autoregressive,
    classes,
    in_groups,
    lognormal,
    normal,
    numbers,
    student,
)
from benchmarks.page import DOCS, circumstances, replace_section, table
from benchmarks.sides import processes
from gradum.scores.metrics import METRICS

DRAWS, FITS = 4_000, 300
FEWEST = 40  # counted, of which a share is shown
WAYS: dict[Way, str] = {
    test_file: "`--test`",
    held_out: "hold-out",
    folds: "cross-validation",
    by_group: "groups of ten",
    by_time: "time",
}
PREVALENCES = (0.5, 0.05, 0.01)


def main(draws: str = str(DRAWS), fits: str = str(FITS)) -> None:
    """Measure both, and print or publish what was found."""
    cells = list(_cells())
    with processes() as pool:
        counted = [pool.submit(_cell, place, int(draws)) for place in range(len(cells))]
        said = [pool.submit(_noise, place, int(fits)) for place in range(len(NOISE))]
        found = [each.result() for each in counted]
        text = "\n".join(
            [
                f"{int(draws):,} draws a line. Share of intervals that hold the score of a model "
                "that does not change, in percent ± one standard error of the simulation:\n",
                _coverage(zip(cells, found, strict=True), "binary"),
                _coverage(zip(cells, found, strict=True), "regression"),
                f"Fits of the linear rung to noise, {int(fits):,} a line, in percent:\n",
                _verdicts(each.result() for each in said),
                circumstances(("gradum", "numpy", "jax")) + "\n",
            ]
        )
    print(text)
    if int(draws) >= DRAWS and int(fits) >= FITS:
        replace_section(DOCS / "accuracy.md", "coverage", text)


def _cell(place: int, draws: int) -> dict[str, Count]:
    return measure(list(_cells())[place], draws, seed=place)


def _noise(place: int, fits: int) -> Said:
    return measure_fits(NOISE[place], fits, seed=place)


def _cells() -> Iterable[Cell]:
    for way in (test_file, held_out, folds, by_group):
        together = TOGETHER if way is by_group else 0.0
        for prevalence in PREVALENCES:
            for rows in (200, 1_000):
                yield Cell(classes(prevalence, together=together), way, rows)
    for name, errors in (
        ("normal errors", normal),
        ("Student's t, 5", student(5)),
        ("Student's t, 3", student(3)),
        ("lognormal errors", lognormal),
    ):
        for rows in (200, 1_000):
            yield Cell(numbers(name, errors), test_file, rows)
    for rows in (50, 100, 200, 1_000):
        yield Cell(numbers("errors alike in groups", in_groups), by_group, rows)
    for coefficient in (0.5, 0.9, 0.98):
        remembering = numbers(
            f"errors that remember {coefficient:.0%}", autoregressive(coefficient)
        )
        for rows in (200, 1_000):
            yield Cell(remembering, by_time, rows)


def _coverage(found: Iterable[tuple[Cell, dict[str, Count]]], task: str) -> str:
    metrics: tuple[str, ...] = ()
    rows = []
    for cell, counts in found:
        population: Population = cell.population
        if population.task != task:
            continue
        metrics = population.metrics
        shares = [_share(counts[name]) for name in (*metrics, "baseline", "called different")]
        known = counts[metrics[0]].said / counts["called different"].said
        label = f"{population.name}, {WAYS[cell.way]}, {cell.rows:,} rows"
        rows.append([label, f"{known:.0%}", *shares])
    titles = [METRICS[name].title for name in metrics]
    return table(["judged", "has one", *titles, "baseline", "equals told apart"], rows)


def _verdicts(said: Iterable[Said]) -> str:
    columns: tuple[Callable[[Said], int], ...] = (
        lambda each: each.better,
        lambda each: each.worse,
        lambda each: each.needless,
    )
    rows = [
        [noise.name, *(_share(Count(each.fits, column(each))) for column in columns)]
        for noise, each in zip(NOISE, said, strict=True)
    ]
    return table(
        ["noise", "called better", "called worse", "more than the baseline is enough"], rows
    )


def _share(count: Count) -> str:
    if count.said < FEWEST:
        return "–"
    share = count.held / count.said
    return f"{100 * share:.1f} ± {100 * sqrt(share * (1 - share) / count.said):.1f}"
