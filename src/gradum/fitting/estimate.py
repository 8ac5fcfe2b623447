"""How long a run will take and how much memory, told before it trains if either is much.

The formulas count floating-point operations. What one takes was measured on 20 tables of 1,000 to
330,000 rows, on one core that multiplies small float32 matrices at 95 GFLOP/s; the machine at hand
is timed for some milliseconds and compared with that. A figure is right within a factor of two or
three. A time limit is not scaled: its seconds are those of the machine at hand.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter

import numpy as np

from gradum.fitting.events import Expected
from gradum.fitting.linear import DENSE_LEVELS
from gradum.fitting.memory import Width, training_bytes
from gradum.fitting.mlp import ONE_HOT_LEVELS
from gradum.fitting.pack.held_out import MOST_ROWS
from gradum.fitting.pack.inputs import TEXT_COLUMNS, codes_each
from gradum.fitting.pack.muon import POLYNOMIALS
from gradum.fitting.pack.program import STEPS
from gradum.fitting.pack.spec import PackSpec
from gradum.fitting.pack.text_scores import SHARE_OF_TIME
from gradum.fitting.pack.text_scores import STRENGTHS as SCORE_STRENGTHS
from gradum.fitting.pack.wide import STRENGTHS, is_much_work
from gradum.fitting.plan import Plan
from gradum.fitting.spec import Spec
from gradum.solvers.convex import LARGEST_EXACT
from gradum.solvers.newton import LARGEST_DIRECT, LARGEST_SOFTMAX, LARGEST_SPARSE
from gradum.tables.design import Layout
from gradum.tables.memory import available_memory
from gradum.tables.wording import size

WORTH_TELLING = 60.0  # seconds
REFERENCE = 9.5e10  # floating-point operations a second, of the machine that was measured on

# seconds an operation
IN_NETWORK = 2e-11  # training a network: 6 a weight and row
IN_PACK = 1.5e-11  # the same for a pack; 2 a weight and held-out row
ADAM = 3e-9  # a step of a pack, each weight: its moments are read and written, however few rows
IN_FACTORISATION = 4e-11  # Gram matrices and Cholesky factors
IN_PRODUCT = 5e-10  # a matrix times a vector, which waits for memory
# seconds
COMPILING = 1.5
PACK_COMPILING = 2.0
STEP = 6e-5  # of a network's training, besides its arithmetic
VALUE = 2.5e-7  # encoded, taken and predicted in one fit
JUDGED = 1e-4  # a test row, its numbers predicted and resampled
JUDGED_CLASS, JUDGED_CLASSES = 2.5e-5, 2e-4  # more for each class, and where there are classes

EPOCHS = 0.8  # of the most, as early stopping leaves
PENALTIES = 0.8  # of those on the path
NEWTON_STEPS = 3  # a penalty, each starting from the one before
HESSIANS = 0.7  # a penalty, all folds sharing them
PRODUCTS = 30  # conjugate gradients a penalty
NONZERO_NGRAMS = 60  # a text


def expect(spec: Spec, plan: Plan, layout: Layout, classes: int) -> Expected | None:
    """Return what a run will take, None where that is neither long nor more than there is.

    Parameters
    ----------
    spec : Spec
    plan : Plan
        Its fits, and their rows.
    layout : Layout
        The columns of the Design.
    classes : int
        0 for regression.
    """
    slower = REFERENCE / _speed()
    packs = pack_seconds(spec, plan, layout, classes) * slower
    if spec.time_limit is not None:
        packs = min(packs, spec.time_limit)
    seconds = reference_seconds(spec, plan, layout, classes) * slower + packs
    width = Width.of(layout, classes, entries=min(len(layout.sparse), NONZERO_NGRAMS))
    needed = int(training_bytes(len(plan.kept), width, spec))
    left = available_memory()
    short = left is not None and needed > left
    if seconds <= WORTH_TELLING and not short:
        return None
    sentence = f"This will take about {_duration(seconds)} and {size(needed)} of memory."
    if short:
        sentence = (
            f"This will take about {size(needed)} of memory, but only {size(left or 0)} are left: "
            "give fewer rows, or leave out columns with --drop."
        )
    return Expected(seconds, needed, sentence)


def reference_seconds(spec: Spec, plan: Plan, layout: Layout, classes: int) -> float:
    """Return the seconds of all fits but packs, and of judging, on the machine measured on."""
    seconds = COMPILING if "mlp" in spec.rungs else 0.0
    judged = JUDGED + (JUDGED_CLASSES + JUDGED_CLASS * classes if classes else 0.0)
    for train, validation, test in _fits(spec, plan):
        rows = train + validation
        values = len(layout.dense) + 2 * len(layout.codes) + min(len(layout.sparse), NONZERO_NGRAMS)
        seconds += VALUE * (rows + test) * values + judged * test
        if "linear" in spec.rungs:
            seconds += _linear(spec, layout, rows, classes)
        if "mlp" in spec.rungs:
            seconds += _network(spec, layout, train, classes)
    return seconds


def pack_seconds(spec: Spec, plan: Plan, layout: Layout, classes: int) -> float:
    """Return the seconds that all packs of a run take without a time limit, on that machine."""
    if "pack" not in spec.rungs:
        return 0.0
    fits = _fits(spec, plan)
    return PACK_COMPILING + sum(
        _pack(spec, layout, train + validation, classes) for train, validation, _ in fits
    )


def _fits(spec: Spec, plan: Plan) -> list[tuple[int, int, int]]:
    """Return the rows that each fit trains on, is stopped by, and is judged by."""
    fits = [plan.kept, *plan.folds, *([plan.kept] if spec.refit else [])]
    counts = [np.bincount(parts[parts >= 0], minlength=4).tolist() for parts in fits]
    return [(train, validation, test) for train, validation, _, test in counts]


def _linear(spec: Spec, layout: Layout, rows: int, classes: int) -> float:
    """Return the seconds of a path of penalties and of the answer."""
    walks = 1 if rows > spec.linear.folds_up_to_rows else spec.linear.folds
    solves = 1 + walks * PENALTIES * len(spec.linear.strengths)
    outputs = classes if classes > 2 else 1
    expanded = [_one_hot(count) for count in layout.level_counts]
    columns = len(layout.dense) + sum(expanded) + len(layout.sparse)
    nonzeros = (
        len(layout.dense)
        + sum(count if count <= DENSE_LEVELS else 1 for count in expanded)
        + min(len(layout.sparse), NONZERO_NGRAMS)
    )
    sparse = len(layout.sparse) > 0 or max(expanded, default=0) > DENSE_LEVELS
    if not classes and columns <= (LARGEST_SPARSE if sparse else LARGEST_EXACT):
        gram = 2 * rows * columns**2 * IN_FACTORISATION
        solve = columns**3 * IN_FACTORISATION + 8 * rows * nonzeros * IN_PRODUCT
        return (1 + walks) * gram + solves * solve
    coefficients = outputs * (columns + 1)
    product = _product(rows, nonzeros, outputs)
    direct = LARGEST_SPARSE if sparse else LARGEST_DIRECT
    if coefficients <= (direct if outputs == 1 else LARGEST_SOFTMAX):
        hessians = HESSIANS * PENALTIES * len(spec.linear.strengths) + NEWTON_STEPS
        formed = hessians * rows * coefficients**2 * IN_FACTORISATION
        step = coefficients**3 / 3 * IN_FACTORISATION + product
        return formed + solves * NEWTON_STEPS * step
    return solves * PRODUCTS * product


def _product(rows: int, nonzeros: int, outputs: int) -> float:
    """Return the seconds of a step of conjugate gradients."""
    return rows * outputs * (4 * nonzeros + 40) * IN_PRODUCT  # 40: the loss's curvature


def _network(spec: Spec, layout: Layout, rows: int, classes: int) -> float:
    """Return the seconds of training a network."""
    inputs = len(layout.dense) + len(layout.sparse)
    for count in layout.level_counts:
        inputs += _one_hot(count) if count <= ONE_HOT_LEVELS else spec.mlp.embedding_size
    sizes = [inputs, *spec.mlp.hidden_layer_sizes, classes if classes > 2 else 1]
    weights = sum(before * after for before, after in pairwise(sizes))
    batch = spec.mlp.batch_size(rows)
    steps = EPOCHS * spec.mlp.max_epochs * -(-rows // batch)
    return steps * (STEP + 6 * batch * weights * IN_NETWORK)


def _pack(spec: Spec, layout: Layout, rows: int, classes: int) -> float:
    """Return the seconds of training a pack, and of the linear models that members begin with."""
    packed, numbers = spec.packed, len(layout.dense)
    codes = codes_each(numbers, packed)
    pairs = packed.pairs if numbers > 1 and codes else 0  # as if all were found
    inputs = (numbers + pairs) * (1 + codes)
    outputs = classes if classes > 2 else 1
    scores = outputs if layout.sparse and outputs <= packed.text_scores else 0
    inputs += min(len(layout.sparse), TEXT_COLUMNS) + scores
    for count in layout.level_counts:
        inputs += _one_hot(count) if count <= packed.one_hot_levels else packed.embedding_size
    sizes = [inputs, *packed.hidden_layer_sizes, outputs]
    weights = packed.members * sum(before * after for before, after in pairwise(sizes))
    held = -(-rows // packed.folds)
    learned, epochs = max(rows - held, 1), packed.epochs_for(rows)
    batch = packed.batch_for(learned)
    steps = STEPS * -(-learned // (STEPS * batch))  # of an epoch
    epoch = steps * (ADAM + 6 * batch * IN_PACK) + 2 * min(held, MOST_ROWS) * IN_PACK
    seconds = weights * epochs * epoch + _wide_starts(packed, inputs, outputs, learned)
    if packed.muon:
        seconds += steps * epochs * packed.members * _muon(packed.hidden_layer_sizes) * IN_PACK
    words = min(len(layout.sparse), NONZERO_NGRAMS)
    fits = packed.folds + PENALTIES * len(SCORE_STRENGTHS)
    scoring = fits * PRODUCTS * _product(rows, words, scores) if scores else 0.0
    if spec.time_limit is not None:
        scoring = min(scoring, SHARE_OF_TIME * spec.time_limit)
    return seconds + scoring


def _muon(hidden: tuple[int, ...]) -> float:
    """Return the operations of Muon's step: for each polynomial three products of matrices."""
    pairs = [sorted(pair) for pair in pairwise(hidden)]
    each = sum(4 * narrow**2 * wide + 2 * narrow**3 for narrow, wide in pairs)
    return len(POLYNOMIALS) * each


def _wide_starts(packed: PackSpec, columns: int, outputs: int, rows: int) -> float:
    """Return the seconds of a pack's linear models: a Gram matrix a fit, products for more."""
    if not packed.wide * packed.steps or is_much_work(columns, outputs, rows):
        return 0.0
    penalty = 2 * rows * columns**2 * IN_FACTORISATION
    if outputs > 1:  # dense columns times several outputs: a product of matrices
        penalty += PRODUCTS * rows * outputs * (4 * columns * IN_FACTORISATION + 40 * IN_PRODUCT)
    return (packed.folds + len(STRENGTHS)) * penalty


def _one_hot(levels: int) -> int:
    return 1 if levels == 2 else levels


def _speed() -> float:
    """Return the operations a second of a product of matrices too small for several cores."""
    matrix, times = np.ones((64, 64), np.float32), 10

    def seconds() -> float:
        began = perf_counter()
        for _ in range(times):
            np.matmul(matrix, matrix)
        return perf_counter() - began

    return times * 2 * 64**3 / min(seconds() for _ in range(30))


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{round(seconds, -1):.0f} seconds"
    minutes = seconds / 60
    if minutes < 100:
        return f"{minutes:.0f} minutes"
    return f"{minutes / 60:.0f} hours"
