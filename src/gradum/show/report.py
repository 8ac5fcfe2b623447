"""The report: one self-contained HTML page with charts that loads nothing from the network."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

from gradum.messages import listed, marked, say
from gradum.run.fitted import Fitted
from gradum.run.judging.judgement import Judgement
from gradum.scores.figures import figure, rows_figure
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS
from gradum.show.charted_page import charted_page
from gradum.show.document import Section
from gradum.show.explained_rows import explained_rows
from gradum.show.file_names import Source
from gradum.show.inference import layout
from gradum.show.pictures import (
    confusion,
    growth,
    importance,
    ranking,
    reliability,
    residuals,
    segments,
    threshold,
)
from gradum.show.pictures.coefficients import coefficient_dots
from gradum.show.pictures.contributions import contribution_bars, contribution_swarm
from gradum.show.pictures.coverage import coverage_pictures
from gradum.show.pictures.effects import effect_picture
from gradum.show.pictures.ladder import ladder
from gradum.show.pictures.learning import learning
from gradum.show.pictures.picture import Picture
from gradum.show.repeat import command, only_python, python, teacher
from gradum.study.explanation.effects import Effects
from gradum.study.explanation.judged import JudgedExplanation
from gradum.study.findings.findings import Findings

MOST_COLUMNS = 200
MOST_PREVALENCES = 12
DRAWN = (
    ("errors", residuals),
    ("errors", confusion),
    ("errors", ranking),
    ("errors", reliability),
    ("errors", threshold),
    ("uses", importance),
    ("segments", segments),
    ("training", growth),
)
"""For each finding, the section in which it is drawn, and its file of pictures."""

HEADLINE = ("accuracy", "macro_f1", "r2", "mae")
TITLE_OF_SECTION = {
    "verdict": marked("Verdict"),
    "scores": marked("Scores"),
    "errors": marked("Where it errs"),
    "coverage": marked("How sure it is"),
    "uses": marked("What it uses"),
    "explanations": marked("Explanations"),
    "regression": marked("Regression table"),
    "segments": marked("Segments"),
    "training": marked("Training"),
    "data": marked("The data"),
    "repeat": marked("Repeat it"),
}


def report_html(
    fitted: Fitted,
    findings: Findings | None = None,
    *,
    effects: Effects | None = None,
    source: Source = Source(),  # noqa: B008 - frozen
    cache: Path | None = None,
) -> str:
    """Render the results of a run.

    Parameters
    ----------
    fitted : Fitted
        The model and its judgement.
    findings : Findings, optional
        What the judged rows show; without it, the sections about it are left out.
    effects : Effects, optional
        Effects of the columns whose curves the section of explanations shows.
    source : Source
        The names of the run's files.
    cache : path, optional
        A folder that keeps the charts' script for the next report.
    """
    assert fitted.schema.target is not None
    return charted_page(
        "report.html",
        sections_of(fitted, findings, effects),
        cache,
        heading=say(
            "{target} from {source}",
            target=fitted.schema.target.name,
            source=fitted.schema.source,
        ),
        fitted=fitted,
        findings=findings,
        judgement=fitted.judgement,
        schema=fitted.schema,
        target=fitted.schema.target,
        **_headline(fitted.judgement),
        **_columns(fitted, findings),
        explained_rows=explained_rows(findings, fitted.schema.target.name),
        prevalences=_prevalences(fitted.judgement),
        several=_several(findings),
        regression_table=_regression_table(findings),
        source=source,
        command=command(fitted.spec, source.data, test=source.test) if source.data else "",
        python=python(fitted.spec, source.data, test=source.test),
        only_python=only_python(fitted.spec),
        teacher=teacher(fitted),
    )


def sections_of(
    fitted: Fitted, findings: Findings | None, effects: Effects | None = None
) -> list[Section]:
    """Return the page's parts in order; parts about which nothing is known are left out."""
    judgement = fitted.judgement
    parts: list[Section] = [_section("verdict")]
    if judgement is not None:
        parts.append(_section("scores", (ladder(judgement),)))
    if findings is not None:
        assert fitted.schema.target is not None
        parts.append(_section("errors", _pictures("errors", findings, fitted)))
        if findings.coverage is not None:
            pictures = coverage_pictures(findings.coverage, fitted.schema.target.name)
            parts.append(_section("coverage", tuple(pictures)))
        used = _pictures("uses", findings, fitted)
        parts.append(_section("uses", (*used, *_some(coefficient_dots(findings.coefficients)))))
        if findings.explanation is not None:
            pictures = (*_explanations(findings.explanation), *_curves(findings, effects))
            parts.append(_section("explanations", pictures))
        if findings.regression is not None:
            parts.append(_section("regression"))
        if findings.found("segments"):
            parts.append(_section("segments", _pictures("segments", findings, fitted)))
    grown = () if findings is None else _pictures("training", findings, fitted)
    parts.append(_section("training", (*learning(fitted), *grown)))
    return [*parts, _section("data"), _section("repeat")]


