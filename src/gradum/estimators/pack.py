"""The packed ensemble as scikit-learn estimators that take raw tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import d2_pinball_score
from sklearn.utils import Tags, column_or_1d, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from gradum.core.losses import LOSSES, Loss
from gradum.errors import ShapeError, SpecError, TargetError
from gradum.estimators.solver_arguments import number_loss, seed_of
from gradum.estimators.teaching import fitted_teacher, given_teacher
from gradum.margins import first_greatest
from gradum.messages import listed
from gradum.run.monotone_columns import refuse_directions, refuse_unproven
from gradum.run.options.options import make_overrides
from gradum.run.spec.metric import metric_for
from gradum.rungs.context import Context, ignore
from gradum.rungs.number_ranges import refuse_time_limit
from gradum.rungs.pack.fit import fit_pack
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Prediction
from gradum.rungs.teacher import Teacher
from gradum.solvers.threads import between_turns, turn
from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import infer, require_features
from gradum.tables.sources.read import read
from gradum.tables.table import Table

FEWEST_ROWS = 10


class _Pack(BaseEstimator):
    """The common base of both estimators: a table's schema, its encoder and the pack."""

    def __init__(
        self,
        *,
        effort: str = "standard",
        time_limit: float | None = None,
        categorical: Sequence[str] = (),
        numeric: Sequence[str] = (),
        fold_case: Sequence[str] = (),
        monotonic_cst: Any = None,
        pack: PackSpec | None = None,
        teacher: Any = None,
        random_state: Any = None,
    ) -> None:
        self.effort = effort
        self.time_limit = time_limit
        self.categorical = categorical
        self.numeric = numeric
        self.fold_case = fold_case
        self.monotonic_cst = monotonic_cst
        self.pack = pack
        self.teacher = teacher
        self.random_state = random_state

    def _fit(
        self,
        X: Any,
        target: np.ndarray,
        weight: np.ndarray | None,
        classes: int | None,
        *,
        loss: Loss | None = None,
        metric: str | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        spec = self.pack or PackSpec.of_effort(self.effort)
        refuse_time_limit(self.time_limit)
        table = self._table(X)
        rows = len(table.frame)
        if len(target) != rows:
            raise ShapeError(
                "X has {rows:,} rows but y has {targets:,}.",
                "Give one target a row.",
                rows=rows,
                targets=len(target),
            )
        if rows < FEWEST_ROWS:
            raise TargetError(
                "X has {rows:,} rows to learn from.",
                "Give at least {fewest}.",
                rows=rows,
                fewest=FEWEST_ROWS,
            )
        weight = np.ones(rows) if weight is None else weight
        names = table.frame.columns
        overrides = make_overrides(
            numeric=tuple(self.numeric),
            categorical=tuple(self.categorical),
            fold_case=tuple(self.fold_case),
        )
        self.schema_ = infer(table, overrides=overrides)
        require_features(self.schema_)
        monotone = _directions(self.monotonic_cst, names)
        refuse_directions(monotone, self.schema_, classes)
        checked = check(table, self.schema_)
        self.encoder_ = Encoder.fit(checked.frame, self.schema_)
        used = np.flatnonzero(weight > 0)
        design = self.encoder_.transform(checked.frame)
        data = Rows(design, target, weight, classes, teacher=teacher, monotone=monotone).take(used)
        # Every event gives other fits their turn.
        context = Context(seed_of(self.random_state), tell=between_turns(ignore))
        with turn():
            self.rung_ = fit_pack(
                data,
                np.arange(len(data)) % 5 == 0,  # held out if no folds are possible
                spec,
                context,
                loss=loss,
                metric=metric,
                log_target=False,
                seconds=self.time_limit,
            )
        refuse_unproven([self.rung_], self.encoder_.layout, monotone)
        self.n_features_in_ = table.frame.width
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_iter_ = self.rung_.iterations
        self.certificate_ = self.rung_.certificate
        self.status_ = self.rung_.status

    def _teacher(
        self,
        X: Any,
        target: np.ndarray,
        weight: np.ndarray | None,
        classes: np.ndarray | None,
        predictions: ArrayLike | None,
    ) -> Teacher | None:
        """Return the teacher, if there is one, for rows with these labels or numbers."""
        if self.teacher is not None and predictions is not None:
            raise SpecError(
                "There are both a teacher and teacher_predictions.", "Leave one of them out."
            )
        if predictions is not None:
            return given_teacher(predictions, len(target), classes)
        if self.teacher is None:
            return None
        seed = seed_of(self.random_state)
        return fitted_teacher(self.teacher, X, target, weight, classes, seed)

    def _table(self, X: Any) -> Table:
        if isinstance(X, np.ndarray) and X.ndim != 2:
            raise ShapeError(
                "X has the shape {shape}.",
                "Reshape your data to a table of rows and columns.",
                shape=X.shape,
            )
        return read(_with_plain_names(X))

    def _predict(self, X: Any) -> Prediction:
        check_is_fitted(self, "rung_")
        checked = check(self._table(X), self.schema_, encoder=self.encoder_)
        designs = self.encoder_.blocks(checked.frame, self.rung_.block_rows)
        return Prediction.join(self.rung_.predict_blocks(designs, len(checked.frame)))

    def __sklearn_tags__(self) -> Tags:
        tags: Any = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = True
        return tags


class PackClassifier(ClassifierMixin, _Pack):
    """A packed ensemble for two or more classes, on raw tables.

    Many small networks with hyper-parameters of their own are trained as one program, each without
    one fold. On the rows that a network has not learned from, the metric determines at which epoch
    it was best, and which networks together make the model. Columns may be numbers, booleans,
    categories, dates or text, and values may be missing.

    Parameters
    ----------
    effort : str, default "standard"
        How many networks to train: ``"quick"``, ``"standard"`` or ``"best"``.
    metric : str, default "log_loss"
        The metric by which members are chosen: ``"log_loss"``, ``"auc"``, ``"accuracy"``,
        ``"balanced_accuracy"``, ``"macro_f1"``, ``"average_precision"`` or ``"brier"``, with the
        weights of the rows. Members always learn by log loss, which is added to the other metrics.
    time_limit : float, optional
        The most seconds that training may take; the result then depends on the clock.
    categorical, numeric : sequence of str
        Columns whose kind is set here rather than recognised.
    fold_case : sequence of str
        Columns whose levels are one if they differ in upper and lower case alone.
    monotonic_cst : array-like of int or dict of str -> int, optional
        As in scikit-learn's ``HistGradientBoostingClassifier``: as a numeric column with 1 rises,
        the probability of the second of two classes never falls; with -1 it never rises, whatever
        the values of the other columns; 0 leaves a column free. The signs of the weights prove it.
    class_weight : dict, "balanced" or None, default None
        Factor on the rows of each class; "balanced" is n / (K · rows of the class).
    pack : gradum.rungs.pack.spec.PackSpec, optional
        The complete spec of the pack, in place of the effort.
    teacher : estimator, optional
        A classifier with ``predict_proba`` from whose answers two of three members learn, each to
        its own extent; held-out labels choose among all members. A clone is fitted for each pair of
        folds, without both, on the raw rows, with their ``sample_weight`` if its ``fit`` takes one:
        28 fits at the standard effort, 6 at the quick one. The teacher takes no part in the
        predictions. How far each kept member listened is in ``rung_.settings["teaching"]``, and
        whether there was time to tell if that is better is in ``rung_.settings["heard"]``.
    random_state : int, RandomState or None, default None
        Decides every random choice.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels, sorted.
    schema_, encoder_, rung_
        The schema of the table, its encoder, and the pack.
    certificate_, status_, n_iter_
        The pack's loss on rows that it did not learn from but that chose the members, and so
        somewhat too good; why training ended; and after how many epochs.
    n_features_in_, feature_names_in_
        The columns.
    """

    def __init__(
        self,
        *,
        effort: str = "standard",
        metric: str = "log_loss",
        time_limit: float | None = None,
        categorical: Sequence[str] = (),
        numeric: Sequence[str] = (),
        fold_case: Sequence[str] = (),
        monotonic_cst: Any = None,
        class_weight: Any = None,
        pack: PackSpec | None = None,
        teacher: Any = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            effort=effort,
            time_limit=time_limit,
            categorical=categorical,
            numeric=numeric,
            fold_case=fold_case,
            monotonic_cst=monotonic_cst,
            pack=pack,
            teacher=teacher,
            random_state=random_state,
        )
        self.metric = metric
        self.class_weight = class_weight

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        teacher_predictions: ArrayLike | None = None,
    ) -> PackClassifier:
        """Train the pack.

        Parameters
        ----------
        X : data frame or array of shape (n, columns)
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.
        teacher_predictions : array-like of shape (n, K) or (n,), optional
            In place of a ``teacher``, the answers for these rows of a model that has learned from
            none of them, such as a pretrained or an older one: the probability of each class or,
            for two classes, that of the second. A row of NaN gives no answer.

        Raises
        ------
        GradumError
            The table or the target cannot be used, or a parameter makes no sense.
        """
        labels: np.ndarray = column_or_1d(y, warn=True)
        if any(_is_missing(label) for label in labels.tolist()):
            raise TargetError("The target has missing values.", "Leave out such rows.")
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise TargetError(
                "The target has only one class, {label!r}.",
                "A classifier needs rows of at least two classes.",
                label=self.classes_.tolist()[0],
            )
        metric = metric_for(self.metric, "binary" if len(self.classes_) == 2 else "multiclass")
        weight = _weights(sample_weight, len(labels))
        teacher = self._teacher(X, labels, weight, self.classes_, teacher_predictions)
        if self.class_weight is not None:
            by_class = compute_class_weight(self.class_weight, classes=self.classes_, y=labels)
            weight = by_class[codes] * (1.0 if weight is None else weight)
            teacher = teacher and teacher.weighed(by_class)
        self._fit(
            X,
            codes.astype(np.int64),
            weight,
            len(self.classes_),
            metric=metric.name,
            teacher=teacher,
        )
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probability of each class, in the order of ``classes_``, [n, K]."""
        probability = self._predict(X).probability
        assert probability is not None
        return probability

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable label of each row, [n]."""
        return self.classes_[first_greatest(self.predict_proba(X))]


