"""The model that `gradum.fit` and `gradum.load` return."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from msgspec import structs

from gradum.api.explanation import explain_model
from gradum.api.groups import grouping_of, judged_by_group
from gradum.api.inference import infer_run
from gradum.api.run_rows import known_rows
from gradum.errors import SpecError, TargetError
from gradum.files.atomic import write_text
from gradum.fitting.argument_kinds import with_checked_arguments
from gradum.fitting.fitted import Fitted
from gradum.fitting.memory_bound import judging_bound
from gradum.fitting.option_values import read_size
from gradum.fitting.options import make_reading
from gradum.fitting.predict import predict
from gradum.fitting.run import Run
from gradum.fitting.rung import Prediction
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.scores.metrics import METRICS
from gradum.ship import bundle
from gradum.show.explanation import Explanation
from gradum.show.inference import Summary
from gradum.show.source import Source
from gradum.show.text import judgement_text
from gradum.study.coefficients import coefficients
from gradum.study.evaluate import Evaluation, Grouping, evaluate, evaluate_in_blocks
from gradum.study.explanation.scale import Scale
from gradum.study.findings import Findings, examine
from gradum.study.run_rows import RunRows
from gradum.tables.check import Difference
from gradum.tables.columns import Task
from gradum.tables.read import read
from gradum.tables.reading import ReadingOptions
from gradum.tables.stream import at_hand, opened
from gradum.tables.wording import size

if TYPE_CHECKING:
    # What a prediction does not need is imported where it is asked for.
    from gradum.fitting.conformal.distribution import Distribution
    from gradum.fitting.conformal.statement import Statement
    from gradum.fitting.judge import Judge
    from gradum.show.alike import AlikeRows
    from gradum.show.counterfactual import Counterfactuals
    from gradum.show.effects import EffectCurves
    from gradum.show.influence import InfluentialRows
    from gradum.show.stress import StressTest
    from gradum.show.surrogate import SurrogateTree
    from gradum.show.trust import TrustReport
    from gradum.show.verification import PropertyReport
    from gradum.show.watch import Watch
    from gradum.study.certified.table_graph import TableGraph


class Page(str):
    """A report: HTML that says how large it is instead of filling a notebook or a prompt."""

    __slots__ = ()

    def __repr__(self) -> str:
        return say(
            "<a report of {size}; model.report(path) writes it to a file>",
            size=size(len(self.encode())),
        )


class Model:
    """A fitted ladder of models, with what is known of how good it is.

    Parameters
    ----------
    fitted : Fitted
        The schema, the encoder, every rung and the judgement.
    run : Run, optional
        The run that fitted it, with the rows it was judged on; None for a loaded model.
    source : Source
        What the run's files are called, for the report.

    Attributes
    ----------
    folder : path or None
        The run folder that it was loaded from.
    """

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
        self._last = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what was last said to this thread, which concerns no other process."""
        return {name: value for name, value in vars(self).items() if name != "_last"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Come back with nothing predicted yet."""
        vars(self).update(state, _last=threading.local())

    @property
    def differences(self) -> tuple[Difference, ...]:
        """How the last table that this thread had predicted differs from the training rows.

        Unseen levels, values out of range, new missing values.
        """
        return getattr(self._last, "differences", ())

    @property
    def used(self) -> str:
        """The rung that predicts unless another is asked for."""
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

    def predict(self, data: Any, *, rung: str | None = None) -> np.ndarray:
        """Predict the target of each row.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or one dict
            Rows with the columns that the model was fitted on.
        rung : str, optional
            ``baseline``, ``linear``, ``mlp``, ``pack`` or ``enough``; the best-scoring one
            if left out.

        Returns
        -------
        ndarray of shape (n,)
            Numbers, or labels as they were given: the likeliest class; under balanced classes the
            one whose probability is largest relative to its share of the rows learned from.

        Raises
        ------
        SchemaError
            A column is absent or of another kind.
        """
        prediction = self._predict(data, rung)
        return self.fitted.labels[prediction.value] if self.classes else prediction.value

    def predict_proba(self, data: Any, *, rung: str | None = None) -> np.ndarray:
        """Return class probabilities (n, K), columns in the order of `classes`.

        They are of classes as common as in the table, balanced or not.

        Raises
        ------
        TargetError
            The target is a number.
        """
        if not self.classes:
            raise TargetError(
                say("The target is a number, which has no classes."), say("Use predict.")
            )
        probability = self._predict(data, rung).probability
        assert probability is not None
        return probability

    def graph(self, rung: str | None = None) -> TableGraph:
        """Return a rung as graphs of which bounds are taken over boxes of the table's rows.

        Parameters
        ----------
        rung : str, optional
            As in `predict`.
        """
        from gradum.study.certified.table_graph import TableGraph

        return TableGraph(self.fitted, self.fitted.rung(rung))

    def predict_interval(
        self, data: Any, coverage: float = 0.9, *, rung: str | None = None
    ) -> np.ndarray:
        """Return for each row an interval that holds its target with a stated probability.

        It is made of the errors on the rows that judged the model, by conformal prediction;
        `guarantee` says what is promised. From too few judged rows it is infinite. Where the fit
        was given ``interval_by``, that column is needed, and each of its values is covered by
        itself.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or one dict
            As in `predict`.
        coverage : float
            The share of rows that are to lie in their intervals, between 0 and 1.
        rung : str, optional
            As in `predict`.

        Returns
        -------
        ndarray of shape (n, 2)
            Lower and upper ends, in the target's units.

        Raises
        ------
        TargetError
            The target is a class.
        SpecError
            The coverage is none, or the model keeps no scores of judged rows.
        SchemaError
            A column is absent or of another kind.
        """
        from gradum.api.intervals import model_intervals

        ends, checked = model_intervals(self, data, coverage, rung)
        self._last.differences = checked.differences
        return ends

    def predict_set(
        self,
        data: Any,
        coverage: float = 0.9,
        *,
        rung: str | None = None,
        by_class: bool = False,
    ) -> list[tuple]:
        """Return for each row the classes of which one is its own with a stated probability.

        Made and promised as in `predict_interval`. The predicted class is always among them, so
        that no set is empty; this can only cover more.

        Parameters
        ----------
        data, coverage, rung
            As in `predict_interval`.
        by_class : bool
            Whether the coverage is to hold of the rows of each class by itself.

        Returns
        -------
        list of tuple
            Labels, in the order of `classes`.

        Raises
        ------
        TargetError
            The target is a number.
        SpecError, SchemaError
            As in `predict_interval`.
        """
        from gradum.api.intervals import model_sets

        sets, checked = model_sets(self, data, coverage, rung, by_class=by_class)
        self._last.differences = checked.differences
        return sets

    def predict_distribution(self, data: Any, *, rung: str | None = None) -> Distribution:
        """Return what may be expected of each row's target: a whole distribution.

        It is made of the signed errors on the rows that judged the model (a conformal predictive
        system), and promised as in `predict_interval`: of rows like those that judged, the
        probability that it gave of values up to the true one is uniform.

        Parameters
        ----------
        data, rung
            As in `predict`.

        Returns
        -------
        Distribution
            ``quantile(levels)``, ``interval(coverage)``, ``beyond(threshold)``,
            ``cumulative(values)``, ``mean`` and ``crps(target)``, each a row a line.

        Raises
        ------
        TargetError
            The target is a class.
        SpecError
            The model keeps no scores of judged rows.
        SchemaError
            A column is absent or of another kind.
        """
        from gradum.api.intervals import model_distribution

        distribution, checked = model_distribution(self, data, rung)
        self._last.differences = checked.differences
        return distribution

    def guarantee(
        self, coverage: float = 0.9, *, rung: str | None = None, by_class: bool = False
    ) -> Statement:
        """Say what intervals and sets are promised of new rows like those that judged.

        Returns
        -------
        Statement
            ``name`` is "split", "cross", "adaptive" or "none"; ``at_least`` is the least coverage,
            ``low`` and ``high`` say where that of 1,000 rows will lie, ``sentence`` has all in
            words, and of "none" the reason and the remedy.

        Raises
        ------
        SpecError
            As in `predict_interval`.
        """
        from gradum.api.intervals import model_guarantee

        return model_guarantee(self, coverage, rung, by_class=by_class)

    @cached_property
    def judges(self) -> tuple[Judge, ...]:
        """The models of a cross-validation, on which its guarantee rests; none of a hold-out."""
        from gradum.api.intervals import judges_of

        return judges_of(self)

    def _predict(self, data: Any, rung: str | None) -> Prediction:
        prediction, self._last.differences = predict(self.fitted, data, rung=rung)
        return prediction

    def evaluate(
        self,
        data: Any = None,
        *,
        by: str | Sequence[str] = (),
        metric: str | None = None,
        max_memory: int | str | None = None,
        sheet: str | None = None,
        query: str | None = None,
        encoding: str | None = None,
        skip_rows: int | None = None,
    ) -> Evaluation:
        """Score every rung on rows that hold the target, beside the run's own scores.

        Of a table that would take more than ``max_memory`` (bytes, or "2GB"; half of what is left
        if not given) so many rows are judged as there is room for, drawn by chance. ``sheet`` and
        ``query`` name a table of a workbook or a database, ``encoding`` and
        ``skip_rows`` say how a text is written, as in `gradum.fit`. How many of the rows
        the model was trained on is said by one that was fitted here, or was loaded from a run
        folder whose table is still what it was.

        ``by`` names columns, which the model need not use, by whose groups the rung in use is
        scored too: by a ``metric``, the run's own if left out, and for two classes by selection
        rate and rates of true and false positives; see `gradum.study.groups`. Without ``data``,
        the rows that judged the run are grouped.
        """
        grouping = grouping_of(self, by, metric)
        if data is None:
            return judged_by_group(self, grouping)
        known, unknown = known_rows(self.run, self.folder, self.fitted), ()
        if isinstance(known, str):
            unknown = (
                say(
                    "Whether the model was trained on these rows is not known: {cause}.",
                    cause=known,
                ),
            )
            known = None
        reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
        found = self._evaluated(data, max_memory, known, reading, grouping)
        return structs.replace(found, sentences=(*unknown, *found.sentences))

    def _evaluated(
        self,
        data: Any,
        max_memory: int | str | None,
        known: RunRows | None,
        reading: ReadingOptions,
        grouping: Grouping,
    ) -> Evaluation:
        most = None if max_memory is None else read_size(max_memory)
        with at_hand(data, reading) as table:
            bound = judging_bound(self.fitted, table, most)
            if bound is None:
                return evaluate(
                    self.fitted,
                    read(table),
                    run_rows=known,
                    judges=self.judges,
                    grouping=grouping,
                )
            with opened(table) as rows:
                return evaluate_in_blocks(
                    self.fitted,
                    rows,
                    bound,
                    run_rows=known,
                    judges=self.judges,
                    grouping=grouping,
                )

    def explain(
        self,
        data: Any = None,
        *,
        rows: int | Sequence[int] | None = None,
        background: Any = None,
        rung: str | None = None,
        scale: Scale | None = None,
        together: Sequence[Sequence[str]] = (),
        tolerance: float = 0.001,
    ) -> Explanation:
        """Say why rows are answered as they are: Shapley values by column, with their errors.

        A column's value φ is what it moves the answer away from the mean over background rows,
        averaged over all orders in which columns can come; the values of a row add up to its
        answer less that mean. A date, a text, a category with its missing flag: each column of the
        table is one, whatever the model makes of it.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or one dict, optional
            Rows to explain; a loaded run's own table if left out.
        rows : int or sequence of int, optional
            Numbers of rows, from 1; all if left out.
        background : path or data frame, optional
            Rows that stand for what the other columns are like; 200 rows that the run learned
            from, if it keeps them.
        rung : str, optional
            As in `predict`.
        scale : {"probability", "log-odds", "target"}, optional
            Of the answers. Probabilities and numbers add up over the members of a pack,
            log-odds do not.
        together : sequence of columns
            Each group of columns is one player, such as ``[["length", "width"]]``.
        tolerance : float
            Of more than twelve columns, or where exact values would take more than about a second
            a row, values are drawn until the half-width of their 95% intervals is below this share
            of the range of the answers, or that second is spent. A share below a thousandth takes
            the time that it needs.

        Returns
        -------
        Explanation
            It shows itself; ``frame`` has one line a row, column and class, ``reasons`` names what
            speaks most against an answer, ``overall()`` says what the columns do over all rows, and
            ``interactions()`` which pairs act together.

        Raises
        ------
        SpecError
            There is no such row, column, rung or scale, or there are no background rows.
        SchemaError
            A column is absent or of another kind.
        """
        refuse_after_fork()
        return explain_model(
            self,
            data,
            rows=rows,
            background=background,
            rung=rung,
            scale=scale,
            together=together,
            tolerance=tolerance,
        )

    def row_page(
        self,
        data: Any = None,
        *,
        row: int,
        path: str | os.PathLike | None = None,
        cache: Path | None = None,
        **options: Any,
    ) -> Page:
        """Explain one row on a self-contained HTML page, and write it to ``path`` if given.

        Parameters
        ----------
        data
            As in `explain`.
        row : int
            Its number, from 1.
        path : path, optional
        cache : path, optional
            As in `report`.
        **options
            As in `explain`: ``background``, ``rung``, ``scale``, ``together``, ``tolerance``.

        Raises
        ------
        SpecError, SchemaError
            As `explain`.
        OutputError
            The file cannot be written.
        """
        refuse_after_fork()
        from gradum.api.row_page import page_of_row  # charts, which an explanation does not need

        explanation = self.explain(data, rows=[row], **options)
        page = page_of_row(self, explanation, cache=cache)
        if path is not None:
            write_text(path, page)
        return Page(page)

    def effects(
        self,
        columns: str | Sequence[str] | None = None,
        *,
        rows: Any = None,
        background: Any = None,
        rung: str | None = None,
        scale: Scale | None = None,
    ) -> EffectCurves:
        """Say what is answered as one column takes other values: partial dependence, ALE and ICE.

        Partial dependence is the mean answer once all background rows have the same value of the
        column. Accumulated local effects (ALE), of numbers and dates, move each row only between
        values that rows like it have, so that they tell apart columns that go together. ICE are
        the answers for one given row. All stand at the same values: quantiles of the background
        rows, levels, yes and no, and missing where rows lack a value.

        Parameters
        ----------
        columns : str or sequence of str, optional
            All but texts, which have no curve, if left out.
        rows : path, data frame, array, list of dicts or one dict, optional
            Up to 1,000 rows whose own curves are wanted.
        background : path or data frame, optional
            As in `explain`.
        rung : str, optional
            As in `predict`.
        scale : {"probability", "log-odds", "target"}, optional
            Of the answers.

        Returns
        -------
        EffectCurves
            It shows itself; ``frame`` has one line a column, class and value, with standard errors
            and the number of background rows near; ``curves`` has ICE.

        Raises
        ------
        SpecError
            There is no such column, rung or scale, a column is a text, the rows are too many, or
            there are no background rows.
        SchemaError
            A column is absent or of another kind.
        """
        refuse_after_fork()
        from gradum.api.effects import model_effects

        return model_effects(
            self, columns, rows=rows, background=background, rung=rung, scale=scale
        )

    def counterfactuals(
        self,
        data: Any = None,
        *,
        rows: int | Sequence[int],
        frozen: str | Sequence[str] = (),
        upward: str | Sequence[str] = (),
        downward: str | Sequence[str] = (),
        towards: Any = None,
        count: int = 3,
        background: Any = None,
        rung: str | None = None,
    ) -> Counterfactuals:
        """Say what would have changed an answer: the least changes of a row that do.

        The answer is the one of `predict`, which each change is replayed through. A change costs
        Σ |Δ| / (median absolute deviation) over numbers and dates, and 1 for each other level.
        Numbers stay within the range that was learned and keep their decimals, dates move by whole
        days, levels are known ones; what is missing stays so, and texts are not changed. Changes of
        one column and of two are all tried, on a grid, and then refined; more columns by a beam.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or one dict, optional
            The table of the rows; a loaded run's own if left out.
        rows : int or sequence of int
            Numbers of rows, from 1.
        frozen : str or sequence of str
            Columns that may not change.
        upward, downward : str or sequence of str
            Numbers that may only rise, or only fall; dates that may only become later, or earlier.
        towards : label or float, optional
            The class to reach; any other if left out. A number has to be given: at least it where
            it is above the present answer, at most it where it is below.
        count : int
            How many for each row, each changing other columns.
        background : path or data frame, optional
            Rows that the deviations are measured on; those that the run keeps if left out.
        rung : str, optional
            As in `predict`.

        Returns
        -------
        Counterfactuals
            They show themselves; ``frame`` has one line a changed column.

        Raises
        ------
        SpecError
            There is no such row, column, class or rung, a column has two limits, the answer is
            what is to be reached already, or there are no background rows.
        SchemaError
            A column is absent or of another kind.
        """
        refuse_after_fork()
        from gradum.api.counterfactual import counterfactuals_of_model

        return counterfactuals_of_model(
            self,
            data,
            rows=rows,
            frozen=frozen,
            upward=upward,
            downward=downward,
            towards=towards,
            count=count,
            background=background,
            rung=rung,
        )

    def alike(
        self,
        data: Any = None,
        *,
        row: int | None = None,
        count: int = 5,
        rung: str | None = None,
    ) -> AlikeRows:
        """Find the rows that the model learned from and takes to be most like a row.

        Rows are alike if the last layer makes the same of them; see
        `gradum.study.explanation.alike`. The run's table is read again, if the model was loaded.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or one dict, optional
            A table with the row; a loaded run's own table if left out, and then the row itself is
            none of those like it.
        row : int, optional
            Its number, from 1; to be left out of a table of one row.
        count : int
            How many to find.
        rung : str, optional
            As in `predict`.

        Returns
        -------
        AlikeRows
            It shows itself; ``frame`` has one line a row with its target, what the model says of
            it, and how near it is; ``values`` has their columns.

        Raises
        ------
        SpecError
            There is no such row or rung, or the rows learned from are not kept.
        SchemaError
            A column is absent or of another kind.
        """
        refuse_after_fork()
        from gradum.api.alike import alike_model

        return alike_model(self, data, row=row, count=count, rung=rung)

    def influence(
        self,
        data: Any = None,
        *,
        row: int | None = None,
        count: int = 10,
        rung: str | None = None,
    ) -> InfluentialRows:
        """Find the rows learned from that push an answer, or answers on the whole, most.

        A row's push is the answer less what it would be if the last layer had been refitted
        without the row, all before it held: exact for least squares, one Newton step for other
        losses; see `gradum.study.explanation.influence`.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or one dict, optional
            A table with the row asked about; a loaded run's own table if left out.
        row : int, optional
            Its number, from 1. With no table and no row, up to 200 of the rows learned from are
            asked about.
        count : int
            How many to find.
        rung : str, optional
            As in `predict`.

        Returns
        -------
        InfluentialRows
            It shows itself; ``frame`` has one line a row with its target and its push.

        Raises
        ------
        SpecError
            There is no such row or rung, the rows learned from are not kept, or the rung learned
            by a loss without curvature.
        SchemaError
            A column is absent or of another kind.
        """
        refuse_after_fork()
        from gradum.api.alike import influence_model

        return influence_model(self, data, row=row, count=count, rung=rung)

    def watch(
        self,
        data: Any,
        *,
        reference: Any = None,
        rung: str | None = None,
        labels: str | None = None,
        stream: bool = False,
        by: str | Sequence[str] = (),
        at_most: float | None = None,
        beyond: float | None = None,
        state: str | os.PathLike | None = None,
        sheet: str | None = None,
        query: str | None = None,
        encoding: str | None = None,
        skip_rows: int | None = None,
    ) -> Watch:
        """Say whether new rows are like those that the model learned from, and what differs.

        Each column, all of them together, and the answers are held against the rows of the fit,
        of which the model file has a summary. Of rows that are alike, at most 5% of watches find
        any drift. Drift that moves the answers by less than 2% of their deviation is no alarm.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or iterable of such
            New rows: 20 at least.
        reference : path or data frame, optional
            Rows to compare with, in place of those that the model learned from.
        rung : str, optional
            As in `predict`; its answers are not compared with those for the judged rows unless it
            is the one in use.
        labels : str, optional
            The column of labels, for ``stream`` and ``by``; the target if left out.
        stream : bool
            Count errors in the order of the rows, and raise an alarm once their rate is shown to be
            above a bound, which holds however often it is looked at; see
            `gradum.study.watch.sequence`.
        by : str or sequence of str
            Columns by whose groups rows with labels are scored, as by `evaluate`.
        at_most : float, optional
            The rate of errors that is tested; if left out, the highest that the judged rows leave
            possible.
        beyond : float, optional
            Of numbers: from which distance on a prediction is an error; if left out, the one that
            90% of the judged rows keep within.
        state : path, optional
            A JSON file that the count of errors is carried on from, if it is there, and written to.
        sheet, query, encoding, skip_rows : optional
            How ``data`` is read, as in `gradum.fit`.

        Returns
        -------
        Watch
            It shows itself; ``alarm`` says whether there is one, ``frame`` has one line a column,
            ``found`` everything as plain values, and ``page()`` a page.

        Raises
        ------
        SpecError
            There is no such rung, or the model's file is of an earlier gradum.
        SchemaError
            A column is absent or of another kind.
        TableError
            The rows are too few.
        """
        refuse_after_fork()
        from gradum.api.watch import watch_model  # trees and charts
        from gradum.api.watch_labels import LabelOptions

        asked = LabelOptions(labels, stream, by, at_most, beyond, state)
        reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
        return watch_model(
            self, data, reference=reference, rung=rung, labels=asked, reading=reading
        )

    @with_checked_arguments
    def verify(
        self,
        properties: str | Sequence[str] = (),
        data: Any = None,
        *,
        file: str | os.PathLike | None = None,
        where: str = "",
        rows: int = 100,
        rung: str | None = None,
        seconds: float = 300.0,
        seed: int = 0,
        sheet: str | None = None,
        query: str | None = None,
        encoding: str | None = None,
        skip_rows: int | None = None,
    ) -> PropertyReport:
        """Prove properties of the model on all rows that there could be, or find a counterexample.

        ``range LOW..HIGH [of CLASS]``: the number, or the probability of a class, stays within.
        ``monotone COL+ [of CLASS]``, or ``COL-``: of two rows that differ in that column alone, the
        one with more of it has no lesser answer, or no greater one.
        ``irrelevant COL [within T] [of CLASS]``: two rows that differ in that column alone have the
        same answer, or answers no farther apart than T.
        ``robust COL ±N, COL ±N%, COL any [within T]``: while these columns of a row move so far, at
        once, its class stays what it is, or its number moves by at most T.

        Of two classes, the second one's probability counts if none is named. Differences by the
        rounding of single precision, of 1e-6 (of numbers, of the range of the training targets), do
        not count. All but ``robust`` are asked of the whole domain, which is that of the rows
        learned from: ranges of numbers, whole ones where they all were, and levels that were met.

        Parameters
        ----------
        properties : str or sequence of str
        data : path, data frame, array, list of dicts or iterable of such, optional
            A table around whose rows ``robust`` is asked.
        file : path, optional
            TOML with more properties: a table ``[[property]]`` for each, with ``holds`` and perhaps
            ``where``.
        where : str
            A region, such as ``age 30..60, sex female|male``, in place of the whole domain.
        rows : int
            How many rows of the table are looked at, drawn by chance.
        rung : str, optional
            As in `predict`.
        seconds : float
            Of wall time, for all properties; what is open then is not decided.
        seed : int
            Of the search for counterexamples and of the draw of rows.
        sheet, query, encoding, skip_rows : optional
            How ``data`` is read, as in `gradum.fit`.

        Returns
        -------
        PropertyReport
            It shows itself; ``verdict`` is that of all together, ``frame`` has one line a property,
            ``found`` everything as plain values. What is proved holds of the model as it is
            deployed. What is refuted has a counterexample, rows of which `predict` says so.

        Raises
        ------
        PropertyError
            A property cannot be read or contradicts itself, or its region is empty.
        ColumnError, SpecError
            It names a column that is not there, or of the wrong kind.
        NotCertifiableError
            No bounds can be taken of the rung.
        """
        refuse_after_fork()
        from gradum.api.properties import verify_model

        reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
        return verify_model(
            self,
            properties,
            data,
            file=file,
            where=where,
            rows=rows,
            rung=rung,
            seconds=seconds,
            seed=seed,
            reading=reading,
        )

    @with_checked_arguments
    def stress(
        self,
        data: Any,
        *,
        rows: int = 100,
        budget: str | Mapping[str, float] = "iqr",
        levels: int = 0,
        share: float = 0.1,
        frozen: str | Sequence[str] = (),
        upward: str | Sequence[str] = (),
        downward: str | Sequence[str] = (),
        together: Sequence[Sequence[str]] = (),
        rung: str | None = None,
        time_limit: float | None = None,
        certify: float = 1.0,
        sheet: str | None = None,
        query: str | None = None,
        encoding: str | None = None,
        skip_rows: int | None = None,
    ) -> StressTest:
        """Say how little changes an answer, and what the accidents of tables do to the score.

        Rows are attacked: of each, the least ε is looked for such that a copy whose columns have
        all moved by at most ε is answered otherwise; and, as far as it can be proved, the largest ε
        within which there is none. Then one column after the other is corrupted in a tenth of the
        rows, as units, gaps and typing errors would, and it is said whether a watch notices. See
        `gradum.study.stress`.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or iterable of such
            A table; with the target, it is scored.
        rows : int
            How many to attack, drawn by chance.
        budget : {"iqr", "quantile"} or dict of str to float
            What ε counts: interquartile ranges of the rows learned from; shares of their ranks; or
            multiples of an amount by column, in its own unit (days of dates), while columns that
            are not named stay.
        levels : int
            How many categories, yes and no, may be others besides.
        share : float
            Of the training target's range, by which a number must move for its answer to count as
            changed.
        frozen : str or sequence of str
            Columns that may not change.
        upward, downward : str or sequence of str
            Columns that may only rise, or only fall.
        together : sequence of sequences of str
            Groups of columns that shift by the same amount, such as a sum and its largest part.
        rung : str, optional
            As in `predict`.
        time_limit : float, optional
            Seconds for the attack, which takes half of them at most, and the proofs. One row is
            always attacked, and the corruptions take their time besides.
        certify : float
            Seconds for each row, on the average, in which it is proved up to which ε its answer
            stays; 0 proves nothing. Where that time ends a search, another run may prove more.
        sheet, query, encoding, skip_rows : optional
            How ``data`` is read, as in `gradum.fit`.

        Returns
        -------
        StressTest
            It shows itself; ``frame`` has one line a row, ``corruptions`` one a corruption,
            ``found`` everything as plain values, and ``page()`` a page.

        Raises
        ------
        SpecError
            There is no such rung, column or budget, nothing may change, or a number makes no sense.
        SchemaError, TargetError
            A column is absent or of another kind, or a label was never seen.
        TableError
            There are no rows.
        """
        refuse_after_fork()
        from gradum.api.stress import stress_model, threat_of

        threat = threat_of(
            self.fitted,
            budget=budget,
            levels=levels,
            share=share,
            frozen=frozen,
            upward=upward,
            downward=downward,
            together=together,
        )
        reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
        return stress_model(
            self,
            data,
            threat=threat,
            rows=rows,
            rung=rung,
            time_limit=time_limit,
            certify=certify,
            reading=reading,
        )

    @with_checked_arguments
    def trust(
        self,
        data: Any = None,
        *,
        by: str | Sequence[str] = (),
        thresholds: str | os.PathLike | Mapping[str, Any] | None = None,
        rerun: bool = False,
        sheet: str | None = None,
        query: str | None = None,
        encoding: str | None = None,
        skip_rows: int | None = None,
    ) -> TrustReport:
        """Say what holds of the model, what fails, and what was not checked.

        Every line holds something that is known of the model against a threshold: data, scores,
        calibration, coverage, groups, explanations, stress, properties, drift, reproducibility.

        Parameters
        ----------
        data : path or data frame, optional
            New rows; with the target, scores, calibration and coverage are checked on them too.
        by : str or sequence of str
            Columns whose groups are held against each other, as by `evaluate`.
        thresholds : path or dict, optional
            What is asked, as ``gradum trust --write-thresholds FILE`` writes it.
        rerun : bool
            Whether to fit the run again and compare the weights to the bit.
        sheet, query, encoding, skip_rows : optional
            How ``data`` is read, as in `gradum.fit`.

        Returns
        -------
        TrustReport
            It shows itself; ``failed`` says whether a demand failed, ``frame`` has one line each,
            ``not_checked`` what nothing is known of, ``content`` everything as plain values, and
            ``page()`` a page.

        Raises
        ------
        SpecError
            The thresholds cannot be used, or the rows not be grouped so.
        SchemaError, TableError
            The new rows do not match the model.
        """
        refuse_after_fork()
        from gradum.api.trust.report import trust_model

        reading = make_reading(sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows)
        return trust_model(self, data, by=by, thresholds=thresholds, rerun=rerun, reading=reading)

    def surrogate(self) -> SurrogateTree:
        """Grow a tree of at most four questions that says what the rung in use says.

        Its fidelity is R² of the answers, on rows that it was not grown on; below 0.8 it is not
        shown. How far the linear rung says the same is told as well.

        Returns
        -------
        SurrogateTree
            It shows itself; ``frame`` has one line a rule.

        Raises
        ------
        SpecError
            The model was loaded from a file alone, or there is no tree.
        """
        refuse_after_fork()
        from gradum.api.surrogate import surrogate_of

        return surrogate_of(self)

    def score(self, data: Any) -> float:
        """Return the accuracy on rows that hold the target, or R² of numbers; `evaluate` has all.

        Raises
        ------
        SchemaError, TargetError
            As `evaluate`; or R² is undefined, as all targets are equal.
        """
        found = self.evaluate(data).judgement.scores[self.used]["test"]
        name = "accuracy" if self.classes else "r2"
        if name not in found:
            metric = METRICS[name]
            raise TargetError(
                say(
                    "{metric} is undefined on these rows: {cause}.",
                    metric=say(metric.title),
                    cause=say(metric.undefined),
                ),
                say("Give others."),
            )
        return found[name].value

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
        """The linear rung's coefficients in raw units, with the column each came from."""
        refuse_after_fork()
        return coefficients(self.fitted)

    @property
    def importance(self) -> pl.DataFrame:
        """What the loss of the rung in use rises by when a column is shuffled, the largest first.

        The columns column, increase, low, high; none are known of a model that was loaded from a
        file alone.
        """
        found = None if self.findings is None else self.findings.importance
        rows = [
            (each.column, each.increase.value, each.increase.low, each.increase.high)
            for each in (found.columns if found else ())
        ]
        schema = {"column": pl.String, "increase": float, "low": float, "high": float}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def summary(self) -> str:
        """Return the verdict and the ladder as text."""
        return judgement_text(self.fitted)

    def inference(self, **options: Any) -> Summary:
        """Return the regression table of an unpenalised linear model of the run's rows.

        All rows count, those that judge too; ``options`` are ``loss``, ``covariance``,
        ``weights``, ``level`` and ``alpha`` of `gradum.infer`. A weight is that of one row, and
        standard errors then robust, unless they say otherwise.

        Raises
        ------
        SpecError
            The model was loaded, and has no rows at hand; or an option makes no sense.
        """
        if self.run is None:
            raise SpecError(
                say("A loaded model has no rows at hand."), say("Use gradum.infer on its table.")
            )
        return infer_run(self.run, **options)

    @cached_property
    def findings(self) -> Findings | None:
        """What the judged rows show of the rung in use; None without the run that judged them.

        Worked out when it is first asked for: importance, segments and the learning curve take
        about as long as the training did, at most.
        """
        if self.run is None or self.run.judged is None:
            return None
        return examine(self.run)

    def report(self, path: str | os.PathLike | None = None, *, cache: Path | None = None) -> Page:
        """Return the report as one self-contained HTML page, and write it to ``path`` if given.

        A model that was loaded from a file has no judged rows at hand: its report shows the
        verdict, the scores and the columns. ``gradum report RUN`` has them all.

        Parameters
        ----------
        path : path, optional
        cache : path, optional
            A folder that keeps the charts' script from one report to the next. It is not used if
            others can write to it.

        Returns
        -------
        Page
            Text, which a notebook shows as a line rather than as a million characters.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        refuse_after_fork()
        from gradum.api.effects import foremost_effects
        from gradum.show.report import report_html  # charts, which a prediction does not need

        effects = foremost_effects(self)
        page = report_html(
            self.fitted, self.findings, effects=effects, source=self.source, cache=cache
        )
        if path is not None:
            write_text(path, page)
        return Page(page)

    def save(self, path: str | os.PathLike) -> None:
        """Write the model, every rung inside, to one file that `gradum.load` reads.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        bundle.save(self.fitted, path)

    def _repr_html_(self) -> str:
        refuse_after_fork()
        from gradum.show.notebook import fragment

        return fragment(self.fitted, self.findings)

    def __repr__(self) -> str:
        target = self.fitted.schema.target
        assert target is not None
        rungs = ", ".join(self.fitted.rungs)
        return f"<gradum.Model of {target.name} ({target.task}): {rungs}; using {self.used}>"
