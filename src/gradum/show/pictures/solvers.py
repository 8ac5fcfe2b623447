"""Loss curves of solvers by passes over the rows and by seconds."""

from __future__ import annotations

import altair as alt

from gradum.messages import say
from gradum.run.compare_solvers import Course, SolverComparison
from gradum.scores.figures import figure
from gradum.show.pictures.picture import (
    COLOURS,
    DASHES,
    Chart,
    Picture,
    data,
    quantitative,
    tooltips,
)


def solver_courses(comparison: SolverComparison) -> list[Picture]:
    """Draw two charts of the validation loss of every solver that did not break down."""
    courses = [course for course in comparison.courses if course.history]
    return [
        _picture(courses, "epoch", "by-pass", say("By passes over the rows"), say("passes")),
        _picture(courses, "seconds", "by-second", say("By seconds"), say("seconds")),
    ]


def _picture(courses: list[Course], by: str, name: str, title: str, axis: str) -> Picture:
    rows = [
        {by: entry[by], "loss": entry["validation_loss"], "solver": course.solver}
        for course in courses
        for entry in course.history
        if entry["validation_loss"] > 0
    ]
    chart = (
        Chart(data(rows))
        .mark_line()
        .encode(
            x=alt.X(f"{by}:Q", title=axis, scale=alt.Scale(type="log", nice=False)),
            y=alt.Y(**quantitative("loss", say("validation loss"), type="log", nice=False)),
            color=alt.Color("solver:N", title=None, sort=None, scale=alt.Scale(range=COLOURS)),
            strokeDash=alt.StrokeDash(
                "solver:N", title=None, sort=None, scale=alt.Scale(range=DASHES)
            ),
            tooltip=tooltips("solver:N", f"{by}:Q", "loss:Q"),
        )
    )
    least = min(courses, key=_least)
    quickest = min(courses, key=lambda course: course.seconds)
    description = (
        say(
            "The least validation loss, {loss}, is that of {solver}.",
            loss=figure(_least(least)),
            solver=least.solver,
        )
        if by == "epoch"
        else say(
            "{solver} was done first, after {seconds} s.",
            solver=quickest.solver,
            seconds=figure(quickest.seconds),
        )
    )
    return Picture(
        name,
        title,
        chart.properties(width="container", height=280),
        description,
        say("Both axes are logarithmic; a curve ends where its solver did."),
        (say("solver"), axis, say("validation loss")),
        tuple(
            (course.solver, figure(entry[by]), figure(entry["validation_loss"]))
            for course in courses
            for entry in course.history
        ),
    )


def _least(course: Course) -> float:
    return min(entry["validation_loss"] for entry in course.history)
