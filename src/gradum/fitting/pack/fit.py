"""The pack rung: members trained side by side, each without a fold, the best of them kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import scipy.optimize
import scipy.special
from sklearn.decomposition import TruncatedSVD

from gradum.core.losses import LOSSES, LogLoss, Loss
from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.core.models.network import Embedding, Params
from gradum.core.models.pack_network import PackNetwork
from gradum.fitting.folding import folds_up_to
from gradum.fitting.pack.members import (
    Members,
    coded_columns,
    codes_each,
    initial_codes,
    initial_weights,
)
from gradum.fitting.pack.program import STEPS, Batches, Program, folded
from gradum.fitting.pack.select import greedy
from gradum.fitting.pack.spec import PackSpec
from gradum.fitting.pack.wide import wide_start
from gradum.fitting.rows import Rows
from gradum.fitting.rung import Rung
from gradum.fitting.target_scale import TargetScale
from gradum.randomness import stream
from gradum.solvers.events import EpochDone
from gradum.solvers.solution import Certificate, Status
from gradum.tables.split import Part

SMOOTHED = 3  # epochs over whose mean held-out loss a member's best epoch is told
MOST_HELD = 8192  # held-out rows of a fold that are looked at after every epoch
TEXT_COLUMNS = 64  # that all text columns together are brought down to
Walk = tuple[np.ndarray, np.ndarray]


def fit_pack(
    rows: Rows,
    validation: np.ndarray,
    spec: PackSpec,
    *,
    log_target: bool,
    seed: int,
    stop: Callable[[], bool],
    seconds: float | None = None,
) -> Generator[Any, None, Rung]:
    """Train the members, and keep those that together predict held-out rows best.

    Parameters
    ----------
    rows : Rows
        All rows that may be learned from.
    validation : ndarray of shape (n,)
        Rows that are held out where no folds can be made.
    spec : PackSpec
    log_target : bool
    seed : int
    stop : callable
        Asked between chunks; once true, the members of that moment are chosen from.
    seconds : float, optional
        The most that training may take; at least one chunk is trained.
    """
    began = perf_counter()
    scale = None
    target = rows.target
    if rows.classes is None:
        scale = TargetScale.fit(rows.target, rows.weight, log=log_target)
        target = scale.forward(rows.target)
    walks = _walks(rows, validation, spec, seed)
    training = _prepared(rows, target, walks, spec, seed, stop)
    yield from training.train(began, math.inf if seconds is None else began + seconds)
    params, network, held_out = training.chosen()
    if scale is not None:
        fitted = network.forward(params, training.inputs)[:, 0].astype(np.float64)
        scale = scale.with_smearing(rows.target, fitted, rows.weight)
    return Rung(
        name="pack",
        loss=training.loss.name,
        network=network,  # type: ignore[arg-type]
        params=params,
        input_layer=training.layer,
        target_scale=scale,
        clamp=True,
        status=training.status,
        certificate=Certificate("cross-fitted", validation_loss=held_out),
        history=tuple(training.history),
        iterations=len(training.history),
        seconds=perf_counter() - began,
        settings={
            "members": spec.members,
            "kept": network.members,
            "folds": len(walks),
            "codes": network.codes,
            "batch_size": training.batch_size,
            "steps": training.steps,
        },
    )


def _walks(rows: Rows, validation: np.ndarray, spec: PackSpec, seed: int) -> list[Walk]:
    """Return rows to learn from and rows held out, for each fold."""
    parts = folds_up_to(
        spec.folds,
        len(rows),
        labels=None if rows.classes is None else rows.target,
        groups=rows.groups,
        time=rows.time,
        validation=0.0,
        rng=stream(seed, "pack", "folds"),
    )
    walks = [
        (np.flatnonzero(part == Part.TRAIN), np.flatnonzero(part == Part.TEST)) for part in parts
    ]
    whole = (np.flatnonzero(~validation), np.flatnonzero(validation))
    return walks or [whole]


def pack_layer(rows: Rows, spec: PackSpec) -> InputLayer:
    """Robust scale and smooth clip; up to 40 levels become columns, more an embedding."""
    levels = rows.design.layout.level_counts
    treatments: tuple[Treatment, ...] = tuple(
        "sign" if count == 2 else "one_hot" if count <= spec.one_hot_levels else "embedding"
        for count in levels
    )
    return InputLayer.fit(rows.design.dense, levels, treatments, style="robust")


def _prepared(
    rows: Rows,
    target: np.ndarray,
    walks: list[Walk],
    spec: PackSpec,
    seed: int,
    stop: Callable[[], bool],
) -> Training:
    design, layer = rows.design, pack_layer(rows, spec)
    inputs = layer(design.dense, design.codes, design.sparse)
    projection = None
    if design.sparse is not None:
        projection = _projection(inputs["sparse"], seed)
    coded = coded_columns(inputs["dense"][:, : design.dense.shape[1]])
    codes = codes_each(len(coded), spec)
    loss = LOSSES["squared_error" if rows.classes is None else "log_loss"]
    embedding = None
    if layer.embedded_columns:
        embedding = Embedding(layer.embedding_rows, layer.embedded_columns, spec.embedding_size)
    projected = 0 if projection is None else projection.shape[1]
    network = PackNetwork(
        members=spec.members,
        inputs=inputs["dense"].shape[1] + projected,
        outputs=loss.outputs(rows.classes),
        hidden=spec.hidden_layer_sizes,
        coded=coded if codes else (),
        codes=codes,
        link="identity" if rows.classes is None else "logit",
        embedding=embedding,
        projected=projected,
    )
    text = {} if projection is None else {"projection": projection}
    dense, _ = network.flat(text, inputs)
    flat = {"dense": dense} | ({"codes": inputs["codes"]} if embedding else {})
    members = Members.draw(spec, folds=len(walks), seed=seed)
    learned = [train for train, _ in walks]
    codes_drawn = initial_codes(
        network,
        members,
        dense,
        target,
        rows.weight,
        learned,
        classes=rows.classes is not None,
        seed=seed,
    )
    params = initial_weights(network, codes_drawn, flat, learned, members, seed=seed)
    training = Training(
        network,
        loss,
        spec,
        layer,
        members,
        walks,
        inputs,
        flat,
        text,
        target,
        rows.weight,
        _sources(rows, layer, network),
        params,
        seed,
        stop,
    )
    training.begin_wide()
    return training


def _projection(text: Any, seed: int) -> np.ndarray:
    """Return the matrix [v, p] that brings text down to its p strongest directions."""
    size = min(TEXT_COLUMNS, text.shape[1] - 1, text.shape[0] - 1)
    if size < 1:
        return np.eye(text.shape[1], dtype=np.float32)
    drawn = int(stream(seed, "pack", "projection").integers(2**31))
    directions = TruncatedSVD(size, random_state=drawn).fit(text).components_.T
    spread = np.asarray(text @ directions).std(axis=0)
    return (directions / np.maximum(spread, 1e-6)).astype(np.float32)


def _sources(rows: Rows, layer: InputLayer, network: PackNetwork) -> np.ndarray:
    """Return the number of the column behind each number before the first layer, [D]."""
    layout = rows.design.layout
    _, sources = layer.columns(
        [(feature.name, feature.name) for feature in layout.dense],
        [(column.source, column.levels) for column in layout.codes],
        [],
    )
    dense = [*sources, *(f"text {i}" for i in range(network.projected))]
    names = [*dense, *(dense[place] for place in network.coded for _ in range(network.codes))]
    pairs = zip(layout.codes, layer.treatments, strict=True)
    embedded = [column.source for column, treatment in pairs if treatment == "embedding"]
    if network.embedding:
        names += [name for name in embedded for _ in range(network.embedding.size)]
    return np.unique(names, return_inverse=True)[1].astype(np.int32)


@dataclass(eq=False)
class Training:
    """The pack while it learns: what was drawn, and the best that each member has been."""

    network: PackNetwork
    loss: Loss
    spec: PackSpec
    layer: InputLayer
    members: Members
    walks: list[Walk]
    inputs: dict[str, Any]
    flat: dict[str, np.ndarray]
    text: dict[str, np.ndarray]
    target: np.ndarray
    weight: np.ndarray
    source: np.ndarray
    params: Params
    seed: int
    stop: Callable[[], bool]

    def __post_init__(self) -> None:
        self.program = Program(self.network, self._learned_loss)
        self.steps = 0
        self.history: list[dict[str, Any]] = []
        self.status = Status.EARLY_STOPPED
        self.learned = [self.walks[fold][0] for fold in self.members.fold]
        rng = stream(self.seed, "pack", "held")
        held = [
            rows if len(rows) <= MOST_HELD else np.sort(rng.choice(rows, MOST_HELD, replace=False))
            for _, rows in self.walks
        ]
        self.held = held
        size = -(-max(map(len, held)) // 256) * 256
        self._judged = np.stack([np.resize(held[fold], size) for fold in self.members.fold])
        rows = min(map(len, self.learned))
        self.batch_size = self.spec.batch_for(rows)
        self.rows = max(map(len, self.learned))

    def begin_wide(self) -> None:
        """Give the members that begin with the linear model of their codes that model."""
        wide, last = self.params["wide"], self.params["layers"][-1]
        for fold, walk in enumerate(self.walks):
            own = np.flatnonzero((self.members.fold == fold) & self.members.begins_wide)
            if not len(own):
                continue
            first = slice(own[0], own[0] + 1)
            drawn = {name: each[first] for name, each in self.params.items() if name != "layers"}
            network = replace(self.network, members=1, embedding=None)
            columns = network.expand(drawn, self.flat["dense"][None], None, np)[0]
            found = wide_start(
                columns.astype(np.float64),
                self.target,
                self.weight,
                self.loss,
                self.network.outputs,
                walk,
                self.stop,
            )
            if found is None:
                return
            weights, biases, _ = found
            wide[own, : len(weights)] = weights
            last["weight"][own], last["bias"][own] = 0.0, biases

    def train(self, began: float, end: float) -> Generator[Any, None, None]:
        """Go through the epochs; keep each member as it was at its best."""
        fixed = {name: self.params[name] for name in ("shift", "slope", "wave", "wide")}
        learning = {
            name: self.params[name] for name in ("layers", "embedding") if name in self.params
        }
        m = self.network.members
        learning["scale"] = np.ones((m, self.network.first), np.float32)
        self._fixed = fixed
        state = self.program.start(learning)
        dense, codes = self._rows_of(self._judged)
        epochs = self.spec.epochs_for(self.rows)
        steps = max(STEPS, -(-(-(-self.rows // self.batch_size)) // STEPS) * STEPS)
        order = _Order(self.learned, self.batch_size, stream(self.seed, "pack", "order"))
        seeds = stream(self.seed, "pack", "dropout")
        self._best = np.full(m, np.inf)
        self._kept = [None] * m  # type: list[Params | None]
        self._said = np.zeros((m, self._judged.shape[1], self.network.outputs))
        self._note(learning, fixed, dense, codes, [], first=True)
        recent: list[np.ndarray] = []
        since, taken = 0, 0
        for epoch in range(1, epochs + 1):
            total = np.zeros(m)
            for _ in range(steps // STEPS):
                if self.stop() or (taken and perf_counter() > end):
                    self.status = Status.INTERRUPTED if self.stop() else Status.STEP_LIMIT
                    self._note(state.params, fixed, dense, codes, recent)
                    return
                progress = (taken + np.arange(STEPS)) / (epochs * steps)
                batches = self._batches(
                    order.take(STEPS), self._rate(progress, steps * epochs), seeds
                )
                state, losses = self.program.learn(state, fixed, self._hyper, batches)
                total += np.asarray(losses)
                taken += STEPS
                self.steps = taken
            improved, held = self._note(state.params, fixed, dense, codes, recent)
            since = 0 if improved else since + 1
            self.history.append(
                {
                    "epoch": epoch,
                    "objective": float(total.mean() * STEPS / steps),
                    "validation_loss": held,
                    "seconds": perf_counter() - began,
                }
            )
            yield EpochDone(
                epoch, taken, self.history[-1]["objective"], held, self.history[-1]["seconds"]
            )
            if since >= self.spec.patience:
                self.status = Status.EARLY_STOPPED
                return

    @property
    def _learned_loss(self) -> Loss:
        smoothing = self.spec.label_smoothing
        return LogLoss(smoothing) if smoothing and self.network.link == "logit" else self.loss

    @property
    def _hyper(self) -> Params:
        drawn = self.members
        return {
            "learning_rate": drawn.learning_rate,
            "decay": drawn.decay,
            "dropout": drawn.dropout,
            "column_dropout": drawn.column_dropout,
            "source": self.source,
            "columns": np.zeros(int(self.source.max(initial=-1)) + 1, np.float32),
        }

    def _rate(self, progress: np.ndarray, steps: int) -> np.ndarray:
        """Rise over two in a hundred steps, stay, and fall to 0 along a cosine."""
        flat = self.spec.flat
        falling = np.clip((progress - flat) / (1 - flat), 0, 1)
        rising = np.minimum(1, (progress * steps + 1) / max(1, 0.04 * steps))
        return (0.5 * (1 + np.cos(np.pi * falling)) * rising).astype(np.float32)

    def _rows_of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        dense = np.take(self.flat["dense"], rows, axis=0)
        return dense, np.take(self.flat["codes"], rows, axis=0) if "codes" in self.flat else None

    def _batches(self, rows: np.ndarray, rate: np.ndarray, seeds: np.random.Generator) -> Batches:
        dense, codes = self._rows_of(rows)
        target = self.target[rows]
        if not np.issubdtype(target.dtype, np.integer):
            target = target.astype(np.float32)
        weight = (self.weight[rows] / self.weight.mean()).astype(np.float32)
        drawn = seeds.integers(0, 2**32, STEPS, dtype=np.uint32)
        return Batches(dense, codes, target, weight, rate, drawn)

    def _note(
        self,
        params: Params,
        fixed: Params,
        dense: Any,
        codes: Any,
        recent: list[np.ndarray],
        *,
        first: bool = False,
    ) -> tuple[bool, float]:
        """Judge all members; keep those that are at their best. Before the first epoch only the
        linear models are.
        """
        logits = np.asarray(self.program.judge(params, fixed, dense, codes), np.float64)
        losses = np.empty(len(logits))
        for member, fold in enumerate(self.members.fold):
            rows = self.held[fold]
            values = self.loss.value(logits[member, : len(rows)], self.target[rows])
            losses[member] = np.average(values, weights=self.weight[rows])
        losses = np.where(np.isfinite(losses), losses, np.inf)
        if first:
            better = self.members.begins_wide & (losses < self._best)
        else:
            recent.append(losses)
            smoothed = np.mean(recent[-SMOOTHED:], axis=0)
            losses = smoothed
            better = smoothed < self._best
        if better.any():
            now = {name: value for name, value in folded(params).items()}
            now = _numpy(now)
            for member in np.flatnonzero(better):
                self._kept[member] = _member(now, member)
            self._best[better] = losses[better]
            self._said[better] = logits[better]
        return bool(better.any()), float(np.mean(losses[np.isfinite(losses)]))

    def chosen(self) -> tuple[Params, PackNetwork, float]:
        """Return the pack: its parameters, its network, and its loss on held-out rows."""
        m = self.network.members
        share = np.zeros(m)
        said, target, weight = [], [], []
        for fold, rows in enumerate(self.held):
            own = np.flatnonzero((self.members.fold == fold) & np.isfinite(self._best))
            if not len(own):
                continue
            answers = self._answers(self._said[own, : len(rows)])
            shares = greedy(answers, self.target[rows], self.weight[rows], picks=self.spec.picks)
            share[own] = shares
            said.append(np.tensordot(shares, answers, 1))
            target.append(self.target[rows])
            weight.append(self.weight[rows])
        share /= share.sum()
        kept = np.flatnonzero(share)
        members = [self._kept[member] for member in kept]
        params: Params = _stacked(members)
        params |= {name: each[kept] for name, each in self._fixed.items()}
        params |= self.text
        params["share"] = share[kept].astype(np.float32)
        held = np.concatenate(said), np.concatenate(target), np.concatenate(weight)
        sharpness, loss = self._sharpened(*held)
        params["sharpness"] = np.array([sharpness], np.float32)
        return params, replace(self.network, members=len(kept)), loss

    def _answers(self, logits: np.ndarray) -> np.ndarray:
        """Return numbers (J, n), or probabilities (J, n, K), of logits (J, n, k)."""
        if self.network.link == "identity":
            return logits[..., 0]
        if self.network.outputs == 1:
            yes = scipy.special.expit(logits)
            return np.concatenate([1 - yes, yes], axis=-1)
        return scipy.special.softmax(logits, axis=-1)

    def _sharpened(
        self, said: np.ndarray, target: np.ndarray, weight: np.ndarray
    ) -> tuple[float, float]:
        """Return the factor of the logits that suits held-out rows best, and their loss."""
        weight = weight / weight.sum()
        if self.network.link == "identity":
            return 1.0, float(np.square(said - target) @ weight)
        logits = np.log(np.maximum(said, 1e-12))

        def loss(factor: float) -> float:
            scaled = factor * logits
            own = np.take_along_axis(scaled, target[:, None], axis=1)[:, 0]
            return float((scipy.special.logsumexp(scaled, axis=1) - own) @ weight)

        found = scipy.optimize.minimize_scalar(loss, bounds=(0.5, 2.0), method="bounded")
        return float(found.x), float(found.fun)


class _Order:
    """Each member's own row order: shuffled again whenever it has been gone through."""

    def __init__(self, rows: list[np.ndarray], batch_size: int, rng: np.random.Generator) -> None:
        self._rows, self._size, self._rng = rows, batch_size, rng
        self._left = [np.zeros(0, np.intp)] * len(rows)

    def take(self, steps: int) -> np.ndarray:
        """Return the rows of the next steps, [steps, M, B]."""
        wanted, taken = steps * self._size, []
        for member, rows in enumerate(self._rows):
            left = self._left[member]
            while len(left) < wanted:
                left = np.concatenate([left, self._rng.permutation(rows)])
            taken.append(left[:wanted].reshape(steps, self._size))
            self._left[member] = left[wanted:]
        return np.stack(taken, axis=1)


def _numpy(params: Params) -> Params:
    import jax

    return jax.tree.map(np.asarray, params)


def _member(params: Params, member: int) -> Params:
    import jax

    return jax.tree.map(lambda each: each[member].copy(), params)


def _stacked(members: list[Any]) -> Params:
    import jax

    return jax.tree.map(lambda *each: np.stack(each), *members)
