"""The CBPE of nannyml, in its own environment: ``python cbpe_worker.py REFERENCE NEW``.

Both are Parquet files with the columns ``probability``, ``prediction`` and, of the reference,
``target``. The estimates of all rows of NEW as one chunk are printed as JSON.
"""

from __future__ import annotations

import json
import sys

METRICS = ("roc_auc", "accuracy")


def main(reference: str, new: str) -> None:
    """Estimate the metrics of the new rows."""
    import nannyml
    import pandas

    known, rows = pandas.read_parquet(reference), pandas.read_parquet(new)
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
    found = {name: float(estimates[name, "value"].iloc[0]) for name in METRICS}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
