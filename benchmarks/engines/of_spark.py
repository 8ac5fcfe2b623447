"""A side of `benchmarks.engines.peers`: Spark's logistic regression, ``of_spark FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession

from benchmarks.engines.side import FILES, NAMES, Found, logistic, serve


def main(folder: str) -> None:
    """Start two executors, and fit when told to."""
    spark = (
        SparkSession.builder.master("local-cluster[2,1,2048]")
        .config("spark.executor.memory", "1536m")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    serve(lambda: _fit(spark, folder), folder)
    spark.stop()


def _fit(spark: SparkSession, folder: str) -> Callable[[pl.DataFrame], Found]:
    frame = spark.read.parquet(str(Path(folder) / FILES))
    rows = VectorAssembler(inputCols=NAMES, outputCol="features").transform(frame)
    model = LogisticRegression(labelCol="y").fit(rows.select("features", "y"))
    weights = np.append(model.coefficients.toArray(), model.intercept)

    def judge(held: pl.DataFrame) -> Found:
        scores = held.select(NAMES).to_numpy() @ weights[:-1] + weights[-1]
        return Found(logistic(scores), weights.tobytes())

    return judge


if __name__ == "__main__":
    main(*sys.argv[1:])
