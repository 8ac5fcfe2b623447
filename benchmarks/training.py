"""The training of one network by each library: Adam, log loss, float32, rows shuffled every epoch.

A round is a training of as many epochs as take about a second; its figure is the number of steps
per second. The first round, one epoch from scratch, compiles whatever the library compiles.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.sides import Figures, Round, seconds

ROWS, COLUMNS = 20_000, 20
LEARNING_RATE = 1e-3
ROUND_SECONDS = 1.0
STEPS, FIRST = "steps/s", "first epoch, s"


def rows(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw whole batches of rows, about 20,000, and a label that depends partly on the columns."""
    rng = np.random.default_rng(0)
    count = steps_per_epoch(batch) * batch
    x = rng.standard_normal((count, COLUMNS), dtype=np.float32)
    score = np.sin(2.0 * x[:, 0]) + x[:, 1] * x[:, 2] + rng.standard_normal(count)
    return x, (score > 0).astype(np.int64)


def steps_per_epoch(batch: int) -> int:
    """Return how many batches the rows fill."""
    return max(1, round(ROWS / batch))


def widths(hidden: list[int]) -> list[int]:
    """Return the width of every layer, including the columns and the single logit."""
    return [COLUMNS, *hidden, 1]


def training(train: Callable[[int], object], steps: int) -> Round:
    """Return the round of a call that trains for some epochs of ``steps`` steps."""
    epochs = 0

    def taken() -> float:
        return seconds(lambda: train(epochs))

    def one_round() -> Figures:
        nonlocal epochs
        if epochs:
            return {STEPS: epochs * steps / taken()}
        epochs = 1
        first = taken()
        while taken() < ROUND_SECONDS / 2:  # a single epoch is mostly overhead
            epochs *= 2
        return {FIRST: first}

    return one_round


def gradum(hidden: list[int], batch: int) -> Round:
    """Fit gradum's estimator, in whole fits of a number of epochs."""
    from gradum import MLPClassifier

    x, y = rows(batch)

    def train(epochs: int) -> None:
        MLPClassifier(
            hidden,
            learning_rate=LEARNING_RATE,
            alpha=0.0,
            batch_size=batch,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,
            random_state=0,
        ).fit(x, y)

    return training(train, steps_per_epoch(batch))


def scikit_learn(hidden: list[int], batch: int) -> Round:
    """Fit scikit-learn's estimator, in whole fits of a number of epochs."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")  # from trainings that stop at their last allowed epoch
    x, y = rows(batch)

    def train(epochs: int) -> None:
        MLPClassifier(
            hidden,
            learning_rate_init=LEARNING_RATE,
            alpha=0.0,
            batch_size=batch,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,
            random_state=0,
        ).fit(x, y)

    return training(train, steps_per_epoch(batch))


def pytorch(hidden: list[int], batch: int, adam: dict[str, bool], compiled: str = "") -> Round:
    """Train by a plain loop over tensors; the batches of an epoch are gathered at once.

    ``adam`` holds options of the optimiser; ``compiled`` says what `torch.compile` is given:
    nothing, ``"loss"``, or ``"loss and step"``.
    """
    import torch

    if compiled and not (shutil.which("g++") or shutil.which("clang++")):
        raise ImportError("torch.compile finds no C++ compiler")
    torch.manual_seed(0)
    x, y = (torch.from_numpy(each) for each in rows(batch))
    y = y.to(x.dtype).unsqueeze(1)
    layers: list[torch.nn.Module] = []
    for above, below in itertools.pairwise(widths(hidden)):
        layers += [torch.nn.Linear(above, below), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, **adam)

    def loss_of(inputs: Any, target: Any) -> Any:
        return torch.nn.functional.binary_cross_entropy_with_logits(model(inputs), target)

    loss, step = loss_of, optimizer.step
    if compiled:
        loss = torch.compile(loss_of)
    if compiled == "loss and step":
        step = torch.compile(optimizer.step)

    def train(epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(len(x))
            batches = zip(x[order].split(batch), y[order].split(batch), strict=True)
            for inputs, target in batches:
                optimizer.zero_grad()
                loss(inputs, target).backward()
                step()

    return training(train, steps_per_epoch(batch))


def keras(hidden: list[int], batch: int) -> Round:
    """Train by Keras's own loop, on the backend that KERAS_BACKEND names."""
    import keras
    from keras import layers

    x, y = rows(batch)
    stack = [layers.Input((COLUMNS,))]
    stack += [layers.Dense(width, activation="relu") for width in hidden]
    model = keras.Sequential([*stack, layers.Dense(1)])
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )

    def train(epochs: int) -> None:
        model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=True, verbose=0)

    return training(train, steps_per_epoch(batch))


def flops(hidden: list[int], batch: int) -> int:
    """Return the floating-point operations of a step's matrix products, forward and backward."""
    return sum(2 * a * b * c for a, b, c in _products(hidden, batch))


def numpy_products(hidden: list[int], batch: int) -> Round:
    """Do only the matrix products of a step, in NumPy."""
    rng = np.random.default_rng(0)
    operands = [
        (rng.random((a, b), np.float32), rng.random((b, c), np.float32), np.empty((a, c), "f4"))
        for a, b, c in _products(hidden, batch)
    ]
    return _multiplying(np.matmul, operands, batch)


def torch_products(hidden: list[int], batch: int) -> Round:
    """Do only the matrix products of a step, in PyTorch."""
    import torch

    operands = [
        (torch.rand(a, b), torch.rand(b, c), torch.empty(a, c))
        for a, b, c in _products(hidden, batch)
    ]
    return _multiplying(torch.mm, operands, batch)


def _products(hidden: list[int], batch: int) -> list[tuple[int, int, int]]:
    """Return the shapes (a × b) · (b × c) of a step's products.

    They give a layer's outputs, the gradient of its weights, and, except for the first layer, the
    gradient of its inputs.
    """
    shapes = []
    for layer, (above, below) in enumerate(itertools.pairwise(widths(hidden))):
        shapes += [(batch, above, below), (above, batch, below)]
        if layer:
            shapes.append((batch, below, above))
    return shapes


def _multiplying(multiply: Any, operands: list[Any], batch: int) -> Round:
    steps = steps_per_epoch(batch)

    def train(epochs: int) -> None:
        for _ in range(epochs * steps):
            for left, right, out in operands:
                multiply(left, right, out=out)

    return training(train, steps)