def _section(name: str, pictures: Iterable[Picture] = ()) -> Section:
    """Return a part of the page, which has the name of its template."""
    return Section(name, say(TITLE_OF_SECTION[name]), pictures=tuple(pictures))


def _pictures(name: str, findings: Findings, fitted: Fitted) -> tuple[Picture, ...]:
    """Draw the findings of a section."""
    drawn = [each.pictures_of(findings, fitted) for section, each in DRAWN if section == name]
    return tuple(chain.from_iterable(drawn))


def _explanations(found: JudgedExplanation) -> tuple[Picture, ...]:
    return (contribution_bars(found.overall), *_some(contribution_swarm(found.overall)))


def _curves(findings: Findings, effects: Effects | None) -> list[Picture]:
    """Draw the curves of the class that the directions refer to, or of the number."""
    assert findings.explanation is not None
    if effects is None:
        return []
    named = findings.explanation.overall.answer
    labels = [str(label) for label in effects.answers]
    answer = labels.index(named) if named in labels else len(labels) // 2
    return [effect_picture(effects, effect, answer) for effect in effects.effects]


def _some(picture: Picture | None) -> tuple[Picture, ...]:
    return () if picture is None else (picture,)


def _regression_table(findings: Findings | None) -> dict[str, Any] | None:
    """Return the words and cells of the regression table, if there is one."""
    found = findings.regression.inference if findings and findings.regression else None
    return None if found is None else layout(found)


def _headline(judgement: Judgement | None) -> dict[str, Any]:
    """Return the few scores of the best rung for the top of the page, and the metrics."""
    if judgement is None:
        return {"headline": [], "scored": [], "tested": []}
    test = judgement.scores[judgement.verdict.used]["test"]
    first = [judgement.verdict.metric, *(name for name in HEADLINE if name in test)]
    headline: list[tuple[str, Interval]] = [
        (say(METRICS[name].title), test[name]) for name in dict.fromkeys(first)
    ]
    scored = [name for name in METRICS if any(name in p["test"] for p in judgement.scores.values())]
    tested = [parts["test"] for parts in judgement.scores.values()]
    tested += [rival.scores for rival in judgement.rivals]
    return {"headline": headline[:3], "scored": scored, "tested": tested}


def _prevalences(judgement: Judgement | None) -> str:
    """Return the classes, or the first of many, with their shares; empty if there are none."""
    known = {} if judgement is None else judgement.prevalence or {}
    shares = [
        say("{label}: {share}", label=label, share=figure(share, digits=3))
        for label, share in islice(known.items(), MOST_PREVALENCES)
    ]
    return listed([*shares, "…"] if len(known) > MOST_PREVALENCES else shares)


def _several(findings: Findings | None) -> str:
    """Say what uses each prediction and what their mean, if rows have several predictions."""
    if findings is None or findings.predictions <= findings.rows:
        return ""
    return say(
        "Each row was predicted {times} times. As in the scores, each prediction counts as a part "
        "of its row in the table of classes, the matrix, curves, thresholds, gain and typical "
        "error; everything else uses the mean of a row's predictions, which errs less.",
        times=rows_figure(findings.predictions / findings.rows),
    )


def _columns(fitted: Fitted, findings: Findings | None) -> dict[str, Any]:
    """Return the columns to show, the target first, and their contents."""
    columns = sorted(fitted.schema.columns, key=lambda column: column.role != "target")
    profiles = {each.name: each for each in findings.columns} if findings is not None else {}
    return {"columns": columns[:MOST_COLUMNS], "profiles": profiles}
