"""The share of each tile of a row's picture, or of another grid or a series, in its answer.

The tiles of a lattice are the players of a game: those in a coalition S show the row's own grid,
the others that of a background row b, and every other column keeps the row's value. With v_b(S) the
answer then, Shapley values (see `gradum.study.explanation.shapley`) divide

    Σ_i φ_i = f(x) − (1/B) Σ_b v_b(∅)

among the tiles, and occlusion tells how much the answer loses if one tile alone is another
row's:

    o_i = f(x) − (1/B) Σ_b v_b({all} ∖ {i}).

Tiles that do the same work share φ, while o is 0 for each of them, since the others remain.

The model is asked about composed grids, so it may be of any kind.

Shapes: P tiles, B background rows, k answers; grids of h rows, w columns and c channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.solvers.threads import threads_for
from gradum.study.explanation.learned import drawn_rows
from gradum.study.explanation.scale import Scale, answer_on, scale_of
from gradum.study.explanation.shapley import TOLERANCE, Shapley, drawn, exact
from gradum.tables.kinds.step import Step
from gradum.waiting import tell

SIDE = 7  # tiles along each side
BACKGROUND = 20  # rows; every one is met by two orders and their reverses
MOST_ANSWERS = 4_000  # of the model; seconds where a picture takes a millisecond
ROWS_AT_ONCE = 1_000

Asked = Callable[[np.ndarray], np.ndarray]
"""From grids (n, h, w, c) to answers (n, k)."""


@dataclass(frozen=True)
class TileValues:
    """How a row's grid in one column moves the answer, tile by tile.

    Tiles are counted from the grid's first row and column, row by row.
    """

    column: str
    grid: np.ndarray
    """Of shape (h, w, c). The row's grid as the model sees it; of a series, its channels, its
    readings and 1; of a text, a line of its words."""
    rows: np.ndarray
    columns: np.ndarray
    """Integers of shapes (a + 1,) and (b + 1,). Where tiles begin and end along each side, in
    pixels; P = a · b."""
    shapley: Shapley
    """φ of the tiles, with standard errors; its base is the mean answer with the grids of the
    background rows."""
    occlusion: np.ndarray
    """Of shape (P, k). o."""
    occlusion_error: np.ndarray
    """Of shape (P, k). The standard error of o from using B background rows rather than all; NaN
    for one row."""
    background: int
    """B."""

    @property
    def lattice(self) -> tuple[int, int]:
        """How many tiles stand one below the other, a, and side by side, b."""
        return len(self.rows) - 1, len(self.columns) - 1


@dataclass(frozen=True)
class TileGame:
    """A row's grid against those of the background rows."""

    own: np.ndarray
    """Of shape (h, w, c)."""
    others: np.ndarray
    """Of shape (B, h, w, c)."""
    place: np.ndarray
    """Integers of shape (h, w). The tile of each pixel."""
    ask: Asked

    @property
    def players(self) -> int:
        """The number P of tiles."""
        return int(self.place.max()) + 1

    @property
    def background(self) -> int:
        """The number B of background rows."""
        return len(self.others)

    @cached_property
    def differ(self) -> np.ndarray:
        """Whether the row's own tile is another than that of each background row (B, P)."""
        pixels = (self.own != self.others).any(axis=-1).reshape(self.background, -1)
        each = self.place.ravel() == np.arange(self.players)[:, None]
        return (pixels[:, None] & each).any(axis=2)

    def answers(self, coalitions: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield runs of coalitions with their answers, as `Game.answers` does, of one member."""
        each = coalitions if coalitions.ndim == 3 else coalitions[:, None]
        step = max(1, ROWS_AT_ONCE // self.background)
        for start in range(0, len(each), step):
            stretch = slice(start, start + step)
            answers = self._answers(each[stretch] & self.differ)
            yield stretch, answers, answers[None]

    def _answers(self, inside: np.ndarray) -> np.ndarray:
        """Return the answers (m, B, k) with tiles (m, B, P) of the row's own; equal grids once."""
        grids = np.where(inside[..., self.place][..., None], self.own, self.others)
        grids = grids.reshape(-1, *self.own.shape)
        which = np.broadcast_to(np.arange(self.background)[:, None], (*inside.shape[:2], 1))
        names = np.concatenate([which, inside], axis=2).reshape(len(grids), -1)
        _, first, again = np.unique(names, axis=0, return_index=True, return_inverse=True)
        return self.ask(grids[first])[again.ravel()].reshape(*inside.shape[:2], -1)


def grid_columns(fitted: Fitted) -> list[str]:
    """Return the columns of grids and series that the model has features of."""
    return [step.source for step in fitted.encoder.steps if step.is_divisible]


def tile_values(
    fitted: Fitted,
    row: pl.DataFrame,
    background: pl.DataFrame,
    column: str,
    *,
    rung: str | None = None,
    scale: Scale | None = None,
    side: int = SIDE,
) -> TileValues | None:
    """Divide a row's answer among the tiles of its grid in a column.

    Parameters
    ----------
    row, background : polars.DataFrame
        Checked columns: of one row, and of the rows among which up to `BACKGROUND` are drawn.
    column : str
        One of `grid_columns`.
    rung, scale
        As in `explain`.
    side : int
        Tiles along each side, at most the grid's.

    Returns
    -------
    TileValues or None
        None if the value is missing, in this row or in all background rows.
    """
    rng = stream(fitted.spec.seed, "study", "tiles", column)
    others = drawn_rows(background.filter(pl.col(column).is_not_null()), BACKGROUND, rng)
    if row[column].null_count() or others.is_empty():
        return None
    step = next(step for step in fitted.encoder.steps if step.source == column)
    divided = step.divided(row[column], others[column])
    if divided is None:
        return None
    own, theirs = divided
    rows, columns = map(_edges, own.shape[:2], step.lattice(side))
    game = TileGame(
        own,
        theirs,
        _places(rows, columns),
        _asked(fitted, row, step, rung, scale_of(fitted, scale)),
    )
    with threads_for(ROWS_AT_ONCE, own.size):
        values = _divided(game, rng)
        occlusion, error = _occlusion(game, values.output)
    return TileValues(column, own, rows, columns, values, occlusion, error, game.background)


def _edges(length: int, side: int) -> np.ndarray:
    count = min(side, length)
    return np.rint(np.linspace(0, length, count + 1)).astype(int)


def _places(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the tile of each pixel (h, w)."""
    down, across = (np.repeat(np.arange(len(ends) - 1), np.diff(ends)) for ends in (rows, columns))
    return down[:, None] * (len(columns) - 1) + across


def _asked(fitted: Fitted, row: pl.DataFrame, step: Step, rung: str | None, scale: Scale) -> Asked:
    """Return the model's answers for the row with other grids in one column."""
    chosen = fitted.rung(rung)
    answer = answer_on(chosen, scale)

    def ask(grids: np.ndarray) -> np.ndarray:
        frame = row[np.zeros(len(grids), np.int64)].with_columns(step.cells(grids))
        return answer(chosen.logits(fitted.encoder.transform(frame)))

    return ask


def _divided(game: TileGame, rng: np.random.Generator) -> Shapley:
    """Divide exactly where few tiles allow it, otherwise by drawn orders."""
    tell(say("explaining the parts of a value"))
    most = MOST_ANSWERS / game.background
    if 2.0**game.players <= most:
        return exact(game)
    return drawn(game, rng, TOLERANCE, most)


def _occlusion(game: TileGame, output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the answer less the mean answer without each tile (P, k), and standard errors."""
    without = np.concatenate([a for _, a, _ in game.answers(~np.eye(game.players, dtype=bool))])
    if game.background < 2:
        return output - without.mean(axis=1), np.full_like(without[:, 0], np.nan)
    error = without.std(axis=1, ddof=1) / np.sqrt(game.background)
    return output - without.mean(axis=1), error
