"""A policy as a model like any other: of a table of observations, whose target is the action."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from gradum.core.losses import learned_loss
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.network import Network
from gradum.games.environment import Environment
from gradum.games.episode import Episode
from gradum.run.dataset import labelled
from gradum.run.fingerprint import fingerprint
from gradum.run.fitted import Fitted, Provenance
from gradum.run.machine import this_machine
from gradum.run.options.options import make_spec
from gradum.run.reference.reference import Reference
from gradum.rungs.rung import Rung
from gradum.rungs.target_scale import TargetScale
from gradum.scores.interval import Interval
from gradum.solvers.solution import Certificate
from gradum.tables.columns import Column, Target
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import Schema
from gradum.tables.table import Table

ACTION = "action"


def rung_of(
    name: str,
    environment: Environment,
    network: Network,
    params: Mapping[str, Any],
    centre: np.ndarray,
    scale: np.ndarray,
    **known: Any,
) -> Rung:
    """Return a network's policy as a rung, which predicts the likeliest action, or the mean.

    Parameters
    ----------
    name : str
        ``linear`` or ``mlp``.
    network, params : Network, dict
        Its outputs are those of `gradum.games.ppo.action_distribution`, for actions in the
        environment's order.
    centre, scale : ndarray of shape (d,)
        By which observations are standardised.
    **known
        What else is known: status, iterations, seconds, settings.
    """
    # In float64, in which no observation of a table can make a number too large.
    *inner, last = (
        {part: np.asarray(array, np.float64) for part, array in layer.items()}
        for layer in params["layers"]
    )
    layers = [*inner, {part: _sorted(environment, array) for part, array in last.items()}]
    low, high = environment.bounds
    target_scale = None
    if not environment.actions:
        target_scale = TargetScale((low + high) / 2, (high - low) / 2, low, high)
    ones = np.ones(len(centre))
    return Rung(
        name=name,
        loss=learned_loss(len(environment.actions) or None).spelled,
        network=network,
        params={"layers": layers},
        input_layer=InputLayer(
            centre.astype(np.float64), scale.astype(np.float64), ones, False, (), ()
        ),
        target_scale=target_scale,
        clamp=target_scale is not None,
        certificate=Certificate("training"),
        **known,
    )


def _order(environment: Environment) -> np.ndarray:
    """Return the codes of the actions in the order in which a schema has its classes."""
    return np.array(sorted(range(len(environment.actions)), key=environment.actions.__getitem__))


def _sorted(environment: Environment, array: np.ndarray) -> np.ndarray:
    """Bring the outputs, the last axis, into the order of the classes."""
    order = _order(environment)
    if array.shape[-1] == 1:
        return -array if len(order) and order[0] else array
    return array[..., order]


def policy_of(rung: Rung, environment: Environment) -> Callable[[np.ndarray], np.ndarray]:
    """Return a rung as a policy: what it predicts, as codes in the environment's order."""
    order = _order(environment)

    def act(seen: np.ndarray) -> np.ndarray:
        value = rung.prediction(logits_of(rung, seen)).value
        return order[value] if len(order) else value

    return act


def logits_of(rung: Rung, seen: np.ndarray) -> np.ndarray:
    """Return a rung's logits (n, k) for observations (n, d)."""
    assert rung.input_layer is not None
    raw = {"dense": seen.astype(np.float64), "codes": np.zeros((len(seen), 0), np.int32)}
    return rung.network.forward(rung.params, rung.input_layer(raw, dtype=rung.dtype))


def probabilities(rung: Rung, environment: Environment, seen: np.ndarray) -> np.ndarray | None:
    """Return how likely each action is (n, A), in the environment's order; None for numbers."""
    probability = rung.prediction(logits_of(rung, seen)).probability
    return None if probability is None else probability[:, np.argsort(_order(environment))]


def states(environment: Environment, episodes: Sequence[Episode]) -> pl.DataFrame:
    """Return what was seen and done in episodes: observations, action, and episode and step."""
    seen = np.concatenate([each.observations for each in episodes]).astype(np.float64)
    acted = np.concatenate([each.actions for each in episodes])
    if environment.actions:
        action = pl.Series(list(environment.actions))[acted.astype(int)]
    else:
        action = pl.Series(acted, dtype=pl.Float64)
    columns = {name: seen[:, place] for place, name in enumerate(environment.observations)}
    return pl.DataFrame({**columns, ACTION: action})


def policy_model(
    environment: Environment,
    rungs: Sequence[Rung],
    frame: pl.DataFrame,
    *,
    seed: int,
    seconds: float,
    data: dict[str, str],
    mean_return: Interval | None,
) -> Fitted:
    """Return rungs as a fitted model of the states (n rows) that judged them.

    Nobody scores its answers against a target, since a policy has none but its return: it has no
    judgement.
    """
    spec = make_spec(ACTION, model="ladder", seed=seed)
    count = len(environment.actions)
    classes = tuple(sorted(environment.actions))
    columns = [
        Column(name, "numeric", "feature", distinct=frame[name].n_unique())
        for name in environment.observations
    ]
    kind = "categorical" if classes else "numeric"
    columns.append(Column(ACTION, kind, "target", distinct=frame[ACTION].n_unique()))
    task = "regression" if not count else "binary" if count == 2 else "multiclass"
    schema = Schema(environment.name, len(frame), tuple(columns), Target(ACTION, task, classes))
    dataset = labelled(Table(frame, environment.name, keep_totals=True), schema)
    encoder = Encoder.fit(dataset.frame, dataset.schema)
    used = rungs[-1]
    reference = Reference.of_rows(dataset, len(dataset), seed)
    reference = reference.with_answers(used.predict(dataset.rows(encoder).design), same_fit=True)
    machine = this_machine()
    provenance = Provenance(
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        versions=machine.versions,
        platform=machine.platform,
        threads=machine.threads,
        data=data | {"source": environment.name, "rows": f"{len(frame)}"},
        fingerprint=fingerprint(rungs),
        mean_return=mean_return,
    )
    named = {rung.name: rung for rung in rungs}
    return Fitted(spec, schema, encoder, named, None, provenance, None, reference)
