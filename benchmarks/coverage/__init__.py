"""The share of gradum's intervals that hold, and of differences reported where none exists.

`python -m benchmarks coverage [DRAWS] [FITS]`: fixed models, judged in every way of judging on
draws from populations whose scores are known; and whole fits to noise. With at least 4,000 draws
and 300 fits, the tables replace those in docs/accuracy.md; with fewer they are only printed.
`coverage precision [DRAWS]` does the same, from 400 draws on, for scores about the rows predicted
as a class, `coverage means [DRAWS]` prints those for counts and amounts, and `coverage ordered
[DRAWS]` those for ordered classes. `coverage cross [DRAWS] [ROWS]` prints those of whole fits of a
linear model and a quick ensemble to a small table, which is cross-validated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt

import numpy as np

from benchmarks.coverage import cross_validated
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
    FOUND,
    TOGETHER,
    Population,
    autoregressive,
    classes,
    flagged,
    in_groups,
    lognormal,
    means,
    negative_binomial,
    normal,
    numbers,
    ordered,
    student,
)
from benchmarks.page import ACCURACY, DOCS, circumstances, publish, replace_section, table
from benchmarks.sides import processes
from gradum.scores.metrics import METRICS

DRAWS, FITS = 4_000, 300
PRECISION_DRAWS = 400
FEWEST = 40  # counted cases for which a share is shown
WAYS: dict[Way, str] = {
    test_file: "`--test`",
    held_out: "hold-out",
    folds: "cross-validation",
    by_group: "groups of ten",
    by_time: "time",
}
PREVALENCES = (0.5, 0.05, 0.01)
PRECISIONS = (0.3, 0.6, 0.95)
COMMON = 0.2  # share of positives from which fewer rows are judged
FEWEST_CALLED = 5  # expected, below which hardly any draw has an interval


def main(*arguments: str) -> None:
    """Measure the named parts, and print or publish the results."""
    if arguments[:1] == ("precision",):
        _of_precision(*map(int, arguments[1:]))
    elif arguments[:1] == ("means",):
        _of_laws(_MEANS, *map(int, arguments[1:]))
    elif arguments[:1] == ("ordered",):
        _of_laws(_ORDERED, *map(int, arguments[1:]))
    elif arguments[:1] == ("cross",):
        _of_cross_validation(*map(int, arguments[1:]))
    else:
        _of_all(*map(int, arguments))


def _of_precision(draws: int = PRECISION_DRAWS) -> None:
    cells = list(_flagged_cells())
    with processes() as pool:
        counted = [pool.submit(_flagged_cell, place, draws) for place in range(len(cells))]
        found = [each.result() for each in counted]
    metrics = cells[0].population.metrics
    rows = [
        [_label(cell), f"{counts['precision'].said / draws:.0%}"]
        + [_share(counts[name]) for name in metrics]
        for cell, counts in zip(cells, found, strict=True)
    ]
    text = (
        f"{draws:,} draws a line, of a model that finds {FOUND:.0%} of the positives. Share of "
        "intervals that hold the score, in percent ± one standard error of the simulation; "
        '"has one" says how often precision does:\n\n'
        + table(["judged", "has one", *(METRICS[name].title for name in metrics)], rows)
    )
    complete = draws >= PRECISION_DRAWS
    publish("precision", text, ("gradum", "numpy"), complete=complete, page=ACCURACY)


_MEANS = (
    means("counts", "poisson", np.random.Generator.poisson),
    means("overdispersed counts", "poisson", negative_binomial),
    means("amounts", "gamma", lambda rng, mean: mean * rng.gamma(2.0, 0.5, len(mean))),
)
_ORDERED = (
    ordered("four even grades", (-1.5, 0.0, 1.5)),
    ordered("four uneven grades", (-3.0, 0.5, 3.5)),
)


def _of_laws(populations: tuple[Population, ...], draws: int = PRECISION_DRAWS) -> None:
    cells = [
        Cell(population, way, rows)
        for population in populations
        for way in (test_file, folds)
        for rows in (200, 1_000)
    ]
    metrics = cells[0].population.metrics
    rows = [
        [_label(cell), *(_share(measured[name]) for name in metrics)]
        for cell, measured in ((cell, measure(cell, draws, seed=1)) for cell in cells)
    ]
    print(table(["judged", *(METRICS[name].title for name in metrics)], rows))


def _of_cross_validation(draws: int = 400, rows: int = 600) -> None:
    lines = []
    with processes() as pool:
        running = {
            (task, model): pool.submit(cross_validated.measure, task, model, rows, range(draws))
            for model in cross_validated.MODELS
            for task in cross_validated.TASKS
        }
        for (task, model), each in running.items():
            for metric, found in each.result().items():
                off, error = np.array(found.off), np.array(found.error)
                count = Count(len(off), sum(found.held))
                bias = f"{off.mean():.4f} ± {off.std() / sqrt(len(off)):.4f}"
                width = f"{error.mean() / off.std():.2f}"
                lines.append(
                    [f"{model}, {task}", METRICS[metric].title, _share(count), bias, width]
                )
    print(table(["model", "score", "holds", "too high by", "error said / true"], lines))


def _flagged_cells() -> Iterable[Cell]:
    for prevalence in (0.5, 0.2, 0.05, 0.01):
        for precision in PRECISIONS:
            for rows in (100, 500) if prevalence >= COMMON else (500, 2_000):
                if rows * prevalence * FOUND / precision >= FEWEST_CALLED:
                    yield Cell(flagged(prevalence, precision), test_file, rows)
    for way in (held_out, folds):
        for precision in PRECISIONS:
            yield Cell(flagged(0.05, precision), way, 1_000)


def _flagged_cell(place: int, draws: int) -> dict[str, Count]:
    return measure(list(_flagged_cells())[place], draws, seed=place)


def _of_all(draws: int = DRAWS, fits: int = FITS) -> None:
    cells = list(_cells())
    with processes() as pool:
        counted = [pool.submit(_cell, place, draws) for place in range(len(cells))]
        said = [pool.submit(_noise, place, fits) for place in range(len(NOISE))]
        found = [each.result() for each in counted]
        text = "\n".join(
            [
                f"{draws:,} draws a line. Share of intervals that hold the score of a model "
                "that does not change, in percent ± one standard error of the simulation:\n",
                _coverage(zip(cells, found, strict=True), "binary"),
                _coverage(zip(cells, found, strict=True), "regression"),
                f"Fits of the linear rung to noise, {fits:,} a line, in percent:\n",
                _verdicts(each.result() for each in said),
                circumstances(("gradum", "numpy", "jax")) + "\n",
            ]
        )
    print(text)
    if draws >= DRAWS and fits >= FITS:
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
        rows.append([_label(cell), f"{known:.0%}", *shares])
    titles = [METRICS[name].title for name in metrics]
    return table(["judged", "has one", *titles, "baseline", "equals told apart"], rows)


def _label(cell: Cell) -> str:
    return f"{cell.population.name}, {WAYS[cell.way]}, {cell.rows:,} rows"


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
