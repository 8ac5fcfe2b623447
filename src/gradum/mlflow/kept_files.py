"""The files of a model that MLflow keeps: what its answers need, and nothing else of the run."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from gradum.api.model import Model
from gradum.api.runs import load
from gradum.ship.judges import save_judges
from gradum.ship.layout import JUDGES, MODEL
from gradum.ship.run_folder import read_background, write_background
from gradum.study.explanation.learned import background_rows


def write(model: Model, folder: Path) -> None:
    """Write the model, the judges of its intervals, and the rows that explain its answers."""
    model.save(folder / MODEL)
    if model.judges:
        save_judges(model.judges, model.used, folder / JUDGES)
    rows = _background(model)
    if rows is not None:
        write_background(folder, rows)


def _background(model: Model) -> pl.DataFrame | None:
    if model.run is not None:
        return background_rows(model.run) if model.fitted.spec.report.rows else None
    return None if model.folder is None else read_background(model.folder)


def loaded(folder: Path) -> Model:
    """Return the model of a folder that `write` filled."""
    model = load(folder / MODEL)
    model.folder = folder
    return model
