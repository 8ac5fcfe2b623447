"""nannyml's CBPE, in its own environment.

    python -m benchmarks.expected.peers REFERENCE NEW ...

All are Parquet files with the columns ``probability``, ``prediction`` and, in the reference,
``target``. The estimates for each NEW, taken as one chunk, are printed as a list on one line of
JSON.
"""

from __future__ import annotations

import json
import sys

METRICS = ("roc_auc", "accuracy")


def main(reference: str, *chunks: str) -> None:
    """Estimate the metrics of each chunk of new rows."""
    import nannyml
    import pandas

    known, found = pandas.read_parquet(reference), []
    for chunk in chunks:
        rows = pandas.read_parquet(chunk)
        estimator = nannyml.CBPE(
            y_pred_proba="probability",
            y_pred="prediction",
            y_true="target",
            problem_type="classification_binary",
            metrics=list(METRICS),
            chunk_size=len(rows),
        )
        estimator.fit(known)
        estimates = estimator.estimate(rows).filter(period="analysis").to_df()
        found.append({name: float(estimates[name, "value"].iloc[0]) for name in METRICS})
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
