"""The answers for new rows against the answers for the rows that judged the model."""

from __future__ import annotations

import numpy as np

from gradum.margins import first_least
from gradum.run.reference.reference import Reference
from gradum.study.watch.distances import between_numbers
from gradum.study.watch.watched import AnswersWatch

ANSWERED_ROWS = 20_000
"""New rows, drawn by chance, whose answers are looked at."""


def watch_answers(
    reference: Reference, answers: np.ndarray, names: tuple[str, ...]
) -> AnswersWatch | None:
    """Compare the distribution of answers (n, c); of several, the one that has moved most.

    Its p-value is then multiplied by their number. None where no answers are known.
    """
    if not reference.answers or not len(answers):
        return None
    new = [known.values.bins(answers[:, known.place]) for known in reference.answers]
    distances = [
        between_numbers(known.values.counts, counts)
        for known, counts in zip(reference.answers, new, strict=True)
    ]
    ps = np.array([distance.p for distance in distances])
    sizes = np.array([distance.size for distance in distances])
    among = np.flatnonzero(ps <= ps[first_least(ps)])
    place = int(among[first_least(-sizes[among])])
    known, counts, distance = reference.answers[place], new[place], distances[place]
    return AnswersWatch(
        answer=names[known.place],
        rows=len(answers),
        reference_rows=known.values.rows,
        size=distance.size,
        least_size=distance.least_size,
        p=min(1.0, distance.p * len(distances)) if reference.same_fit else None,
        median=float(np.median(answers[:, known.place])),
        reference_median=known.values.median,
        places=known.values.edges,
        counts=tuple(counts.tolist()),
        reference_counts=tuple(known.values.counts.tolist()),
    )