class PackRegressor(RegressorMixin, _Pack):
    """A packed ensemble for a number, on raw tables.

    Parameters
    ----------
    loss : str or loss, default "squared_error"
        The loss that members minimise and are chosen by: ``"squared_error"`` (the mean),
        ``"absolute_error"`` (the median), or ``"quantile"``, one pack for several quantiles, with
        an output for each. ``gradum.Quantile((0.1, 0.9))`` states its own levels.
    quantiles : sequence of float, default (0.05, 0.5, 0.95)
        Levels of the loss ``"quantile"``, between 0 and 1, in ascending order; other losses ignore
        them.
    monotonic_cst : array-like of int or dict of str -> int, optional
        As in :class:`PackClassifier`, for the number, or for each quantile.
    effort, time_limit, categorical, numeric, fold_case, pack, teacher, random_state
        As those of :class:`PackClassifier`.

    Attributes
    ----------
    schema_, encoder_, rung_, certificate_, status_, n_iter_
        As those of :class:`PackClassifier`.
    n_features_in_, feature_names_in_
        The columns.
    """

    def __init__(
        self,
        *,
        loss: Any = "squared_error",
        quantiles: Sequence[float] = (0.05, 0.5, 0.95),
        effort: str = "standard",
        time_limit: float | None = None,
        categorical: Sequence[str] = (),
        numeric: Sequence[str] = (),
        fold_case: Sequence[str] = (),
        monotonic_cst: Any = None,
        pack: PackSpec | None = None,
        teacher: Any = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            effort=effort,
            time_limit=time_limit,
            categorical=categorical,
            numeric=numeric,
            fold_case=fold_case,
            monotonic_cst=monotonic_cst,
            pack=pack,
            teacher=teacher,
            random_state=random_state,
        )
        self.loss = loss
        self.quantiles = quantiles

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        teacher_predictions: ArrayLike | None = None,
    ) -> PackRegressor:
        """Train the pack.

        Parameters
        ----------
        X : data frame or array of shape (n, columns)
        y : array-like of shape (n,)
            Numbers.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.
        teacher_predictions : array-like of shape (n,), optional
            The answers for these rows of a model that has learned from none of them, as in
            :class:`PackClassifier`.

        Raises
        ------
        GradumError
            The table or the target cannot be used, or a parameter makes no sense.
        """
        target = np.asarray(column_or_1d(y, warn=True), np.float64)
        if not np.isfinite(target).all():
            raise TargetError("The target has missing or infinite values.", "Leave out such rows.")
        loss = _number_loss(self.loss, self.quantiles)
        weight = _weights(sample_weight, len(target))
        teacher = self._teacher(X, target, weight, None, teacher_predictions)
        self._fit(X, target, weight, None, loss=loss, teacher=teacher)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted number of each row, [n]; [n, k] for k quantiles, in ascending order.

        They are in the target's unit and within the range learned from. Quantiles are the mean of
        the members' quantiles, sorted if they crossed.
        """
        return self._predict(X).value

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return R² of the predictions; for several quantiles, the mean of their D².

        D² = 1 − L(predictions) / L(constant), where L is the pinball loss of a quantile and the
        constant is that quantile of y itself. It is 1 at best and 0 for that constant (Koenker and
        Machado, JASA 94, 1999): `sklearn.metrics.d2_pinball_score`.
        """
        check_is_fitted(self)
        if self.rung_.network.outputs == 1:
            return float(super().score(X, y, sample_weight))
        levels = _number_loss(self.loss, self.quantiles).quantiles
        scores = [
            d2_pinball_score(y, quantile, alpha=level, sample_weight=sample_weight)
            for level, quantile in zip(levels, self.predict(X).T, strict=True)
        ]
        return float(np.mean(scores))


