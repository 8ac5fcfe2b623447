"""``gradum verify``: whether a network, or a model of a table, has a property."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write, write_json
from gradum.app.cli.waiting import waiting
from gradum.errors import SpecError
from gradum.messages import marked, say, say_plural
from gradum.run.options.option_table import READING

if TYPE_CHECKING:
    from gradum.study.verification.domain import VerificationOutcome

REFUTED, NOT_DECIDED = 3, 4
"""The exit codes unless everything is proved."""
SECONDS = 300.0

WORDS = {"proved": "unsat", "refuted": "sat", "not decided": "unknown"}
"""The verification competition's words for whether there is a counterexample."""

STAGES = {
    "attack": marked("Decided by the attack."),
    "interval": marked("Decided by interval arithmetic."),
    "crown": marked("Decided by linear bounds of the whole box."),
    "search": marked("Decided by the search."),
}


@options.taking(*READING)
def command(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="RUN_OR_NET",
            help="A run folder or a model file; or a network or an exported model, an .onnx file, "
            "which needs gradum[onnx].",
        ),
    ],
    given: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE_OR_PROPERTY",
            help="For a model, a table of rows around which it should be robust. For a network, "
            "a .vnnlib file that describes what a counterexample would be; or, with "
            "--property, a table of its columns.",
        ),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar="WORDS",
            help="A property of a model, such as 'monotone age+', 'irrelevant sex', 'range 0..1', "
            "'robust income ±5%, age ±1', 'never no where age 30..60'. Of a network: 'irrelevant "
            "sex within 0.05', or 'irrelevant sex, age to class'. Can be given several times.",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--properties", metavar="FILE", help="More of them: a TOML file.")
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            metavar="REGION",
            help="Where they should hold, such as 'age 30..60, sex female|male'. Default: on the "
            "whole domain of the rows learned from, or of a network's table. A network "
            "without a table has columns x0, x1 and so on: 'x0 0..1, x1 0..5 whole'. Of an "
            "exported file, the texts of the row: 'sex female, island Biscoe'.",
        ),
    ] = "",
    rows: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="How many rows of the table to try. Default: 100.",
        ),
    ] = 100,
    rung: options.Rung = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", metavar="COL", help="A column of a network's table that is no input."
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="When to give up. Default: 300."),
    ] = SECONDS,
    counterexample: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to write a network's counterexample. Default: below the verdict.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="The seed of the attack. Default: 0."),
    ] = 0,
    *,
    force: options.Replace = False,
    as_json: options.Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the verdict and the counterexample only.")
    ] = False,
    **reading: Any,
) -> None:
    """Prove properties of a model, or find counterexamples.

    The model may also be a network from elsewhere. For a model, properties are stated in the words
    of its table. A proof covers the model as it is deployed; a counterexample is made of rows of
    the table, and the model's prediction confirms it.

    For a network, the first line is unsat if it is proved that there is no counterexample, sat if
    there is one, which ONNX Runtime has confirmed, and unknown if time ran out. A proof covers the
    network in exact arithmetic. With --property, two rows that differ only in some columns should
    have similar answers, or the same class.

    Ends with 0 if all is proved, 3 if something is refuted, and otherwise with 4.
    """
    from gradum.api.verify import verify_network_pairs
    from gradum.run.options.options import make_reading
    from gradum.ship.exchange.onnx_file import is_network

    if not timeout > 0:
        raise SpecError("--timeout is to be more than 0 seconds, not {seconds}.", seconds=timeout)
    if properties or file is not None:
        if counterexample is not None:
            raise SpecError(
                "--counterexample is for networks; rows of a table are printed.",
                "Leave it out; --json prints them as JSON.",
            )
        asked = {"file": file, "where": where, "seconds": timeout, "seed": seed}
        with waiting(shown=not (as_json or quiet)):
            if is_network(model):
                _refuse_rung(rung)
                report = verify_network_pairs(
                    model,
                    properties or (),
                    given,
                    target=target,
                    reading=make_reading(**reading),
                    **asked,
                )
            else:
                _refuse_target(target)
                report = load_model(model).verify(
                    properties or (), given, rows=rows, rung=rung, **asked, **reading
                )
        if as_json:
            write_json({"verdict": report.verdict, **report.record()})
        else:
            write(*report.verdict_lines() if quiet else [report])
        _end(report.verdict)
    elif given is None or model.is_dir() or model.suffix == ".gradum":
        raise SpecError(
            "No property is stated.",
            'Give --property "monotone age+", or behind a network its .vnnlib file.',
        )
    else:
        _refuse_rung(rung)
        search = {"where": where, "seconds": timeout, "seed": seed}
        _verify_network(model, Path(given), search, counterexample, force, as_json, quiet)


def _refuse_rung(rung: str | None) -> None:
    if rung is not None:
        raise SpecError(
            "A network is a single model.", "Leave out --rung: it is for models of tables."
        )


def _refuse_target(target: str | None) -> None:
    if target is not None:
        raise SpecError(
            "A model of gradum knows its target.",
            "Leave out --target: it is for the table of a network.",
        )


def _end(verdict: str) -> None:
    """Exit with the code of the verdict."""
    if verdict != "proved":
        raise typer.Exit(REFUTED if verdict == "refuted" else NOT_DECIDED)


def _verify_network(
    network: Path,
    stated: Path,
    search: dict[str, Any],
    counterexample: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Verify a network, and print the verdict in the words of the competition."""
    from gradum.api.verify import verify_network
    from gradum.files.atomic import check_writable, write_text
    from gradum.ship.exchange.vnnlib import counterexample_text
    from gradum.ship.prediction_files import refuse_existing

    if counterexample is not None:
        refuse_existing(counterexample, force=force)
        check_writable(counterexample)
    with waiting(shown=not (as_json or quiet)):
        outcome = verify_network(network, stated, **search)
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
    _end(outcome.verdict)


def _record(outcome: VerificationOutcome) -> dict[str, Any]:
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


def _explain(outcome: VerificationOutcome) -> None:
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
