"""Shapley values of one row: exact for few players, otherwise sampled until errors are small.

Interventional values (E. Štrumbelj and I. Kononenko, Explaining prediction models and individual
predictions with feature contributions, 2014; D. Janzing and others, Feature relevance
quantification in explainable AI, 2020): with v_b(S) the answer where S has the row's values and the
rest has those of background row b,

    φ_i = (1/B) Σ_b Σ_{S ∌ i} |S|! (d − |S| − 1)! / d! (v_b(S ∪ {i}) − v_b(S)).

Shapes: d players, B background rows in G batches, k answers, M members.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import comb
from typing import Protocol

import numpy as np

from gradum.scores.interval import NORMAL_95
from gradum.study.explanation.game import ColumnGame

MOST_EXACT = 12  # players: 4,096 coalitions
MOST_PRODUCTS = 2e10
"""Multiplications allowed for a row's coalitions at the usual tolerance: a second of one core."""

FEWEST_FREEDOM = 60  # degrees of freedom, B (m - 1), before the scatter over m rounds is trusted
FEWEST_ROUNDS = 2
BATCHES = 10
TOLERANCE = 0.001


class Coalitions(Protocol):
    """A game that can be divided: what `ColumnGame` is of columns, others of other players."""

    @property
    def players(self) -> int:
        """The number d of players."""
        ...

    @property
    def background(self) -> int:
        """The number B of background rows."""
        ...

    def answers(self, coalitions: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield runs of coalitions with their answers; see `ColumnGame.answers`."""
        ...


@dataclass(frozen=True)
class Shapley:
    """How one row's answers are divided among the players."""

    values: np.ndarray
    """Of shape (d, k). φ: ``values.sum(axis=0) = output - base``."""
    sampling_error: np.ndarray
    """Of shape (d, k). Standard error from drawing orders; 0 where all coalitions were met."""
    background_error: np.ndarray
    """Of shape (d, k). Standard error from using B background rows rather than all: s.d. of φ over
    them, divided by √B."""
    spread: np.ndarray
    """Of shape (d, k). Standard deviation of φ over the members of a pack; NaN for one network."""
    base: np.ndarray
    """Of shape (k,). The mean answer over the background rows."""
    output: np.ndarray
    """Of shape (k,). The answer for the row."""
    coalitions: int
    """The number of coalitions met with each background row."""
    batches: np.ndarray
    """Of shape (d, G, k). φ against each batch of background rows alone: up to `BATCHES` batches of
    about equally many rows. Rows that meet the same background rows have similar errors, batch by
    batch."""

    @property
    def error(self) -> np.ndarray:
        """Standard error (d, k) from drawn orders and background rows; NaN if it is unknown."""
        return np.hypot(self.sampling_error, self.background_error)


def divided(
    game: ColumnGame, rng: np.random.Generator, tolerance: float, most_answers: float | None = None
) -> Shapley:
    """Divide exactly where there are few players and this is quick, otherwise by drawn orders.

    If drawing does not reach its tolerance before it has met as many coalitions as exist, all of
    them are met.

    Parameters
    ----------
    rng : Generator
    tolerance : float
        See `drawn`.
    most_answers : float, optional
        The most answers that the model may be asked for. By default, as many as `MOST_PRODUCTS` pay
        for; a tolerance smaller than `TOLERANCE` allows more, in proportion to its inverse square.
    """
    few = game.players <= MOST_EXACT
    everybody = 2.0**game.players
    most = MOST_PRODUCTS / game.products if most_answers is None else most_answers / game.background
    if few and everybody <= max(most, FEWEST_ROUNDS * _coalitions_a_round(game) + 2):
        return exact(game)
    if most_answers is None:
        most *= max(1.0, (TOLERANCE / tolerance) ** 2)
    values = drawn(game, rng, tolerance, most)
    return exact(game) if few and values.coalitions >= everybody else values


def _coalitions_a_round(game: Coalitions) -> int:
    """Return how many coalitions an order and its reverse meet, without the empty and full ones."""
    return 2 * max(game.players - 1, 0)


def exact(game: Coalitions) -> Shapley:
    """Divide by all 2^d coalitions."""
    weights, coalitions = coalition_weights(game.players), all_coalitions(game.players)
    by_row = np.zeros(())
    means, member_means = [], []  # mean over the background rows, for each coalition
    for stretch, answers, members in game.answers(coalitions):
        by_row = by_row + np.tensordot(weights[:, stretch], answers, axes=1)
        means.append(answers.mean(axis=1))
        member_means.append(members.mean(axis=2))
    worth = np.concatenate(means)
    by_member = np.tensordot(weights, np.concatenate(member_means, axis=1), axes=(1, 1))
    return Shapley(
        by_row.mean(axis=1),
        np.zeros_like(by_row[:, 0]),
        _standard_error(by_row),
        _spread(by_member),
        worth[0],
        worth[-1],
        len(coalitions),
        _batches(by_row),
    )


@cache
def coalition_weights(players: int) -> np.ndarray:
    """Return a (d, 2^d) with φ = a v; bit j of a coalition's number says whether j is in it.

    a_i(S) = 1 / (d C(d−1, |S|−1)) if i ∈ S, else −1 / (d C(d−1, |S|)).
    """
    inside = all_coalitions(players)
    size = inside.sum(axis=1)
    ways = np.array([comb(players - 1, s) for s in range(players)], np.float64)
    joining = 1.0 / (players * ways[np.maximum(size - 1, 0)])
    staying = -1.0 / (players * ways[np.minimum(size, players - 1)])
    return np.where(inside, joining[:, None], staying[:, None]).T


@cache
def all_coalitions(players: int) -> np.ndarray:
    """Return who is in each coalition (2^d, d); bit j of its number says whether player j is."""
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def drawn(
    game: Coalitions, rng: np.random.Generator, tolerance: float, most: float = np.inf
) -> Shapley:
    """Divide by orders drawn at random, one order and its reverse for each background row.

    In an order the players join one by one, and each is credited with the change when it joins.
    Rounds go on until the half-width of every value's 95% interval is below ``tolerance`` times the
    range of the answers (over the background rows and the row), or as many coalitions were met as
    exist, or another round would meet more than ``most``; there are at least `FEWEST_ROUNDS`.

    The standard error of m rounds is √(Σ_b s_b²/m) / B, with s_b the deviation over the rounds of
    row b.
    """
    ends = _ends(game)
    empty, full = ends[0], ends[1]
    reach = np.concatenate([empty, full[:1]])
    enough = tolerance * np.ptp(reach, axis=0)
    a_round = _coalitions_a_round(game)
    sums = squares = members = np.zeros(())
    rounds = 0
    for gains, by_member in _rounds(game, rng, ends):
        sums, squares, members = sums + gains, squares + gains**2, members + by_member
        rounds += 1
        if rounds < FEWEST_ROUNDS:
            continue
        variance = np.asarray(squares - sums**2 / rounds) / (rounds - 1)  # s_b², (d, B, k)
        rows = game.background
        variance = variance.clip(min=0.0)  # rounding may make it negative
        error = np.sqrt((variance / rounds).sum(axis=1)) / rows
        coalitions = rounds * a_round + 2
        if coalitions >= 2**game.players or coalitions + a_round > most:
            break
        believed = rows * (rounds - 1) >= FEWEST_FREEDOM
        if believed and (error * NORMAL_95 <= enough).all():
            break
    by_row = np.asarray(sums / rounds)
    noise = np.mean(variance / rounds, axis=1)  # of φ_b from the draws of orders
    scatter = np.maximum(by_row.var(axis=1, ddof=1) - noise, 0.0) if rows > 1 else np.nan * noise
    return Shapley(
        by_row.mean(axis=1),
        error,
        np.sqrt(scatter / rows),
        _spread(members / rounds),
        empty.mean(axis=0),
        full.mean(axis=0),
        coalitions,
        _batches(by_row),
    )


def _ends(game: Coalitions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the answers (B, k) with no and with all players, and the members' (M, 2, B, k)."""
    nobody_and_all = np.array([[False], [True]]).repeat(game.players, axis=1)
    parts = list(game.answers(nobody_and_all))
    answers = np.concatenate([answers for _, answers, _ in parts])
    return answers[0], answers[1], np.concatenate([members for _, _, members in parts], axis=1)


def _rounds(
    game: Coalitions, rng: np.random.Generator, ends: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, for each round, the mean gain over an order and its reverse.

    The gains are for each background row (d, B, k), and for each member over all rows (d, M, k).
    """
    d, rows = game.players, game.background
    empty, full, member_ends = ends
    while True:
        order = np.argsort(rng.random((rows, d)), axis=1)
        place = np.argsort(order, axis=1)  # the step at which each player joins
        steps = np.arange(1, d)[:, None, None]
        forward = place < steps  # (d - 1, B, d): which players are in after each step but the last
        backward = d - 1 - place < steps
        coalitions = np.concatenate([forward, backward])
        inner, inner_members = [], []
        for _, answers, members in game.answers(coalitions):
            inner.append(answers)
            inner_members.append(members)
        path = np.concatenate(inner).reshape(2, d - 1, rows, -1)
        member_path = np.concatenate(inner_members, axis=1)
        member_path = member_path.reshape(len(member_path), 2, d - 1, rows, -1)
        both = ((0, place), (1, d - 1 - place))
        gains = [_gains(empty, path[way], full, at) for way, at in both]
        of_members = [
            _gains(member_ends[:, 0], member_path[:, way], member_ends[:, 1], at).mean(axis=-2)
            for way, at in both
        ]
        yield (gains[0] + gains[1]) / 2, np.moveaxis(of_members[0] + of_members[1], 0, 1) / 2


def _gains(first: np.ndarray, path: np.ndarray, last: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return, by player, the gain from the step at which it joined: (…, d, B, k).

    ``first`` and ``last`` (…, B, k) are the answers without and with all players, ``path``
    (…, d - 1, B, k) those between, ``place`` (B, d) the step of each player.
    """
    ends = first[..., None, :, :], last[..., None, :, :]
    steps = np.diff(np.concatenate([ends[0], path, ends[1]], axis=-3), axis=-3)
    where = place.T[:, :, None]
    return np.take_along_axis(steps, np.broadcast_to(where, (*steps.shape[:-3], *where.shape)), -3)


def _batches(by_row: np.ndarray) -> np.ndarray:
    """Return the means (d, G, k) of values (d, B, k) over batches of background rows."""
    batches = np.array_split(by_row, min(by_row.shape[1], BATCHES), axis=1)
    return np.stack([batch.mean(axis=1) for batch in batches], axis=1)


def _standard_error(by_row: np.ndarray) -> np.ndarray:
    rows = by_row.shape[1]
    if rows < 2:
        return np.full_like(by_row[:, 0], np.nan)
    return by_row.std(axis=1, ddof=1) / np.sqrt(rows)


def _spread(by_member: np.ndarray) -> np.ndarray:
    """Return the standard deviation over members of values (d, M, k)."""
    if by_member.shape[1] < 2:
        return np.full_like(by_member[:, 0], np.nan)
    return by_member.std(axis=1, ddof=1)
