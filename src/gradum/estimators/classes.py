"""Classes of the classifiers: labels, class weights and probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from gradum.core import LogLoss, Loss
from gradum.core.losses import resolve
from gradum.errors import SpecError, TargetError
from gradum.estimators.checked_rows import CheckedRows, MatrixLike
from gradum.margins import EQUAL, first_greatest


class Classifies(ClassifierMixin):
    """Predictions from logits: one column for two classes, K columns for K > 2.

    A subclass has ``classes_`` and provides ``_logits(X)``, [n, k].
    """

    classes_: np.ndarray
    class_weight: Any

    if TYPE_CHECKING:

        def _logits(self, X: Any) -> np.ndarray: ...

    def decision_function(self, X: MatrixLike) -> np.ndarray:
        """Return the logits: [n], log odds of ``classes_[1]``, for two classes; else [n, K]."""
        logits = self._logits(X)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Return the most probable label of each row, [n]; the first among equals."""
        logits = self._logits(X)
        codes = logits[:, 0] > EQUAL if logits.shape[1] == 1 else first_greatest(logits)
        return self.classes_[codes.astype(np.intp)]

    def predict_proba(self, X: MatrixLike) -> np.ndarray:
        """Return the probability of each class, in the order of ``classes_``, [n, K]."""
        return LogLoss().inverse_link(self._logits(X))

    def predict_log_proba(self, X: MatrixLike) -> np.ndarray:
        """Return the logarithms of ``predict_proba``, finite even where these are rounded to 0."""
        logits = self._logits(X)
        if logits.shape[1] == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        return scipy.special.log_softmax(logits, axis=1)


def class_loss(loss: Any) -> Loss:
    """Return the loss with this name, or the given loss itself.

    Raises
    ------
    SpecError
        It is not a loss for classes.
    """
    resolved = resolve(loss)
    if resolved.link != "logit":
        raise SpecError(
            "{loss} is no loss of classes.",
            "Use a regression's estimator for it.",
            loss=resolved.name,
        )
    if resolved.one_score:
        raise SpecError(
            "Estimators sort their classes, so that they know no order of them.",
            "Use gradum.fit with ordered, such as ordered={order!r}.",
            order="low<mid<high",
        )
    return resolved


def coded_rows(
    rows: CheckedRows, classes: np.ndarray | None, class_weight: Any
) -> tuple[CheckedRows, np.ndarray]:
    """Turn labels into codes 0 .. K-1, and class weights into row weights.

    Parameters
    ----------
    rows : CheckedRows
        Rows whose target holds labels.
    classes : ndarray or None
        The sorted classes, if they are already known.
    class_weight : dict, "balanced" or None
        Weight of each class; "balanced" is Σw / (K · Σw of the class).

    Raises
    ------
    TargetError
        There are fewer than two classes, or a label is not among the known ones.
    """
    check_classification_targets(rows.target)
    labels, codes = np.unique(rows.target, return_inverse=True)
    if classes is None:
        classes = labels
    elif not np.isin(labels, classes).all():
        raise TargetError(
            "The target has the classes {found}, but the known ones are {known}.",
            "Name all classes at the first fit.",
            found=labels.tolist(),
            known=classes.tolist(),
        )
    else:
        codes = np.searchsorted(classes, rows.target)
    if len(classes) < 2:
        raise TargetError(
            "The target has only one class, {label!r}.",
            "A classifier needs rows of at least two classes with a weight above 0.",
            label=classes.tolist()[0],
        )
    weight = rows.weight
    if class_weight is not None:
        by_class = compute_class_weight(
            class_weight, classes=classes, y=rows.target, sample_weight=weight
        )
        weight = by_class[codes] if weight is None else by_class[codes] * weight
    return rows.with_target(codes, weight), classes
