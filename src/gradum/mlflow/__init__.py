"""Models in MLflow: logged with all that is known of them, saved and loaded without a pickle.

It needs the packages of ``gradum[mlflow]``, which are imported once something is asked of it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import gradum
from gradum.api.model import Model
from gradum.api.runs import load
from gradum.errors import ModelFileError
from gradum.files.scratch import scratch_folder
from gradum.mlflow.entries import log_entries
from gradum.mlflow.kept_files import loaded, write
from gradum.mlflow.package import mlflow
from gradum.mlflow.python_function import PythonFunction
from gradum.mlflow.signature import input_example, signature

KEPT = "model"
DATA = f"data/{KEPT}"
"""The folder of the files in that of MLflow, which names its first part."""


def save_model(
    model: Model | str | os.PathLike,
    path: str | os.PathLike,
    *,
    mlflow_model: Any = None,
    **options: Any,
) -> None:
    """Write a model to a folder as MLflow keeps models.

    The folder holds the model file, and, where the run has them, the models on which the promise of
    intervals rests and up to 200 rows by which answers are explained; ``--no-rows`` leaves these
    out. Nothing in it is a pickle or code.

    Parameters
    ----------
    model : Model, run folder or model file
    path : path
        A folder that does not exist yet.
    mlflow_model : mlflow.models.Model, optional
        What MLflow knows of the model already.
    **options
        What ``mlflow.pyfunc.save_model`` takes: ``signature``, ``input_example``,
        ``pip_requirements``, ``metadata`` …, in place of what gradum makes of the model.

    Raises
    ------
    SpecError
        MLflow is not installed.
    ModelFileError
        The path is no finished run and no model file.
    """
    package, model = mlflow(), _opened(model)
    if mlflow_model is None:
        mlflow_model = package.models.Model()
    mlflow_model.add_flavor("gradum", gradum_version=gradum.__version__, data=DATA)
    made = {
        "signature": signature(model.fitted),
        "input_example": input_example(model.fitted),
        "pip_requirements": [f"gradum[mlflow]=={gradum.__version__}"],
    }
    with scratch_folder(None) as scratch:
        folder = scratch / KEPT
        folder.mkdir()
        write(model, folder)
        package.pyfunc.save_model(
            os.fspath(path),
            loader_module=__name__,
            data_path=str(folder),
            mlflow_model=mlflow_model,
            **made | options,
        )


def log_model(model: Model | str | os.PathLike, name: str = "model", **options: Any) -> Any:
    """Log a model to the active run of MLflow, or to a new one, with all that is known of it.

    The run gets the spec as parameters; as metrics, named as by `gradum.tracked`, the scores with
    their intervals, the course of each model's learning, and how the score of the model in use
    grows with the rows (``learning_curve/…``, whose steps are numbers of rows); the report, and
    ``metrics.json`` with all other scores.

    Parameters
    ----------
    model : Model, run folder or model file
    name : str
        What MLflow calls it.
    **options
        Those of `save_model`, and of ``mlflow.models.Model.log``, such as
        ``registered_model_name``.

    Returns
    -------
    mlflow.models.model.ModelInfo
        ``model_uri`` is its address.

    Raises
    ------
    SpecError, ModelFileError
        As in `save_model`.
    """
    package, model = mlflow(), _opened(model)
    if package.active_run() is None:
        called = model.target if model.folder is None else model.folder.name
        judgement = model.fitted.judgement
        headline = None if judgement is None else " ".join(judgement.headline)
        with package.start_run(run_name=called, description=headline):
            return log_model(model, name, **options)
    log_entries(model)
    flavor = sys.modules[__name__]
    return package.models.Model.log(None, flavor, name=name, model=model, **options)


def load_model(model_uri: str) -> Model:
    """Return a model that was saved or logged, which answers all that a model is asked.

    Parameters
    ----------
    model_uri : str
        ``models:/NAME/VERSION``, ``runs:/ID/NAME``, or a folder.

    Raises
    ------
    SpecError
        MLflow is not installed.
    ModelFileError
        The model is not one of gradum, or its file is damaged.
    """
    folder = Path(mlflow().artifacts.download_artifacts(model_uri)) / DATA
    if not folder.is_dir():
        raise ModelFileError(
            "{uri} is no model that gradum has saved.",
            "Load it with mlflow.pyfunc.load_model.",
            uri=model_uri,
        )
    return loaded(folder)


def _load_pyfunc(path: str) -> PythonFunction:
    """Return what MLflow asks for predictions, from the files that `save_model` wrote."""
    return PythonFunction(loaded(Path(path)))


def _opened(model: Model | str | os.PathLike) -> Model:
    return model if isinstance(model, Model) else load(model)
