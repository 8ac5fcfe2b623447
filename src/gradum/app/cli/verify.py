"""``gradum verify``: whether a network has a property."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import write, write_json
from gradum.messages import marked, say, say_plural

if TYPE_CHECKING:
    from gradum.study.verification import Outcome

REFUTED, NOT_DECIDED = 3, 4
"""What the command ends with unless the property is proved."""
SECONDS = 300.0

WORDS = {"proved": "unsat", "refuted": "sat", "not decided": "unknown"}
"""Of the verification competition: whether there is a counterexample."""

STAGES = {
    "attack": marked("Decided by the attack."),
    "interval": marked("Decided by interval arithmetic."),
    "crown": marked("Decided by linear bounds of the whole box."),
    "search": marked("Decided by the search."),
}


def command(
    network: Annotated[
        Path, typer.Argument(metavar="NET", help="A network: an .onnx file. Needs gradum[onnx].")
    ],
    stated: Annotated[
        Path,
        typer.Argument(metavar="PROPERTY", help="What no counterexample may be: a .vnnlib file."),
    ],
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", help="When to give up. Default: 300."),
    ] = SECONDS,
    counterexample: Annotated[
        Path | None,
        typer.Option(
            "--counterexample",
            metavar="FILE",
            help="Where to write the counterexample. Default: below the verdict.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Of the attack. Default: 0.")
    ] = 0,
    force: options.Replace = False,
    as_json: options.Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the verdict and the counterexample only.")
    ] = False,
) -> None:
    """Prove a property of a network, or find a counterexample.

    The first line is unsat where it is proved that there is no counterexample, sat where there is
    one, which ONNX Runtime has confirmed, and unknown where time ran out. Ends with 0, 3 and 4 in
    these cases. A proof is of the network in exact arithmetic.
    """
    from gradum.api.verify import verify_network
    from gradum.errors import SpecError
    from gradum.files.atomic import write_text
    from gradum.ship.exchange.counterexample import counterexample_text
    from gradum.ship.predictions import refuse_existing

    if not timeout > 0:
        raise SpecError(
            say("--timeout is to be more than 0 seconds, not {seconds}.", seconds=timeout)
        )
    if counterexample is not None:
        refuse_existing(counterexample, force=force)
    outcome = verify_network(network, stated, seconds=timeout, seed=seed)
    text = ""
    if outcome.x is not None and outcome.y is not None:
        text = counterexample_text(outcome.x, outcome.y)
        if counterexample is not None:
            write_text(counterexample, f"{text}\n")
    if as_json:
        write_json(_record(outcome))
    else:
        typer.echo(WORDS[outcome.verdict])
        if text and counterexample is None:
            typer.echo(text)
        if not quiet:
            _explain(outcome)
            if text and counterexample is not None:
                write(say("Written to {path}.", path=counterexample))
    if outcome.verdict != "proved":
        raise typer.Exit(REFUTED if outcome.verdict == "refuted" else NOT_DECIDED)


def _record(outcome: Outcome) -> dict[str, Any]:
    record: dict[str, Any] = {
        "verdict": WORDS[outcome.verdict],
        "stage": outcome.stage,
        "certified": outcome.certified,
        "boxes": outcome.boxes,
        "seconds": outcome.seconds,
    }
    if outcome.x is not None and outcome.y is not None:
        record["counterexample"] = {"x": outcome.x.tolist(), "y": outcome.y.tolist()}
    return record


def _explain(outcome: Outcome) -> None:
    if outcome.verdict == "not decided":
        write(
            say(
                "Not decided: {share:.2%} of the inputs' volume is certified.",
                share=outcome.certified,
            )
        )
    else:
        write(say(STAGES[outcome.stage]))
    write(
        say_plural(
            "{count:,} box, {seconds:.1f} s.",
            "{count:,} boxes, {seconds:.1f} s.",
            outcome.boxes,
            seconds=outcome.seconds,
        )
    )
