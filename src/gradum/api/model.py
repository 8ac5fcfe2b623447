"""The model that `gradum.fit` and `gradum.load` return."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from gradum.api.compress import compress
from gradum.api.evaluation import evaluate, score
from gradum.api.export import export
from gradum.api.forecast import forecast
from gradum.api.inference import inference
from gradum.api.prediction import (
    guarantee,
    predict,
    predict_distribution,
    predict_interval,
    predict_proba,
    predict_set,
)
from gradum.api.properties import verify
from gradum.api.report import report
from gradum.api.row_page import row_page
from gradum.api.surrogate import surrogate
from gradum.api.trust import trust
from gradum.forks import refuse_after_fork
from gradum.questions.alike.question import alike
from gradum.questions.counterfactual.question import counterfactuals
from gradum.questions.effects.question import effects
from gradum.questions.explain.question import explain
from gradum.questions.influence.question import influence
from gradum.questions.stress.question import stress
from gradum.questions.watch.question import watch
from gradum.run.fitted import Fitted
from gradum.run.run import Run
from gradum.ship import bundle
from gradum.show.text import judgement_text
from gradum.show.words.file_names import Source
from gradum.study.coefficients import coefficients
from gradum.study.findings.findings import Findings, examine
from gradum.tables.check.differences import Difference
from gradum.tables.columns import Task

if TYPE_CHECKING:
    from gradum.run.judge import Judge
    from gradum.study.certified.table_graph import TableGraph


class Model:
    """A fitted ladder of models, with what is known about how good it is.

    Parameters
    ----------
    fitted : Fitted
        The schema, the encoder, every rung and the judgement.
    run : Run, optional
        The run that fitted it, with the rows it was judged on; None for a loaded model.
    source : Source
        The names of the run's files, for the report.

    Attributes
    ----------
    folder : path or None
        The run folder from which it was loaded.
    """

    # The questions that it answers: each is a function in the file that answers it.
    predict = predict
    predict_proba = predict_proba
    predict_interval = predict_interval
    predict_set = predict_set
    predict_distribution = predict_distribution
    guarantee = guarantee
    forecast = forecast

    evaluate = evaluate
    score = score

    explain = explain
    row_page = row_page
    effects = effects
    surrogate = surrogate
    counterfactuals = counterfactuals
    alike = alike
    influence = influence

    watch = watch
    verify = verify
    stress = stress

    inference = inference
    export = export
    compress = compress
    trust = trust
    report = report

    def __init__(
        self,
        fitted: Fitted,
        run: Run | None = None,
        source: Source = Source(),  # noqa: B008 - frozen
    ) -> None:
        self.fitted = fitted
        self.run = run
        self.source = source
        self.folder: Path | None = None
        self._judges: tuple[Judge, ...] | None = None
        self._findings: Findings | None = None
        self._last = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the last messages to this thread, which do not concern other processes."""
        return {name: value for name, value in vars(self).items() if name != "_last"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the model, with nothing predicted yet."""
        vars(self).update(state, _last=threading.local())

    @property
    def differences(self) -> tuple[Difference, ...]:
        """How the table that this thread last predicted differs from the training rows.

        These are unseen levels, values out of range and new missing values.
        """
        return getattr(self._last, "differences", ())

    def with_run(self, run: Run) -> Self:
        """Return the model that another run of the same files fitted."""
        return type(self)(run.fitted, run, self.source)

    def remember(self, differences: tuple[Difference, ...]) -> None:
        """Keep how the table that this thread predicted differs from the training rows."""
        self._last.differences = differences

    @property
    def used(self) -> str:
        """The rung that predicts unless another rung is asked for."""
        return self.fitted.used

    @property
    def enough(self) -> str | None:
        """The simplest rung within one standard error of the best."""
        judgement = self.fitted.judgement
        return judgement.verdict.enough if judgement else None

    @property
    def target(self) -> str:
        """The column that is predicted."""
        return self.fitted.spec.target

    @property
    def task(self) -> Task:
        """regression, binary or multiclass."""
        assert self.fitted.schema.target is not None
        return self.fitted.schema.target.task

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that the model uses, in the table's order."""
        return tuple(column.name for column in self.fitted.schema.features)

    @property
    def classes(self) -> tuple:
        """The labels, in the order of the probability columns; empty for regression."""
        assert self.fitted.schema.target is not None
        return self.fitted.schema.target.classes

    def graph(self, rung: str | None = None) -> TableGraph:
        """Return a rung as graphs on which bounds are computed over boxes of the table's rows.

        Parameters
        ----------
        rung : str, optional
            As in `predict`.

        Raises
        ------
        SpecError
            There is no such rung.
        """
        from gradum.study.certified.table_graph import TableGraph

        return TableGraph(self.fitted, self.fitted.rung(rung))

    @property
    def judges(self) -> tuple[Judge, ...]:
        """The models of a cross-validation, on which its guarantee rests; none for a hold-out."""
        from gradum.questions.rows.judges import judges_of

        if self._judges is None:
            self._judges = judges_of(self)
        return self._judges

    @property
    def scores(self) -> pl.DataFrame:
        """Every score with its 95% interval: rung, part, metric, value, low, high."""
        judgement = self.fitted.judgement
        schema = ["rung", "part", "metric", "value", "low", "high"]
        rows = [
            (rung, part, metric, interval.value, interval.low, interval.high)
            for rung, parts in (judgement.scores if judgement else {}).items()
            for part, metrics in parts.items()
            for metric, interval in metrics.items()
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def coefficients(self) -> pl.DataFrame:
        """The linear rung's coefficients in raw units, with the column that each came from."""
        refuse_after_fork()
        return coefficients(self.fitted)

    @property
    def importance(self) -> pl.DataFrame:
        """How much the loss of the rung in use rises when a column is shuffled, the largest first.

        The columns are column, increase, low, high; empty for a model that was loaded from a file
        alone.
        """
        importance = None if self.findings is None else self.findings.importance
        rows = [
            (part.column, part.increase.value, part.increase.low, part.increase.high)
            for part in (importance.columns if importance else ())
        ]
        schema = {"column": pl.String, "increase": float, "low": float, "high": float}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def summary(self) -> str:
        """Return the verdict and the ladder as text."""
        return judgement_text(self.fitted)

    @property
    def findings(self) -> Findings | None:
        """What the judged rows show about the rung in use; None without the run that judged them.

        It is computed when it is first asked for: importance, segments and the learning curve take
        about as long as the training at most.
        """
        if self._findings is None and self.run is not None and self.run.judged is not None:
            self._findings = examine(self.run)
        return self._findings

    @findings.setter
    def findings(self, findings: Findings | None) -> None:
        self._findings = findings

    def save(self, path: str | os.PathLike) -> None:
        """Write the model, with every rung, to one file that `gradum.load` reads.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        bundle.save(self.fitted, path)

    def _repr_html_(self) -> str:
        refuse_after_fork()
        from gradum.show.page.notebook import fragment

        return fragment(self.fitted, self.findings)

    def __repr__(self) -> str:
        target = self.fitted.schema.target
        assert target is not None
        rungs = ", ".join(self.fitted.rungs)
        return f"<gradum.Model of {target.name} ({target.task}): {rungs}; using {self.used}>"
