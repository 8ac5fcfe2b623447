"""Environments of Python: Gymnasium's by id, and classes of the user's own with its interface.

Code of an environment runs because the user names it, and only then. All that it gives is checked
at each step, and what cannot be learned is refused in one line.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.randomness import stream
from gradum.tables.extra import needs
from gradum.tables.wording import nearest, shortened

LIMIT = 1_000
"""The steps after which an episode is cut off if the environment states no limit of its own."""

MOST_ACTIONS = 100
MOST_SEEDS = 2**31


class PythonEnvironment:
    """An environment that is stepped in Python; see `gradum.games.environment.Environment`.

    It needs ``reset(seed=…)``, which returns what is seen and a dict, and ``step(action)``, which
    returns what is seen, the reward, whether the game has ended, whether a limit cuts it off, and a
    dict. Its ``action_space`` has ``n``, or ``low`` and ``high`` with one number. It may name what
    is seen (``observation_names``) and what may be done (``action_names``).

    Parameters
    ----------
    make : callable
        Returns an environment.

    Raises
    ------
    SpecError
        It is no environment that can be learned.
    """

    quick = False
    returns = None

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self.name, self._make = name, make
        self._idle: list[Any] = []
        first = self._made()
        self._idle.append(first)
        self.observations, self.actions, self.bounds = (), (), (0.0, 0.0)
        space: Any = getattr(first, "action_space", None)
        self._first = getattr(space, "start", 0)
        if isinstance(getattr(space, "n", None), int | np.integer):
            self.actions = self._named(first, "action_names", int(space.n), "")
        else:
            self.bounds = self._range(space)
        seen = self.reset(first, 0, None)
        self.observations = self._named(first, "observation_names", len(seen), "x")
        limit = getattr(getattr(first, "spec", None), "max_episode_steps", None)
        self.limit = int(limit) if limit else LIMIT
        self.limit_is_own = bool(limit)

    def start(self, count: int, seed: int, purpose: str) -> PythonLanes:
        """Return lanes at first states that depend on seed, purpose and place alone."""
        while len(self._idle) < count:
            self._idle.append(self._made())
        return PythonLanes(self, self._idle[:count], stream(seed, purpose))

    def reset(self, environment: Any, seed: int, width: int | None) -> np.ndarray:
        """Return what is seen at the beginning of an episode (d,)."""
        try:
            given = environment.reset(seed=seed)
        except Exception as error:
            raise self._raised("reset", error) from error
        if not isinstance(given, tuple) or len(given) != 2:
            raise self._refused(
                say("reset returns {given}, not what is seen and a dict", given=_shown(given))
            )
        return self._seen(given[0], "reset", width)

    def step(
        self, environment: Any, action: Any, width: int
    ) -> tuple[np.ndarray, float, bool, bool]:
        """Return what is seen (d,), the reward, and whether the episode has ended or is cut off."""
        given_action = self._first + int(action) if self.actions else np.array([action], np.float32)
        try:
            given = environment.step(given_action)
        except Exception as error:
            raise self._raised("step", error) from error
        if not isinstance(given, tuple) or len(given) != 5:
            raise self._refused(say("step returns {given}, not five values", given=_shown(given)))
        seen, reward, terminated, cut, _ = given
        try:
            earned = float(reward)
        except (TypeError, ValueError):
            raise self._refused(
                say("step gives {given} as the reward, which is no number", given=_shown(reward))
            ) from None
        if not np.isfinite(earned):
            raise self._refused(say("step gives the reward {given}", given=earned))
        return self._seen(seen, "step", width), earned, bool(terminated), bool(cut)

    def _made(self) -> Any:
        try:
            return self._make()
        except SpecError:
            raise
        except Exception as error:
            raise self._raised("__init__", error) from error

    def _seen(self, seen: Any, method: str, width: int | None) -> np.ndarray:
        try:
            values = np.asarray(seen, np.float64)
        except (TypeError, ValueError):
            raise self._refused(
                say("{method} shows {given}, which is no vector", method=method, given=_shown(seen))
            ) from None
        if values.ndim != 1:
            raise self._refused(
                say(
                    "{method} shows an array of shape {shape}, such as an image, and not a vector",
                    method=method,
                    shape=values.shape,
                )
            )
        if not len(values) or len(values) != (width or len(values)):
            raise self._refused(
                say(
                    "{method} shows {count} numbers, and before it were {width}",
                    method=method,
                    count=len(values),
                    width=width or 0,
                )
            )
        if not np.isfinite(values).all():
            place = int(np.flatnonzero(~np.isfinite(values))[0])
            name = self.observations[place] if self.observations else f"x{place}"
            raise self._refused(
                say(
                    "{method} shows {value} as {name}",
                    method=method,
                    value=values[place],
                    name=name,
                )
            )
        return values

    def _range(self, space: Any) -> tuple[float, float]:
        """Return the least and the greatest action of a space of one number."""
        try:
            low, high = (np.asarray(getattr(space, end), float) for end in ("low", "high"))
        except (AttributeError, TypeError, ValueError):
            raise self._refused(
                say(
                    "its actions are {given}, and not one of several or a number",
                    given=_shown(space),
                )
            ) from None
        if low.size != 1 or high.size != 1:
            raise self._refused(say("an action is {count} numbers, not one", count=low.size))
        ends = float(low.ravel()[0]), float(high.ravel()[0])
        if not (np.isfinite(ends).all() and ends[0] < ends[1]):
            raise self._refused(
                say("its actions go from {low} to {high}", low=ends[0], high=ends[1])
            )
        return ends

    def _named(self, environment: Any, attribute: str, count: int, before: str) -> tuple[str, ...]:
        """Return names that an environment gives, or numbers in their place."""
        if before == "" and not 2 <= count <= MOST_ACTIONS:
            raise self._refused(say("it has {count} actions", count=count))
        names = getattr(environment, attribute, None)
        if names is None:
            return tuple(f"{before}{place}" for place in range(count))
        names = tuple(map(str, names))
        if len(names) != count or len({*names, "action"}) != count + 1 or not all(names):
            raise self._refused(
                say(
                    "{attribute} names {names}, and not {count} different things",
                    attribute=attribute,
                    names=shortened(listed(names)),
                    count=count,
                )
            )
        return names

    def _raised(self, method: str, error: Exception) -> SpecError:
        cause = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
        return self._refused(say("{method} raises {cause}", method=method, cause=shortened(cause)))

    def _refused(self, cause: str) -> SpecError:
        return SpecError(
            "The environment {name} cannot be learned: {cause}.",
            "Give one with Gymnasium's reset and step, whose observations are vectors and "
            "whose actions are one of several or a number.",
            name=self.name,
            cause=cause,
        )


def _shown(value: Any) -> str:
    return shortened(" ".join(repr(value).split()))


class PythonLanes:
    """Lanes of an environment of Python; one whose episode has ended is left as it is."""

    def __init__(self, kept: PythonEnvironment, lanes: list[Any], rng: np.random.Generator) -> None:
        self._kept, self._lanes, self._rng = kept, lanes, rng
        width = len(kept.observations) or None
        self.seen = np.array([kept.reset(lane, self._seed(), width) for lane in lanes])
        self._ended = np.zeros(len(lanes), bool)

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take an action in each lane that goes on."""
        rewards = np.zeros(len(self._lanes))
        terminated, cut = np.zeros((2, len(self._lanes)), bool)
        seen, width = self.seen.copy(), self.seen.shape[1]
        for place in np.flatnonzero(~self._ended):
            seen[place], rewards[place], terminated[place], cut[place] = self._kept.step(
                self._lanes[place], actions[place], width
            )
        self.seen = seen
        self._ended |= terminated | cut
        return rewards, terminated, cut

    def restart(self, places: np.ndarray) -> None:
        """Begin new episodes in some lanes."""
        seen = self.seen.copy()
        for place in places:
            seen[place] = self._kept.reset(self._lanes[place], self._seed(), seen.shape[1])
        self.seen = seen
        self._ended[places] = False

    def _seed(self) -> int:
        return int(self._rng.integers(MOST_SEEDS))


