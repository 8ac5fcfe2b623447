"""Classes that weigh the same while a model learns, and the way back to how common they are.

Under class weights w, a model learns the probabilities q of a world in which all classes are
equally common. Only the classes' shares differ between this world and the table, so in the table

    p_k = (q_k / w_k) / Σ_j (q_j / w_j),

which takes log w_k off the logit of class k (M. Saerens et al., "Adjusting the outputs of a
classifier to new a priori probabilities", Neural Computation 14, 2002). Labels stay those of the
balanced world, argmax q = argmax p w: balancing is meant to find a rare class more often.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradum.messages import marked, say

ClassWeight = Sequence[float]
"""The factor of the rows of each class [K]."""

NOTE = marked(
    "All classes had the same weight while the models learned. Probabilities are brought back to "
    "the shares that the classes have in the table; labels are not: a row's label is the class "
    "whose probability is largest relative to its share. The baseline predicts the table's shares."
)


def balance(totals: np.ndarray) -> np.ndarray:
    """Return W / (K · W_class) for the classes' total weights (K,), K of them above 0; 1 for 0."""
    present = np.count_nonzero(totals)
    return np.divide(totals.sum(), present * totals, out=np.ones(len(totals)), where=totals > 0)


def shift(class_weight: ClassWeight, outputs: int) -> np.ndarray:
    """Return by how much the logits (n, k) of the balanced world are too large (k,).

    This is log w, or log (w_1 / w_0) where one output tells two classes apart.
    """
    logarithm = np.log(np.asarray(class_weight))
    return logarithm[1:] - logarithm[:1] if outputs == 1 else logarithm


def threshold(class_weight: ClassWeight | None) -> float:
    """Return the probability from which the second of two classes is the label, w_0 / (w_0 + w_1).

    This is the share of the second class among the rows learned from; 0.5 without class weights, or
    for more classes.
    """
    if class_weight is None or len(class_weight) > 2:
        return 0.5
    return class_weight[0] / sum(class_weight)


def notes(class_weights: Sequence[ClassWeight | None]) -> tuple[str, ...]:
    """Return what must be said of models with these class weights."""
    return (say(NOTE),) if any(weights is not None for weights in class_weights) else ()
