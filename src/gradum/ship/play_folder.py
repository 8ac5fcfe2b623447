"""The folder of a game that was learned, and the state from which learning goes on.

``learning.gradum`` is written while a game is learned, and removed when that is done: while it
exists, learning was cut short, and can go on to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import msgspec
import numpy as np
import tomli_w

from gradum.errors import ModelFileError
from gradum.files import archive
from gradum.files.atomic import replacing, write_bytes, write_text
from gradum.games import GAMES
from gradum.games.judging import PolicyScore
from gradum.games.learning import CoursePoint, Learned
from gradum.games.played import Played, episode_table
from gradum.messages import as_text
from gradum.ship import bundle
from gradum.ship.layout import EPISODES, HISTORY, LEARNING, METRICS, POLICY, SPEC
from gradum.ship.run_spec import without_none
from gradum.tables.wording import shortened

if TYPE_CHECKING:
    from gradum.study.properties.result import Verification

FORMAT = 1


class PlaySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was asked.

    The game as the user names it, the seed, the steps, None for the game's own, and the properties
    of the network that are to be verified.
    """

    game: str
    seed: int = 0
    steps: int | None = None
    properties: tuple[str, ...] = ()


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``learning.gradum`` holds beside arrays."""

    format: int
    spec: PlaySpec
    updates: int
    course: tuple[CoursePoint, ...]


def keep(folder: Path, spec: PlaySpec, learned: Learned) -> None:
    """Write what is learned so far, so that learning can go on from it.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    leaves = jax.tree.leaves((learned.learner, learned.lanes))
    arrays = {f"{place}": np.asarray(leaf) for place, leaf in enumerate(leaves)}
    record = _Record(FORMAT, spec, learned.updates, learned.course)
    archive.write(folder / LEARNING, msgspec.to_builtins(record, enc_hook=as_text), arrays)


def is_unfinished(folder: Path) -> bool:
    """Whether a folder holds a game whose learning was cut short."""
    return (folder / LEARNING).exists()


def unfinished_spec(folder: Path) -> PlaySpec:
    """Return what was asked of a built-in game whose learning was cut short.

    No file makes gradum run code: whoever plays an environment of Python has to name it.

    Raises
    ------
    ModelFileError
        The file is damaged, or names another game.
    """
    spec = _record(folder, archive.read_manifest(folder / LEARNING)).spec
    if spec.game not in GAMES:
        raise ModelFileError(
            "{path} names the game {game!r}, which is not built in.",
            "Play again.",
            path=folder / LEARNING,
            game=shortened(spec.game),
        )
    return spec


def taken_up(folder: Path, begun: Learned) -> Learned:
    """Return what was learned, in the form of what is ``begun`` for the same game.

    Raises
    ------
    ModelFileError
        The file is damaged, or of another game.
    """
    manifest, arrays = archive.read(folder / LEARNING)
    record = _record(folder, manifest)
    shape = (begun.learner, begun.lanes)
    leaves, structure = jax.tree.flatten(shape)
    kept = [arrays.get(f"{place}") for place in range(len(leaves))]
    alike = len(arrays) == len(leaves) and all(
        array is not None and (array.shape, array.dtype) == (np.shape(leaf), np.asarray(leaf).dtype)
        for array, leaf in zip(kept, leaves, strict=True)
    )
    if not alike:
        raise ModelFileError(
            "{path} holds what was learned of another game.", "Play again.", path=folder / LEARNING
        )
    learner, lanes = jax.tree.unflatten(structure, kept)
    return Learned(learner, lanes, record.updates, record.course)


def _record(folder: Path, manifest: Mapping[str, Any]) -> _Record:
    try:
        return msgspec.convert(manifest, _Record)
    except msgspec.ValidationError as error:
        raise ModelFileError(
            "{path} cannot be read: {cause}.", "Play again.", path=folder / LEARNING, cause=error
        ) from error


def write(folder: Path, spec: PlaySpec, played: Played) -> None:
    """Write policy, scores, episodes, learning curve and spec.

    Raises
    ------
    OutputError
        A file cannot be written; those written before are whole.
    """
    bundle.save(played.fitted, folder / POLICY)
    write_bytes(folder / METRICS, metrics(played))
    with replacing(folder / EPISODES) as path:
        episode_table(played).write_parquet(path)
    course = map(partial(msgspec.json.encode, enc_hook=as_text), played.learned.course)
    write_bytes(folder / HISTORY, b"".join(point + b"\n" for point in course))
    asked = without_none(msgspec.to_builtins(spec, enc_hook=as_text))
    write_text(folder / SPEC, tomli_w.dumps(asked))


def metrics(played: Played, verified: Verification | None = None) -> bytes:
    """Return ``metrics.json``; docs/play.md describes it."""
    judgement, course = played.judgement, played.learned.course
    content = {
        "game": played.environment.name,
        "seed": played.seed,
        "interrupted": played.interrupted,
        "steps": course[-1].steps if course else 0,
        "seconds": played.learned.seconds,
        "episodes": len(played.episodes),
        "return": judgement.network.mean,
        "bounds": judgement.bounds,
        "enough": judgement.enough,
        "ladder": {score.policy: _score(score) for score in judgement.scores},
        "threshold": {
            "observation": played.environment.observations[played.threshold.observation],
            "above": played.threshold.threshold,
            "action_above": _action(played, played.threshold.above),
            "action_below": _action(played, played.threshold.below),
        },
        "properties": verified.properties if verified else (),
        "settings": asdict(played.method.settings),
        "provenance": played.fitted.provenance,
    }
    return msgspec.json.encode(content, enc_hook=as_text)


def _score(score: PolicyScore) -> dict[str, Any]:
    return {"return": score.mean, "behind": score.behind, "returns": score.returns}


def _action(played: Played, action: float) -> str | float:
    """Return an action by its name, or a number."""
    names = played.environment.actions
    return names[int(action)] if names else action
