"""The package mlflow, imported once it is needed."""

from __future__ import annotations

import importlib
from typing import Any

from gradum.errors import SpecError
from gradum.messages import say
from gradum.tables.extra import needs


def mlflow() -> Any:
    """Return the package with its parts.

    Raises
    ------
    SpecError
        It is not installed.
    """
    needs("mlflow.pyfunc", "mlflow", say("Models in MLflow"), SpecError)
    return importlib.import_module("mlflow")
