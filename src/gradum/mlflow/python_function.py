"""A model as MLflow asks it: a data frame of pandas in, a data frame out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradum.api.model import Model
from gradum.errors import GradumError
from gradum.mlflow.package import mlflow

if TYPE_CHECKING:
    from pandas import DataFrame


class PythonFunction:
    """Answers MLflow's ``pyfunc``.

    Parameters
    ----------
    model : Model
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def get_raw_model(self) -> Model:
        """Return the model itself, which answers more."""
        return self.model

    def predict(self, model_input: DataFrame, params: Mapping[str, Any] | None = None) -> DataFrame:
        """Answer rows.

        Parameters
        ----------
        model_input : DataFrame
            It has every column that the model learned from; empty where no value is known.
        params : mapping, optional
            ``rung``: another model of the run, such as ``linear``. ``coverage``: adds intervals of
            numbers (``low``, ``high``) or sets of classes (``set``) that hold so often.
            ``probability``: adds ``probability_CLASS`` of every class. ``explain``: adds the share
            of each column in the answer with its error, about a second a row.

        Returns
        -------
        DataFrame
            ``prediction``, and what was asked for besides.

        Raises
        ------
        MlflowException
            A column is absent or of another kind, or nothing of the kind can be asked of the model.
            MLflow's server answers with the message of such an exception, and with a trace of any
            other.
        """
        try:
            return self._answers(model_input, dict(params or {}))
        except GradumError as error:
            raise mlflow().MlflowException.invalid_parameter_value(str(error)) from error

    def _answers(self, model_input: DataFrame, asked: Mapping[str, Any]) -> DataFrame:
        from pandas import DataFrame

        model = self.model
        rung, coverage = asked.get("rung"), asked.get("coverage")
        rows = model_input
        answers: dict[str, Any] = {"prediction": model.predict(rows, rung=rung)}
        if asked.get("probability"):
            shares = model.predict_proba(rows, rung=rung).T
            names = [f"probability_{label}" for label in model.classes]
            answers |= dict(zip(names, shares, strict=True))
        if coverage is not None and model.classes:
            answers["set"] = [list(each) for each in model.predict_set(rows, coverage, rung=rung)]
        elif coverage is not None:
            answers["low"], answers["high"] = model.predict_interval(rows, coverage, rung=rung).T
        if asked.get("explain"):
            answers["explanation"] = model.explain(rows, rung=rung).found.shares
        return DataFrame(answers, index=model_input.index)
