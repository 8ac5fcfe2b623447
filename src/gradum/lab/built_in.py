"""The five tables that the lab's page always has."""

from __future__ import annotations

import csv
from importlib.resources import files

import msgspec
import numpy as np

from gradum.lab.table import LabTable, lab_table, plain_table
from gradum.messages import say
from gradum.randomness import stream

DIGITS = 4
MEASURED = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
Columns = dict[str, np.ndarray]


def built_in() -> tuple[LabTable, ...]:
    """Return the tables, in the order in which the page offers them."""
    moons = lab_table(_named(_moons(), ("upper", "lower")), "class")
    spiral = lab_table(_named(_spiral(), ("one", "other")), "class")
    return (
        msgspec.structs.replace(moons, key="moons", title=say("Two moons"), drawn=True),
        msgspec.structs.replace(spiral, key="spiral", title=say("A spiral"), drawn=True),
        _penguins(),
        plain_table("line", "y = 3x + 2", _line(), "y"),
        plain_table("sine", say("A noisy sine"), _sine(), "y"),
    )


def _line() -> Columns:
    """Return y = 3x + 2 with a little noise; nothing is scaled: the weights to find are 3 and 2."""
    random = stream(0, "lab", "line")
    x = np.round(random.uniform(-1, 1, 60), DIGITS)
    return {"x": x, "y": np.round(3 * x + 2 + random.normal(0, 0.3, 60), DIGITS)}


def _sine() -> Columns:
    random = stream(0, "lab", "sine")
    x = np.round(random.uniform(-3, 3, 80), DIGITS)
    return {"x": x, "y": np.round(np.sin(2 * x) + random.normal(0, 0.2, 80), DIGITS)}


def _moons() -> Columns:
    """Return two half circles that reach into each other."""
    random, half = stream(0, "lab", "moons"), 100
    angle = random.uniform(0, np.pi, 2 * half)
    lower = np.repeat([0, 1], half)
    x1 = np.where(lower, 1 - np.cos(angle), np.cos(angle)) + random.normal(0, 0.15, 2 * half)
    x2 = np.where(lower, 0.5 - np.sin(angle), np.sin(angle)) + random.normal(0, 0.15, 2 * half)
    return {"x1": x1, "x2": x2, "class": lower}


def _spiral() -> Columns:
    """Return two arms that turn around each other once and a half."""
    random, arm = stream(0, "lab", "spiral"), 120
    radius, other = np.sqrt(random.uniform(0.02, 1, 2 * arm)), np.repeat([0, 1], arm)
    angle = 3 * np.pi * radius + np.pi * other
    x1 = radius * np.cos(angle) + random.normal(0, 0.02, 2 * arm)
    x2 = radius * np.sin(angle) + random.normal(0, 0.02, 2 * arm)
    return {"x1": x1, "x2": x2, "class": other}


def _named(columns: Columns, names: tuple[str, str]) -> Columns:
    """Round the numbers, and give the classes their names."""
    *numbers, (target, classes) = columns.items()
    rounded = {name: np.round(values, DIGITS) for name, values in numbers}
    return {**rounded, target: np.array(names)[classes]}


def _penguins() -> LabTable:
    """Return penguins of the Palmer Archipelago (K. Gorman, A. Horst and A. Hill, CC0)."""
    text = (files("gradum.lab") / "penguins.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["bill_length_mm"] != "NA"]
    columns = {name: [float(row[name]) for row in rows] for name in MEASURED}
    others = {name: [row[name] for row in rows] for name in ("island", "species")}
    table = lab_table({**columns, **others}, "species")
    left_out = say("Left out: sex, year, and two penguins that were not measured.")
    return msgspec.structs.replace(
        table, key="penguins", title=say("Penguins"), remarks=(left_out,)
    )
