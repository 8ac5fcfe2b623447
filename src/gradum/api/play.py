"""``gradum play``: a game is learned by trying, and the policy becomes a model like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic, perf_counter

from gradum.api.game_report import game_report
from gradum.api.model import Model
from gradum.errors import SpecError
from gradum.files.atomic import write_bytes, write_text
from gradum.forks import refuse_after_fork
from gradum.games import GAMES
from gradum.games.environment import BuiltIn
from gradum.games.learning import (
    Apprentice,
    CompiledApprentice,
    Learned,
    OutsideApprentice,
    learning,
)
from gradum.games.played import Played, judged, unjudged, untried
from gradum.games.policy_model import states
from gradum.games.ppo.learner import Steps
from gradum.games.python_environment import of_file, of_gymnasium
from gradum.games.settings import OUTSIDE, PPOSettings
from gradum.messages import say
from gradum.rungs.number_ranges import refuse_time_limit
from gradum.ship import bundle, play_folder
from gradum.ship.layout import LEARNING, METRICS, POLICY, REPORT
from gradum.ship.play_folder import PlaySpec
from gradum.solvers.solution import Status
from gradum.solvers.threads import turn
from gradum.study.properties.result import Verification
from gradum.study.properties.stated_properties import read_property
from gradum.tables.wording import shortened
from gradum.waiting import tell

MOST_STEPS = 10**12
PROOFS = 60.0  # seconds for all properties together

Watch = Callable[[Learned], object]


def play(
    game: str,
    *,
    seed: int = 0,
    steps: int | None = None,
    time_limit: float | None = None,
    on_chunk: Watch | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Played:
    """Learn to play a game, and judge what was learned.

    A policy network learns by proximal policy optimisation. It then plays 100 episodes that it has
    not learned from, beside a random policy, the best rule of one threshold, and a linear policy.

    Parameters
    ----------
    game : str
        ``cartpole``, ``acrobot``, ``pendulum`` or ``mountaincar``; an id of Gymnasium, such as
        ``MountainCarContinuous-v0``; or ``FILE.py:CLASS``, a class with Gymnasium's ``reset`` and
        ``step``, whose file is run because it is named here.
    seed : int
        Decides every random choice.
    steps : int, optional
        The steps in the game to learn from; the game's own number if left out.
    time_limit : float, optional
        Seconds after which learning ends; judging comes afterwards.
    on_chunk : callable, optional
        Called with what is `Learned` after each chunk of updates, to show progress.
    stop : callable, optional
        Called between chunks; once it returns True, learning ends, and what was learned is judged.

    Returns
    -------
    Played
        Its ``fitted`` is the policy as a model: ``gradum.api.Model(played.fitted)``.

    Raises
    ------
    SpecError
        There is no such game, it cannot be learned, or an option makes no sense.
    """
    refuse_after_fork()
    spec = checked(PlaySpec(game, seed, steps))
    apprentice = apprentice_of(spec)
    return _played(apprentice, spec, apprentice.begin(), time_limit, on_chunk, stop)


def play_in_folder(
    folder: Path,
    spec: PlaySpec,
    *,
    time_limit: float | None = None,
    checkpoint_every: float = 30.0,
    on_chunk: Watch = lambda learned: None,
    stop: Callable[[], bool] = lambda: False,
    cache: Path | None = None,
) -> tuple[Played, Verification | None]:
    """Do what `play` does, or what is left of it, and write the files of a claimed folder.

    A built-in game whose learning is stopped can go on from there, to the policy of an undisturbed
    run: its state is kept beside the other files. ``cache`` keeps the charts' script. Properties
    are read before anything is learned, and verified at the end; the verdicts are returned beside
    what `play` returns, or None if no property was asked for.

    Raises
    ------
    GradumError
        As in `play`; a property cannot be read; or a file is damaged or cannot be written.
    """
    refuse_after_fork()
    apprentice = apprentice_of(spec)
    begun = apprentice.begin()
    if spec.properties:
        nothing_yet = untried(apprentice.environment, apprentice.method, begun, spec.seed)
        for text in spec.properties:
            read_property(text, "", nothing_yet)
    if play_folder.is_unfinished(folder):
        begun = play_folder.taken_up(folder, begun)
    kept, last = monotonic(), begun

    def watch(learned: Learned) -> None:
        nonlocal kept, last
        last = learned
        on_chunk(learned)
        if apprentice.resumes and checkpoint_every and monotonic() - kept >= checkpoint_every:
            play_folder.keep(folder, spec, learned)
            kept = monotonic()

    try:
        played = _played(apprentice, spec, begun, time_limit, watch, stop)
    except SpecError as error:
        if not last.updates or apprentice.last is None:
            raise
        raise _failed(folder, apprentice, last, apprentice.last, spec, error) from error
    play_folder.write(folder, spec, played)  # before a region is refused that no state reaches
    verified = _verified(played, spec)
    if verified is not None:
        write_bytes(folder / METRICS, play_folder.metrics(played, verified))
    write_text(folder / REPORT, game_report(played, spec, cache=cache, verified=verified))
    if played.interrupted and apprentice.resumes:
        play_folder.keep(folder, spec, played.learned)
    else:
        (folder / LEARNING).unlink(missing_ok=True)
    return played, verified


def _verified(played: Played, spec: PlaySpec) -> Verification | None:
    """Return whether the network has the properties that were asked for; None if none were.

    Regions that a property leaves out are the range of the judged states; properties that hold
    around rows are checked around some of these.
    """
    if not spec.properties:
        return None
    tell(say("verifying properties"))
    judged_states = states(played.environment, played.episodes)
    found = Model(played.fitted).verify(
        spec.properties, judged_states, rung=played.policy.name, seconds=PROOFS, seed=spec.seed
    )
    return found.found


def _failed(
    folder: Path,
    apprentice: Apprentice,
    learned: Learned,
    steps: Steps,
    spec: PlaySpec,
    error: SpecError,
) -> SpecError:
    """Write what was learned before an environment failed, and return the error that says so."""
    fitted = unjudged(apprentice.environment, apprentice.method, learned, steps, spec.seed)
    bundle.save(fitted, folder / POLICY)
    return SpecError(
        error.message,
        say(
            "What was learned in {steps:,} steps before is in {path}, and not judged.",
            steps=learned.course[-1].steps,
            path=folder / POLICY,
        ),
    )


def checked(spec: PlaySpec) -> PlaySpec:
    """Return what was asked, unless a number makes no sense.

    Raises
    ------
    SpecError
    """
    if not 0 <= spec.seed < 2**63:
        raise SpecError("The seed is {seed}.", "Give 0 or more.", seed=shortened(spec.seed))
    if spec.steps is not None and not 1 <= spec.steps <= MOST_STEPS:
        raise SpecError(
            "There are {steps} steps to learn from.",
            "Give 1 or more, such as 100000.",
            steps=shortened(spec.steps),
        )
    return spec


def apprentice_of(spec: PlaySpec) -> Apprentice:
    """Return who learns the game that a spec names; this may run code that the user names.

    Raises
    ------
    SpecError
        There is no such game, or it cannot be learned.
    """
    if spec.game in GAMES:
        game = GAMES[spec.game]
        return CompiledApprentice(BuiltIn(game), _for_steps(game.settings, spec), spec.seed)
    path, colon, name = spec.game.rpartition(":")
    is_file = bool(colon) and path.endswith(".py")
    environment = of_file(Path(path), name) if is_file else of_gymnasium(spec.game, GAMES)
    return OutsideApprentice(environment, _for_steps(OUTSIDE, spec), spec.seed)


def _for_steps(settings: PPOSettings, spec: PlaySpec) -> PPOSettings:
    return settings if spec.steps is None else replace(settings, steps=spec.steps)


def _played(
    apprentice: Apprentice,
    spec: PlaySpec,
    learned: Learned,
    time_limit: float | None,
    watch: Watch | None,
    stop: Callable[[], bool],
) -> Played:
    refuse_time_limit(time_limit)
    end = float("inf") if time_limit is None else perf_counter() + time_limit
    status = Status.COMPLETED
    with turn():
        for now in learning(apprentice, learned):
            learned = now
            if watch is not None:
                watch(learned)
            if learned.updates >= apprentice.method.settings.updates:
                break
            if stop():
                status = Status.INTERRUPTED
                break
            if perf_counter() >= end:
                status = Status.TIME_LIMIT
                break
        return judged(
            apprentice.environment, apprentice.method, learned, seed=spec.seed, status=status
        )
