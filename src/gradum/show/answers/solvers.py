"""A comparison of solvers as text, and as a page with their curves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from gradum.messages import marked, say
from gradum.run.compare_solvers import Course, SolverComparison
from gradum.scores.figures import figure, with_interval
from gradum.scores.metrics import METRICS
from gradum.show.document.document import Section, TextTable, laid_out
from gradum.show.page.charted_page import charted_page
from gradum.show.pictures.solvers import solver_courses
from gradum.show.text import plain

WIDTH = 110
MEASURED = (
    marked("solver"),
    marked("learning rate"),
    marked("passes"),
    marked("steps"),
    marked("seconds"),
    marked("validation loss"),
)


@dataclass(frozen=True, eq=False, repr=False)
class Solvers:
    """A comparison of solvers that shows itself.

    ``comparison`` has every figure; ``source`` is the path of the table, if it has one.
    """

    comparison: SolverComparison
    source: str | None = None

    def __rich__(self) -> RenderableType:
        comparison = self.comparison
        solvers = [course.solver for course in comparison.courses]
        chosen = [place for place, name in enumerate(solvers) if name == comparison.choice]
        table = TextTable(header(comparison), [cells(course) for course in comparison.courses])
        return Group(
            Text(heading(comparison), "bold"),
            Text(conditions(comparison), "dim"),
            laid_out(table, bold=chosen),
            comparison.sentence,
        )

    def __str__(self) -> str:
        return plain(self, width=WIDTH).rstrip("\n")

    __repr__ = __str__

    def page(self, cache: Path | None = None) -> str:
        """Return one self-contained page with the curves; ``cache`` keeps the charts' script."""
        comparison = self.comparison
        return charted_page(
            "solvers.html",
            [Section("courses", "", pictures=solver_courses(comparison))],
            cache,
            heading=heading(comparison),
            conditions=conditions(comparison),
            sentence=comparison.sentence,
            choice=comparison.choice,
            header=header(comparison),
            rows=[cells(course) for course in comparison.courses],
        )


def heading(comparison: SolverComparison) -> str:
    """Name what was compared."""
    return say(
        "{number} solvers on {target} from {source}",
        number=len(comparison.courses),
        target=comparison.target,
        source=comparison.source,
    )


def header(comparison: SolverComparison) -> tuple[str, ...]:
    """Name the columns of the table."""
    return (*map(say, MEASURED), say(METRICS[comparison.metric].title), say("against the best"))


def conditions(comparison: SolverComparison) -> str:
    """State the conditions that all solvers shared."""
    rows = comparison.rows
    return say(
        "The same network and first weights; {train:,} rows to learn from, {validation:,} to "
        "choose learning rate and pass, {test:,} to judge. Seconds are of the training shown, "
        "without compiling.",
        train=rows["train"],
        validation=rows["validation"],
        test=rows["test"],
    )


def cells(course: Course) -> tuple[str, ...]:
    """Write a solver's course as cells of the table."""
    if course.score is None:
        return (course.solver, *["–"] * (len(MEASURED) - 1), "–", say(course.finding))
    losses = [entry["validation_loss"] for entry in course.history]
    finding = say(course.finding)
    if course.difference is not None:
        difference = with_interval(course.difference, sign=True)
        finding = say("{finding}: {difference}", finding=finding, difference=difference)
    return (
        course.solver,
        say("line search") if course.learning_rate is None else figure(course.learning_rate),
        f"{course.epochs:,}",
        f"{course.steps:,}",
        figure(course.seconds),
        figure(min(losses)),
        with_interval(course.score),
        finding,
    )
