"""One trained model of the ladder: data plus predict, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import pairwise, tee
from typing import Any

import numpy as np

from gradum.core.losses import Loss, resolve
from gradum.core.models.architecture import Architecture
from gradum.core.models.compiled import CompiledForward
from gradum.core.models.few_rows import FEW_ROWS, are_few
from gradum.core.models.input_blocks import Inputs, numbers_in, of_matrix, take
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.parameters import Params, dtype_of
from gradum.core_count import cores
from gradum.margins import first_greatest
from gradum.rungs.balance import ClassWeight
from gradum.rungs.located import Located
from gradum.rungs.post import PostStep
from gradum.rungs.spread.spread import Spread
from gradum.rungs.target_scale import TargetScale
from gradum.solvers.solution import Certificate, Status
from gradum.solvers.threads import at_once, in_order, one_thread_if_free
from gradum.tables.encode import Unencoded
from gradum.tables.kinds.design import Design
from gradum.tables.sources.stream import PREDICTED_ROWS

BLOCK_ROWS = PREDICTED_ROWS  # encoded and predicted at a time
MOST_CORES = 16  # each holds a block
BLOCK_NUMBERS = 2**27  # of the widest layer: however wide it is, a block takes at most a gibibyte

LEAST_STRIP, STRIP_ROWS = 256, 512
"""More rows than the first are divided, into strips of as many as the second.

In longer strips, threads give the lock of Python to each other less often. The number of cores does
not count: the last bits may hang on the strips.
"""

WORTH_STRIPS = 2**26
"""How many products of a weight and a number make a block worth to be divided among the cores.

Two threads of BLAS instead would wait for each other by spinning, on a busy machine for long.
"""

WORTH_COMPILING = 2**32
"""How many products of a weight and a number, over all rows, make the compiled forward worthwhile.

