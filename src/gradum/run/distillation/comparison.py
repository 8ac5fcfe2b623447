"""The comparison of a smaller model with the larger one, on the rows that judged both."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from gradum.randomness import stream
from gradum.run.compression import Compression, Trial
from gradum.run.distillation.judging import answers
from gradum.run.distillation.larger import Larger
from gradum.run.distillation.size import Size
from gradum.run.fitted import Fitted, named_arrays
from gradum.run.judging.judge_rungs import Seen
from gradum.run.predicting import predict_typed
from gradum.run.run import Run
from gradum.rungs.rung import Prediction, Rung
from gradum.scores.bootstrap import intervals, paired_differences

TIMED_ROWS, TIMES = 10_000, 3
"""How many judged rows are answered to see how long that takes, and how often."""


def compared(
    larger: Larger, run: Run, size: Size, budget: float, trials: tuple[Trial, ...]
) -> Compression:
    """Compare the models on the judged rows, on the same resamples."""
    assert run.judged is not None
    dataset, name = run.dataset, size.kind.name
    before = Prediction.join(answers(larger, judge) for judge in larger.judges)
    after = run.judged.predictions[name]
    seen = Seen(run.judged.rows, {"before": before, "after": after})
    truth, metric = dataset.truth, dataset.truth.metric
    outcomes = truth.outcomes(seen)
    resamples = truth.resamples(seen, stream(larger.spec.seed, "bootstrap", "test"))
    (difference,) = paired_differences([outcomes["after"]], outcomes["before"], metric, resamples)
    one, other = larger.fitted.rung(), run.fitted.rungs[name]
    errors = [intervals(outcome, resamples)[metric] for outcome in outcomes.values()]
    return Compression(
        of=larger.fitted.provenance.fingerprint,
        taught_by=larger.words,
        rung=name,
        size=size.words,
        budget=budget,
        metric=metric,
        rows=len(np.unique(seen.rows)),
        errors=(errors[0], errors[1]),
        difference=difference,
        bytes=(_bytes(one), _bytes(other)),
        microseconds=(
            _microseconds(larger.fitted, one, run),
            _microseconds(run.fitted, other, run),
        ),
        changed=float(np.mean(before.value != after.value)) if dataset.classes else None,
        trials=trials,
    )


def _bytes(rung: Rung) -> int:
    return sum(array.nbytes for array in named_arrays([rung]).values())


def _microseconds(fitted: Fitted, rung: Rung, run: Run) -> float:
    """Return how long a row takes where many are answered at once; the quickest time counts."""
    assert run.judged is not None
    frame = run.dataset.frame[np.unique(run.judged.rows)[:TIMED_ROWS]]
    seconds = []
    for _ in range(TIMES):
        began = perf_counter()
        predict_typed(fitted, frame, rung=rung.name)
        seconds.append(perf_counter() - began)
    return 1e6 * min(seconds) / len(frame)