def of_gymnasium(name: str, built_in: Iterable[str] = ()) -> PythonEnvironment:
    """Return an environment of Gymnasium by its id; a refusal also offers what is ``built_in``.

    Raises
    ------
    SpecError
        Gymnasium is not installed or has no such environment, or it cannot be learned.
    """
    gymnasium = needs("gymnasium", "games", say("Games other than the built-in ones"), SpecError)
    if name not in gymnasium.registry:
        raise SpecError(
            say("There is no game {name!r}, and none in Gymnasium.", name=name),
            nearest(name, [*built_in, *gymnasium.registry], say("games")),
        )
    return PythonEnvironment(name, lambda: gymnasium.make(name))


def of_file(path: Path, name: str) -> PythonEnvironment:
    """Return the environment that a class of a Python file makes; this runs the file.

    Raises
    ------
    SpecError
        There is no such file or class, it cannot be run, or the environment cannot be learned.
    """
    if not path.is_file():
        raise SpecError(
            "There is no file {path}.", "Give FILE.py:CLASS, such as my_game.py:Env.", path=path
        )
    spec = importlib.util.spec_from_file_location(f"gradum_played_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a dataclass asks for its module there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise SpecError(
            "{path} cannot be run: {cause}.", "Correct it.", path=path, cause=shortened(cause)
        ) from error
    made = getattr(module, name, None)
    if not callable(made):
        classes = [each for each, value in vars(module).items() if isinstance(value, type)]
        raise SpecError(
            say("{path} has no class {name!r}.", path=path, name=name),
            nearest(name, classes, say("classes")),
        )
    return PythonEnvironment(f"{path.name}:{name}", made)
