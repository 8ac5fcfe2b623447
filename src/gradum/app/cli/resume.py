"""``gradum resume``: a run that was cut short, carried on to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.carry_out import carry_out, say_rivals_left_out
from gradum.app.cli.console import write, write_json
from gradum.app.interrupt import Interrupt
from gradum.errors import SpecError
from gradum.messages import say


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of an unfinished run.")],
    data: options.Data = None,
    against: options.Against = None,
    on: options.On = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Carry on a run that was killed or interrupted.

    It ends at the weights of an undisturbed run. What was fitted by then is not fitted again. A run
    that is finished is left as it is.
    """
    from gradum.ship import unfinished
    from gradum.ship.layout import LEARNING, POLICY

    if (run / LEARNING).exists():
        _play_on(run, data=data, against=against, on=on, as_json=as_json, quiet=quiet)
        return
    if unfinished.is_unfinished(run):
        with Interrupt().listening() as interrupt, unfinished.taken_up(run):
            if not (as_json or quiet):
                say_rivals_left_out(unfinished.asked(run).against, against)
            carry_out(
                run,
                interrupt,
                data=data,
                against=against or (),
                on=on,
                as_json=as_json,
                quiet=quiet,
            )
        return
    if (run / POLICY).exists():
        _refuse_tables(run, data, against, on)
    else:
        unfinished.asked(run)  # raises if it is no run at all
        unfinished.refuse_finished(run, data, against)
        unfinished.remove_leftovers(run)
    if as_json:
        write_json({"event": "finished", "folder": str(run)})
    elif not quiet:
        write(say("The run in {run} is finished.", run=run))


def _play_on(run: Path, *, as_json: bool, quiet: bool, **of_tables: Any) -> None:
    from gradum.app.cli.play import carry_on
    from gradum.ship.play_folder import unfinished_spec

    _refuse_tables(run, *of_tables.values())
    with Interrupt().listening() as interrupt:
        carry_on(run, unfinished_spec(run), interrupt, as_json=as_json, quiet=quiet)


def _refuse_tables(run: Path, *of_tables: Any) -> None:
    if any(of_tables):
        raise SpecError(
            "{folder} is a game that is learned, without any table.",
            "Leave out --data, --against and --on.",
            folder=run,
        )