def _number_loss(loss: Any, quantiles: Sequence[float]) -> Loss:
    """Return a loss that packs can learn for numbers; raise SpecError for any other."""
    chosen = number_loss(loss)
    if not chosen.homogeneous:  # members learn numbers in standard units
        learned = [name for name, other in LOSSES.items() if other.homogeneous]
        raise SpecError(
            "A network ensemble does not learn the loss {loss}.",
            "Choose among {losses}.",
            loss=chosen.name,
            losses=listed(learned),
        )
    return chosen.at_levels(quantiles) if isinstance(loss, str) else chosen


def _directions(monotonic_cst: Any, names: Sequence[str]) -> dict[str, int]:
    """Return the direction of each column that has one, 1 or -1."""
    if monotonic_cst is None:
        return {}
    if not isinstance(monotonic_cst, Mapping):
        signs = np.asarray(monotonic_cst)
        if signs.shape != (len(names),):
            raise SpecError(
                "monotonic_cst has the shape {shape}, for {columns} columns.",
                "Give one number a column, or a dict of names.",
                shape=signs.shape,
                columns=len(names),
            )
        monotonic_cst = dict(zip(names, signs.tolist(), strict=True))
    if not set(monotonic_cst.values()) <= {1, 0, -1}:
        raise SpecError("monotonic_cst has numbers other than 1, 0 and -1.", "Correct it.")
    return {str(name): int(sign) for name, sign in monotonic_cst.items() if sign}


def _is_missing(label: Any) -> bool:
    """Whether a value is None, not-a-number, or cannot tell whether it equals itself."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True


def _weights(sample_weight: Any, rows: int) -> np.ndarray | None:
    """Return the weights as an array (rows,); None if none are given."""
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, np.float64)
    if weight.shape != (rows,) or not (weight >= 0).all() or not 0 < weight.sum() < np.inf:
        raise ShapeError(
            "sample_weight must be one finite number a row, none below 0, some above.",
            "Correct it.",
        )
    return weight


def _with_plain_names(X: Any) -> Any:
    """Name the columns of a frame by strings; in pandas, their names need not be strings."""
    columns = getattr(X, "columns", None)
    if not hasattr(X, "copy") or columns is None or all(isinstance(name, str) for name in columns):
        return X
    X = X.copy()
    X.columns = [str(name) for name in columns]
    return X
