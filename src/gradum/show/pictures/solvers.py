"""Loss curves of solvers: by passes over the rows, and by seconds."""

from __future__ import annotations

import altair as alt

from gradum.fitting.compare_solvers import Course, SolverComparison
from gradum.scores.figures import figure
from gradum.show.pictures.picture import COLOURS, DASHES, Picture, data, quantitative


def solver_courses(found: SolverComparison) -> list[Picture]:
    """Draw the validation loss of every solver that did not break down, twice."""
    courses = [course for course in found.courses if course.history]
    return [
        _picture(courses, "epoch", "by-pass", "By passes over the rows", "passes"),
        _picture(courses, "seconds", "by-second", "By seconds", "seconds"),
    ]


def _picture(courses: list[Course], by: str, name: str, title: str, axis: str) -> Picture:
    rows = [
        {by: entry[by], "loss": entry["validation_loss"], "solver": course.solver}
        for course in courses
        for entry in course.history
        if entry["validation_loss"] > 0
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_line()
        .encode(
            x=alt.X(f"{by}:Q", title=axis, scale=alt.Scale(type="log", nice=False)),
            y=alt.Y(**quantitative("loss", "validation loss", type="log", nice=False)),
            color=alt.Color("solver:N", title=None, sort=None, scale=alt.Scale(range=COLOURS)),
            strokeDash=alt.StrokeDash(
                "solver:N", title=None, sort=None, scale=alt.Scale(range=DASHES)
            ),
            tooltip=["solver:N", f"{by}:Q", "loss:Q"],
        )
    )
    least = min(courses, key=_least)
    quickest = min(courses, key=lambda course: course.seconds)
    description = (
        f"The least validation loss, {figure(_least(least))}, is that of {least.solver}."
        if by == "epoch"
        else f"{quickest.solver} was done first, after {figure(quickest.seconds)} s."
    )
    return Picture(
        name,
        title,
        chart.properties(width="container", height=280),
        description,
        "Both axes are logarithmic; a curve ends where its solver did.",
        ("solver", axis, "validation loss"),
        tuple(
            (course.solver, figure(entry[by]), figure(entry["validation_loss"]))
            for course in courses
            for entry in course.history
        ),
    )


def _least(course: Course) -> float:
    return min(entry["validation_loss"] for entry in course.history)
