"""A model in a notebook: verdict, alarms, scores and a few drawings, without scripts."""

from __future__ import annotations

import html

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.show.page.page import render
from gradum.show.pictures import confusion, importance, residuals
from gradum.show.pictures.ladder import ladder
from gradum.show.pictures.picture import Picture
from gradum.study.findings.findings import Findings

FINDINGS = (confusion, residuals, importance)
"""The findings whose first picture is shown."""


def fragment(fitted: Fitted, findings: Findings | None) -> str:
    """Return a piece of HTML that is self-contained within a larger page."""
    judgement = fitted.judgement
    pictures: list[Picture] = [] if judgement is None else [ladder(judgement)]
    if findings is not None:
        for each in FINDINGS:
            pictures += each.pictures_of(findings, fitted)[:1]
    drawings = [(picture, drawn(picture)) for picture in pictures]
    return render("notebook.html", fitted=fitted, judgement=judgement, drawings=drawings)


def drawn(picture: Picture) -> str:
    """Draw a picture, or say in its place why not, so that all else is still shown."""
    try:
        return picture.svg
    except Exception as error:
        cause = " ".join(str(error).splitlines()[:2])
        return html.escape(say("This chart could not be drawn: {cause}", cause=cause))
