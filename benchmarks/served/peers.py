"""The peers' servers, each started by ``python -m benchmarks.served.peers NAME TABLE PORT``.

All serve the same pipeline of scikit-learn: it imputes and scales numbers, encodes levels one-hot,
and has a network of gradum's size. Rows come as gradum takes them, ``{"records": [{…}]}``, and
probabilities go back. This module needs nothing of gradum's, since peers have environments of
their own.
"""

from __future__ import annotations

import os
import sys
from typing import Any

TARGET = "y"


def pipeline(table: str) -> Any:
    """Return the pipeline, fitted on a table in a Parquet file."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    train = pd.read_parquet(table)
    columns = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(), StandardScaler()),
                make_column_selector(dtype_include="number"),
            ),
            (
                "levels",
                OneHotEncoder(handle_unknown="ignore"),
                make_column_selector(dtype_exclude="number"),
            ),
        ]
    )
    network = MLPClassifier((128, 128), early_stopping=True, random_state=0)
    return make_pipeline(columns, network).fit(train.drop(columns=TARGET), train[TARGET])


def answers(model: Any, records: list[dict[str, Any]]) -> list[list[float]]:
    """Return the probabilities of some rows."""
    import pandas as pd

    return model.predict_proba(pd.DataFrame(records)).tolist()


def fastapi(table: str, port: int) -> None:
    """Serve by FastAPI and uvicorn."""
    import uvicorn
    from fastapi import FastAPI

    model, app = pipeline(table), FastAPI()

    @app.post("/predict")
    async def predict(asked: dict[str, list[dict[str, Any]]]) -> list[list[float]]:
        return answers(model, asked["records"])

    uvicorn.run(app, port=port, access_log=False, log_level="warning")


def litserve(table: str, port: int) -> None:
    """Serve by LitServe, with one worker."""
    from benchmarks.served.lit import serve

    os.environ["GRADUM_TABLE"] = table
    serve(port)


def bentoml(table: str, port: int) -> None:
    """Serve by BentoML, with one worker."""
    os.environ |= {"BENTOML_DO_NOT_TRACK": "True", "GRADUM_TABLE": table}
    command = ["serve", "benchmarks.served.bento:Service", "--port", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", *command, "--host", "127.0.0.1"])


if __name__ == "__main__":
    name, table, port = sys.argv[1:]
    {"fastapi": fastapi, "litserve": litserve, "bentoml": bentoml}[name](table, int(port))