NumPy takes 0.1 s for so many, XLA a third of that, and compiling takes 0.2 s. For a pack, NumPy
takes 0.15 s, XLA six tenths of that, and compiling takes 1 s of a core. With twenty times as
many rows, compiling has paid for itself, and earlier if the program is cached or used again.
"""

LEAST_GAP = 1e-3
"""The least spread taken from quantiles, which may meet, on the scale they were learned on."""


@dataclass(frozen=True)
class Prediction:
    """What a rung says of n rows.

    ``value`` (n,) is the predicted number, in the target's units, or the index of the likeliest
    class; (n, k) for k quantiles. ``probability`` (n, K) has one column per class; None for
    regression. ``balanced`` (n, K) holds what the probabilities would be if all classes were
    equally common, if this decides which class is predicted; None if it does not.
    """

    value: np.ndarray
    probability: np.ndarray | None
    balanced: np.ndarray | None = None

    @classmethod
    def of_classes(cls, probability: np.ndarray, balanced: np.ndarray | None = None) -> Prediction:
        """Predict the likeliest class; of equally likely ones, the first."""
        deciding = probability if balanced is None else balanced
        return cls(first_greatest(deciding), probability, balanced)

    @classmethod
    def join(cls, blocks: Iterable[Prediction]) -> Prediction:
        """Concatenate what was said of blocks of rows."""
        several = list(blocks)
        if len(several) == 1:
            return several[0]
        return cls(
            np.concatenate([block.value for block in several]),
            joined([block.probability for block in several]),
            joined([block.balanced for block in several]),
        )

    @property
    def shares(self) -> np.ndarray:
        """The probabilities (n, K) of classes; only for predictions of classes."""
        assert self.probability is not None
        return self.probability

    @property
    def middle(self) -> np.ndarray:
        """The predicted number (n,), for several quantiles the middle one; or the class."""
        return self.value if self.value.ndim == 1 else self.value[:, self.value.shape[1] // 2]

    def take(self, rows: np.ndarray) -> Prediction:
        """Return what was said of the given rows."""
        return Prediction(
            self.value[rows],
            None if self.probability is None else self.probability[rows],
            None if self.balanced is None else self.balanced[rows],
        )


@dataclass(frozen=True)
class Rung:
    """A fitted rung of the ladder."""

    name: str
    """``baseline``, ``linear`` or ``mlp``."""
    loss: str
    """Its loss as `Loss.spelled`, which also turns logits into predictions."""
    network: Architecture
    params: Params
    """The model and its parameters; a baseline is a network without inputs."""
    input_layer: InputLayer | None
    """The frozen first layer; None for the baseline, which looks at no column."""
    target_scale: TargetScale | None
    """For regression."""
    clamp: bool
    """Whether numeric predictions are clamped to the range of the training targets."""
    status: Status
    certificate: Certificate
    history: tuple[Mapping[str, float], ...] = ()
    iterations: int = 0
    seconds: float = 0.0
    """How the fit ended, what proves it, its history (one mapping per epoch or step), the number of
    steps of its solver, and the seconds it took."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""
    """What the status means here; the status's own sentence unless more is known."""
    post: tuple[PostStep, ...] = ()
    """The steps that follow the logits, in order."""
    spread: Spread | None = None
    """How far numbers may lie from its predictions; None for classes, for several quantiles, which
    show this themselves, and where nothing is known of it."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what predictions have cached; it is made again when needed."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def learned_by(self) -> Loss:
        """The loss itself."""
        return resolve(self.loss)

    @property
    def stopped_early(self) -> bool:
        """Whether validation rows chose its epoch, rather than being learned from as well."""
        return self.certificate.kind == "validation"

    @property
    def is_minimum(self) -> bool:
        """Whether it is at the minimum of its loss, which another fit to these rows would find."""
        return self.certificate.kind == "stationary"

    @property
    def class_weight(self) -> ClassWeight | None:
        """The weights of the classes under which it was fitted; see `PriorShift`."""
        weights = (step.class_weight for step in self.post)
        return next((weight for weight in weights if weight is not None), None)

    @property
    def calibration(self) -> tuple[PostStep, ...]:
        """The steps that calibrate its probabilities; empty where that did not pay."""
        return tuple(step for step in self.post if step.calibrates)

    @property
    def block_rows(self) -> int:
        """The number of rows that are predicted at a time."""
        return max(1, min(BLOCK_ROWS, BLOCK_NUMBERS // max(self.network.widths)))

    def predict(self, design: Design | Unencoded) -> Prediction:
        """Predict the rows of a design, or rows that are encoded block by block."""
        return Prediction.join(self.predict_blocks(design.blocks(self.block_rows), len(design)))

    def logits(self, design: Design | Unencoded) -> np.ndarray:
        """Return the raw outputs (n, k), in float64."""
        blocks = self._logits_of_blocks(design.blocks(self.block_rows), len(design))
        return np.concatenate(list(blocks))

    def predict_blocks(self, designs: Iterable[Design], rows: int) -> Iterator[Prediction]:
        """Predict designs of up to ``block_rows`` rows one after the other, ``rows`` in all.

        Few rows go through NumPy, many through a compiled program, which gives the same predictions
        up to the rounding of float32 sums. While it runs, the next designs are taken from the
        iterable, and so perhaps made. The choice depends on the model and on ``rows`` alone. The
        program's prediction for a row depends neither on the designs' lengths nor on the number of
        cores.
        """
        few = are_few(rows)
        return (self.prediction(each, few=few) for each in self._logits_of_blocks(designs, rows))

    def locate(self, design: Design | Unencoded) -> Located:
        """Return where the targets of a design's rows are expected; only for numbers."""
        designs, same = tee(design.blocks(self.block_rows))
        return Located.join(map(self._located, designs, self._logits_of_blocks(same, len(design))))

    def features(self, design: Design, prediction: np.ndarray) -> np.ndarray:
        """Return what a spread may depend on (n, 1 + d): predictions (n,) and the dense inputs."""
        dense = self._dense(design)
        return prediction[:, None] if dense is None else np.column_stack([prediction, dense])

    def _dense(self, design: Design) -> np.ndarray | None:
        """Return the dense inputs (n, d); None if it looks at no column."""
        if self.input_layer is None:
            return None
        return numbers_in(self.input_layer(design.arrays, dtype=self.dtype))[0]

    def compiles(self, rows: int) -> bool:
        """Whether so many rows are worth a compiled program; a model of float64 never is."""
        able = self.network.compilable and self.dtype is np.float32
        return able and rows * self._products >= WORTH_COMPILING

    @cached_property
    def dtype(self) -> type:
        """The type in which it computes."""
        return dtype_of(self.params)

    @cached_property
    def _products(self) -> int:
        """The number of multiplications per row, without those by sparse columns."""
        if self.input_layer is None:
            return 0
        return self.network.products(self.input_layer.width(len(self.input_layer.centre), 0))

    def _logits_of_blocks(self, designs: Iterable[Design], rows: int) -> Iterator[np.ndarray]:
        if self.compiles(rows):
            return self._compiled(designs)
        return map(self._of_few if are_few(rows) else self._of_many, designs)

    def _of_few(self, design: Design) -> np.ndarray:
        return self._rows(self._inputs(design)).astype(np.float64)

    def _of_many(self, design: Design) -> np.ndarray:
        """Return the logits of a block of many rows, a short one multiplied as many are.

        So float64 has the same bits however the rows are divided.
        """
        inputs, rows = self._inputs(design), len(design)
        if are_few(rows):
            inputs = take(inputs, np.resize(np.arange(rows), FEW_ROWS + 1))
        with one_thread_if_free():
            if rows <= LEAST_STRIP or rows * self._products < WORTH_STRIPS:
                return self._rows(inputs)[:rows].astype(np.float64)
            count = max(-(-rows // STRIP_ROWS), 2)
            ends = [strip * rows // count for strip in range(count + 1)]
            strips = [take(inputs, slice(*strip)) for strip in pairwise(ends)]
            return np.concatenate(at_once(self._rows, strips)).astype(np.float64)

    def _inputs(self, design: Design) -> Inputs:
        if self.input_layer is None:
            return of_matrix(np.zeros((len(design), 0)))
        return self.input_layer(design.arrays, dtype=self.dtype)

    @cached_property
    def _rows(self) -> Callable[[Inputs], np.ndarray]:
        """The forward function in NumPy."""
        return self.network.rows(self.params)

    def _compiled(self, designs: Iterable[Design]) -> Iterator[np.ndarray]:
        def logits(design: Design) -> np.ndarray:
            return self._bulk(design.arrays).astype(np.float64)

        # While each core computes a block, the next one is taken.
        return in_order(logits, designs, most=min(cores(), MOST_CORES) + 1)

    @cached_property
    def _bulk(self) -> CompiledForward:
        """The forward function for many rows."""
        assert self.input_layer is not None
        return CompiledForward(self.input_layer, self.network, self.params, self.block_rows)

    def _located(self, design: Design, logits: np.ndarray) -> Located:
        """Locate each row's target by the rung's spread, or by its outermost quantiles."""
        seen = self.spread is not None and self.spread.looks_at_inputs
        return self.located(logits, self._dense(design) if seen else None)

    def located(self, logits: np.ndarray, dense: np.ndarray | None) -> Located:
        """Return where targets are expected, given logits (n, k) and the dense inputs (n, d).

        These are needed only where the spread depends on them.
        """
        centre = np.median(logits, axis=1)
        if logits.shape[1] > 1:
            gaps = centre - logits.min(axis=1), logits.max(axis=1) - centre
            return Located(centre, *(np.maximum(gap, LEAST_GAP) for gap in gaps))
        if self.spread is None:
            centre = self.learned_by.inverse_link(centre[:, None])
            return Located(centre, np.ones(len(centre)), np.ones(len(centre)))
        features = centre[:, None] if dense is None else np.column_stack([centre, dense])
        centre = self.learned_by.inverse_link(centre[:, None])
        return Located(centre, self.spread.below(features), self.spread.above(features))

    def prediction(self, logits: np.ndarray, *, few: bool | None = None) -> Prediction:
        """Turn logits (n, k) into numbers in the target's units, or class probabilities.

        Each of ``few`` rows has the bits that it has alone; if left out, their number decides.
        """
        few = are_few(len(logits)) if few is None else few
        deciding = logits
        for step in self.post:
            logits = _row_by_row(step, logits) if few else step(logits)
            deciding = logits if step.decides else deciding
        if self.target_scale is not None:
            numbers = self.learned_by.inverse_link(logits)
            return Prediction(self.target_scale.inverse(numbers, clamp=self.clamp), None)
        link = self.learned_by.inverse_link
        probability = np.asarray(link(logits))
        if deciding is logits:
            return Prediction.of_classes(probability)
        return Prediction.of_classes(probability, np.asarray(link(deciding)))


def _row_by_row(step: PostStep, logits: np.ndarray) -> np.ndarray:
    return np.concatenate([step(row) for row in logits[:, None]])


def joined(several: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Concatenate the arrays that are known; None if none is."""
    known = [array for array in several if array is not None]
    return np.concatenate(known) if known else None
