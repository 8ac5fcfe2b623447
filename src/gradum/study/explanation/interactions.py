r"""Interactions of two columns beyond their separate effects: Faith-Shap values of order 2.

They are the coefficients E of the closest approximation of the game by terms of at most two
players, with coalitions weighted by the Shapley kernel and exact for the empty and the full
coalition:

    min Σ_S μ(S) (v(S) − Σ_{T ⊆ S, |T| ≤ 2} E(T))²,  μ(S) ∝ 1 / (C(d, |S|) |S| (d − |S|)).

For two players i and j, with Δ(S) = v(S ∪ ij) − v(S ∪ i) − v(S ∪ j) + v(S),

    E(ij) = Σ_{S ⊆ N \ ij} p(|S|) Δ(S),  p(s) = 6 (s + 1)! (d − s − 1)! / (d + 1)!,

which is the mean of Δ over random S: t ~ Beta(2, 2), and each other player joins with probability
t. Source: C.-P. Tsai, C.-K. Yeh and P. Ravikumar, Faith-Shap: The Faithful Shapley Interaction
Index, Journal of Machine Learning Research 24 (2023), theorem 19.

Shapes: n rows, d players, q of them the strongest, B background rows, k answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import msgspec
import numpy as np
import polars as pl
from scipy.special import comb, gammaln

from gradum.margins import falling
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.scores.interval import Interval
from gradum.study.explanation.explain import Explanations, games
from gradum.study.explanation.game import ColumnGame
from gradum.study.explanation.overall import SIZE, bounds_of, mean_sizes
from gradum.study.explanation.shapley import MOST_EXACT, MOST_PRODUCTS, all_coalitions

MOST_PAIRS = 10
MOST_ROWS = 100
STRONGEST = 6  # players whose pairs are looked at where all pairs would take too long


class Interaction(msgspec.Struct, frozen=True):
    """Two columns, and how far together they move the answers beyond their separate effects."""

    columns: tuple[str, str]
    size: Interval
    """Mean |E| over rows and answers; see `gradum.study.explanation.overall.mean_sizes`."""


class Interactions(msgspec.Struct, frozen=True):
    """The strongest pairs of columns."""

    pairs: tuple[Interaction, ...]
    """The `MOST_PAIRS` largest by falling size; pairs that do not interact are left out."""
    tried: int
    """How many pairs were looked at."""
    rows: int
    background: int
    """The number of rows averaged over, and of background rows."""
    exact: bool
    """Whether all coalitions were met. If not, all coalitions of the strongest columns were met
    with drawn ones of the others, whose error is in the intervals."""

    @property
    def frame(self) -> pl.DataFrame:
        """One line per pair: ``column``, ``other``, and ``size`` with ``low`` and ``high``."""
        rows = [(*pair.columns, *bounds_of(pair.size)) for pair in self.pairs]
        schema = {"column": pl.String, "other": pl.String, **SIZE}
        return pl.DataFrame(rows, schema=schema, orient="row")


def interactions(
    found: Explanations,
    fitted: Fitted,
    *,
    most_rows: int = MOST_ROWS,
    most_products: float = MOST_PRODUCTS,
) -> Interactions:
    """Return the strongest pairs of columns over explained rows.

    Parameters
    ----------
    found : Explanations
        Explanations of n > 0 rows.
    most_rows : int
        If there are more rows, this many are looked at, evenly spaced.
    most_products : float
        The most multiplications per row for meeting all its coalitions. If they would take more, or
        there are more than twelve players, only pairs of the `STRONGEST` are looked at.
    """
    rung, d = fitted.rung(found.rung), len(found.players)
    if rung.input_layer is None:
        return Interactions((), 0, 0, found.background, exact=True)
    places = np.linspace(0, len(found.parts) - 1, most_rows).round().astype(int)
    some = found.take(np.unique(places).tolist())
    products = rung.network.products(len(rung.input_layer.centre))
    every = d <= MOST_EXACT and 2.0**d * found.background * products <= most_products
    behind = found.background_rows
    played = games(fitted, rung, some.values, behind, some.players, some.scale)
    players = strongest_players(found, range(d), d if every else STRONGEST)
    return strongest_pairs(played, found, players, fitted.spec.seed)


def strongest_pairs(
    played: Iterable[ColumnGame], found: Explanations, players: np.ndarray, seed: int
) -> Interactions:
    """Return the strongest pairs of some players over some games."""
    pairs = list(combinations(players, 2))
    values, errors = [], []
    for game in played if pairs else ():
        value, error = faith_shap(game, players, stream(seed, "study", "interactions"))
        values.append(value)
        errors.append(error)
    if not values:
        return Interactions((), 0, 0, found.background, exact=True)
    sizes = mean_sizes(np.stack(values), np.stack(errors))
    order = falling(np.array([size.value for size in sizes]))
    strongest = [
        Interaction((found.names[pairs[i][0]], found.names[pairs[i][1]]), sizes[i])
        for i in order[:MOST_PAIRS]
        if sizes[i].value > 0
    ]
    return Interactions(
        tuple(strongest),
        len(pairs),
        len(values),
        found.background,
        exact=len(players) == len(found.players),
    )


def strongest_players(found: Explanations, among: Sequence[int], most: int) -> np.ndarray:
    """Return the positions of the players that move the answers most, rising."""
    sizes = np.mean([np.abs(part.values).mean(axis=1) for part in found.parts], axis=0)
    return np.sort(np.array(among, int)[falling(sizes[list(among)])[:most]])


def faith_shap(
    game: ColumnGame, strongest: Sequence[int] | np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return E (q (q − 1) / 2, k) for each pair of the strongest players, and its standard error.

    All 2^q coalitions of the strongest are met. The other players, if any, join by chance, anew
    with each background row, and S is weighted given which of them joined. The error is the
    standard deviation over background rows divided by √B, which covers both the choice of B rows
    and the draws; NaN for one row.
    """
    q, rows, d = len(strongest), game.background, game.players
    within = all_coalitions(q)
    others = rng.random((rows, d)) < rng.beta(2.0, 2.0, (rows, 1))
    others[:, strongest] = False
    coalitions = np.broadcast_to(others, (len(within), rows, d)).copy()
    coalitions[:, :, strongest] = within[:, None]
    if q == d:  # the same for all background rows
        coalitions = coalitions[:, 0]
    pairs = list(combinations(range(q), 2))
    both = np.array([within[:, list(pair)].sum(axis=1) for pair in pairs])  # (p, 2^q)
    sign = np.where(both == 1, -1.0, 1.0)
    besides = within.sum(axis=1) - both  # of the strongest players, without the pair
    weights = np.stack([_weights(q, int(joined), d) for joined in others.sum(axis=1)])  # (B, q - 1)
    by_row = np.zeros(())
    for stretch, answers, _ in game.answers(coalitions):
        terms = sign[:, stretch, None] * weights.T[besides[:, stretch]]  # (p, m, B)
        by_row = by_row + np.einsum("pmb,mbk->pbk", terms, answers)
    error = by_row.std(axis=1, ddof=1) / np.sqrt(rows) if rows > 1 else by_row[:, 0] * np.nan
    return by_row.mean(axis=1), error


def _weights(strongest: int, joined: int, players: int) -> np.ndarray:
    """Return the weights (q − 1,) of sets of 0, 1, … of the strongest players besides a pair.

    It is p(s + r) for r others that joined, scaled so that all 2^(q − 2) sets together weigh 1.
    """
    size = np.arange(strongest - 1)
    logarithm = gammaln(size + joined + 2) + gammaln(players - size - joined)
    weight = np.exp(logarithm - logarithm.max())
    return weight / (comb(strongest - 2, size) @ weight)
