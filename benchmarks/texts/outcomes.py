"""What was measured, kept from one command to the next, so that sets can be run one at a time."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks.environments import cache
from gradum.files.atomic import write_bytes


class Outcome(msgspec.Struct, frozen=True):
    """What a side made of a set, whose rows a seed divided.

    Parameters
    ----------
    name : str
        The set.
    seed : int
    side : str
    error : float
        The share of wrong classes among the rows judged.
    seconds : float
        Of the processor, with everything that the side chooses.
    choice : str
    """

    name: str
    seed: int
    side: str
    error: float
    seconds: float
    choice: str


def kept() -> list[Outcome]:
    """Return the outcomes of earlier commands."""
    return [
        msgspec.json.decode(file.read_bytes(), type=Outcome) for file in _folder().glob("*.json")
    ]


def keep(outcome: Outcome) -> None:
    """Write an outcome to a file of its own, in the place of an earlier one."""
    _folder().mkdir(parents=True, exist_ok=True)
    name = f"{outcome.name}-{outcome.seed}-{outcome.side}.json"
    write_bytes(_folder() / name, msgspec.json.encode(outcome))


def _folder() -> Path:
    return cache() / "texts"
