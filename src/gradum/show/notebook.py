"""A model as a notebook shows it: verdict, alarms, scores and a few drawings, without script."""

from __future__ import annotations

import html

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.show.page import render
from gradum.show.pictures.confusion import confusion_matrix
from gradum.show.pictures.importance import importance_bars
from gradum.show.pictures.ladder import ladder
from gradum.show.pictures.picture import Picture
from gradum.show.pictures.residuals import residual_pictures
from gradum.study.findings.findings import Findings


def fragment(fitted: Fitted, findings: Findings | None) -> str:
    """Return a piece of HTML that stands by itself in a page of others."""
    judgement = fitted.judgement
    pictures: list[Picture] = [] if judgement is None else [ladder(judgement)]
    if findings is not None:
        pictures += _of(findings, fitted)
    drawings = [(picture, drawn(picture)) for picture in pictures]
    return render("notebook.html", fitted=fitted, judgement=judgement, drawings=drawings)


def _of(findings: Findings, fitted: Fitted) -> list[Picture]:
    assert fitted.schema.target is not None
    pictures = []
    if findings.confusion is not None:
        pictures.append(confusion_matrix(findings.confusion))
    if findings.residuals is not None:
        pictures += residual_pictures(findings.residuals, fitted.schema.target.name)[:1]
    used = importance_bars(findings.importance, findings.rung)
    return pictures if used is None else [*pictures, used]


def drawn(picture: Picture) -> str:
    """Draw a picture, or say why not in its place: the others and the model are still shown."""
    try:
        return picture.svg
    except Exception as error:
        cause = " ".join(str(error).splitlines()[:2])
        return html.escape(say("This chart could not be drawn: {cause}", cause=cause))
