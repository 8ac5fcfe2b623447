"""``gradum play``: a game learned by trying, and the policy as a model like any other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import compile_once, write, write_json
from gradum.app.cli.play_progress import choose
from gradum.app.cli.waiting import waiting
from gradum.app.interrupt import INTERRUPTED, Interrupt
from gradum.messages import listed, say


def command(
    game: Annotated[
        str,
        typer.Argument(
            metavar="GAME",
            help="cartpole, acrobot, pendulum, mountaincar; an id of Gymnasium; or FILE.py:CLASS, "
            "whose code is run because you name it.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Default: runs/DATE-GAME.")
    ] = None,
    force: options.Force = False,
    *,
    seed: Annotated[int, typer.Option(metavar="N", help="Decides every random choice.")] = 0,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Steps in the game to learn from. Default: the game's own."),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar="WORDS",
            help="A property of the network to verify at the end, such as 'never left where angle "
            "0.1..0.2'. Can be given several times.",
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="End learning after this time; judging comes afterwards."
        ),
    ] = None,
    checkpoint_every: options.CheckpointEvery = options.CHECKPOINT_SECONDS,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Learn to play a game by trying, and judge the policy.

    A network learns by proximal policy optimisation, then plays 100 fresh episodes beside a random
    policy, the best rule of one threshold and a linear policy. Leaves a folder with policy.gradum,
    a model like any other: from what is seen to the action.
    """
    from gradum.api.play import checked
    from gradum.app.cli.carry_out import made_folder
    from gradum.files.atomic import claim_folder
    from gradum.rungs.number_ranges import refuse_time_limit
    from gradum.ship.play_folder import PlaySpec
    from gradum.ship.unfinished import refuse_interval

    refuse_time_limit(time_limit)
    refuse_interval(checkpoint_every)
    spec = checked(PlaySpec(game, seed, steps, tuple(properties or ())))
    with Interrupt().listening() as interrupt, made_folder(out, game) as folder:
        claim_folder(folder, force=force)
        carry_on(
            folder,
            spec,
            interrupt,
            time_limit=time_limit,
            checkpoint_every=checkpoint_every,
            as_json=as_json,
            quiet=quiet,
        )


def carry_on(
    folder: Path,
    spec: Any,
    interrupt: Interrupt,
    *,
    time_limit: float | None = None,
    checkpoint_every: float = options.CHECKPOINT_SECONDS,
    as_json: bool,
    quiet: bool,
) -> None:
    """Learn what is left to learn in a claimed folder, and show it.

    Exits with 130 if interrupted.
    """
    compile_once()
    from gradum.api.play import play_in_folder

    interrupt.end_if_asked()  # during the imports
    progress = choose(as_json=as_json, quiet=quiet)
    try:
        with waiting(shown=not (as_json or quiet)):
            played, verified = play_in_folder(
                folder,
                spec,
                time_limit=time_limit,
                checkpoint_every=checkpoint_every,
                on_chunk=progress,
                stop=interrupt,
                cache=cache_directory(),
            )
    finally:
        progress.close()
    _farewell(played, verified, folder, as_json=as_json, quiet=quiet)
    if played.interrupted:
        sys.exit(INTERRUPTED)


def _farewell(played: Any, verified: Any, folder: Path, *, as_json: bool, quiet: bool) -> None:
    from gradum.ship.layout import PLAY_FILES, POLICY
    from gradum.ship.play_folder import is_unfinished
    from gradum.show.answers.verification import PropertyReport
    from gradum.show.game.policy_ladder import PolicyLadder

    if as_json:
        judgement = played.judgement
        write_json(
            {
                "event": "written",
                "folder": str(folder),
                "return": judgement.network.mean,
                "enough": judgement.enough,
                "verdicts": [each.verdict for each in verified.properties] if verified else [],
            }
        )
        return
    if quiet:
        return
    write("", PolicyLadder(played), "")
    if verified is not None:
        write(*PropertyReport(verified).verdict_lines(), "")
    write(say("Written to {folder}: {names}.", folder=folder, names=listed(PLAY_FILES, "and")))
    if is_unfinished(folder):
        write(say("Interrupted. To finish it: gradum resume {folder}", folder=folder))
    else:
        write(say("Next: gradum explain {policy} TABLE --row 1", policy=folder / POLICY))
