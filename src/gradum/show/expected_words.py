"""Scores expected without labels, in words and as cells of a table."""

from __future__ import annotations

from collections.abc import Iterator

from gradum.messages import listed, say
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS
from gradum.show.document import Grid
from gradum.study.watch.expectation import Expectation, ExpectedScore


def expected_table(expected: Expectation) -> Grid:
    """Lay out each score, its interval, and that of the judged rows."""
    header = [say("metric"), say("expected"), say("95% interval"), say("judged rows")]
    return Grid(header, [_cells(score) for score in expected.scores])


def _cells(score: ExpectedScore) -> list[str]:
    interval = say("{low} to {high}", low=figure(score.low), high=figure(score.high))
    return [say(METRICS[score.metric].title), figure(score.value), interval, figure(score.judged)]


def expected_sentences(expected: Expectation) -> Iterator[str]:
    """Yield what is to be known of the scores, and which labels would tell most."""
    # The alarm of a worse score is the first sentence, and has been shown.
    yield from expected.sentences[1:] if expected.worse else expected.sentences
    if expected.telling_rows:
        yield say(
            "Labels of these rows would tell most of the score: {rows}.",
            rows=listed([f"{row + 1:,}" for row in expected.telling_rows]),
        )
    if expected.labels_to_halve < expected.rows:
        yield say(
            "Labels of {count:,} rows drawn by chance would halve the interval.",
            count=expected.labels_to_halve,
        )
