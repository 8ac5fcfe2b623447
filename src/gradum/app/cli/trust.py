"""``gradum trust``: what is known about a model and what is not, checked against thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write
from gradum.app.cli.pages import check_page, hand_over
from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.options.option_table import READING

FAILED = 3
"""The exit code if a demand failed."""


@options.taking(*READING)
def command(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN_OR_MODEL",
            help="A run folder, a model file (.gradum), a network from elsewhere (.onnx), or a "
            "table of scores beside the truth.",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE",
            help=f"{options.TABLE} It holds new rows, best with the target; a network needs one.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="COL", help="Hold the groups of a column against each other."),
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Fit again, and compare the weights to the bit.")
    ] = False,
    thresholds: Annotated[
        Path | None,
        typer.Option(
            "--thresholds", metavar="FILE", help="TOML that says what is asked. Default: see docs."
        ),
    ] = None,
    write_thresholds: Annotated[
        Path | None,
        typer.Option(
            "--write-thresholds",
            metavar="FILE",
            help="Write the default thresholds with what they mean, and end.",
        ),
    ] = None,
    force: options.Replace = False,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", metavar="COL", help="The truth, of a network or of scores alone."
        ),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(
            "--score",
            metavar="COL",
            help="Of scores alone: the predicted number, the score of the second of two classes, "
            "or the probability of each class in their order.",
        ),
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(
            "--positive",
            metavar="LABEL",
            help="Of scores alone: the class that they are of, of two. Default: the second.",
        ),
    ] = None,
    task: Annotated[str | None, options.option("task")] = None,
    out: options.Page = None,
    *,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    **reading: Any,
) -> None:
    """Say of a model what holds, what fails and what was not checked, line by line.

    Looks at data and provenance, scores, calibration, coverage, groups, explanations, stress,
    properties, drift and reproducibility, and ends with all that was not checked and how to check
    it. Of a network or of scores from elsewhere it checks what predictions can show. Ends with 3
    where a demand failed; thresholds say what is asked, and what must be checked.
    """
    if write_thresholds is not None:
        _write_thresholds(write_thresholds, force=force)
        return
    if model is None:
        raise SpecError(
            say("There is nothing to examine."), say("Name a run folder, a model file or a table.")
        )
    from gradum.api.runs import load
    from gradum.run.options.options import make_reading

    if out is not None:
        check_page(out)
    asked = {"by": by or (), "thresholds": thresholds}
    elsewhere = {"target": target, "scores": score or (), "positive": positive, "task": task}
    if model.is_dir() or model.suffix == ".gradum":
        _refuse_for_models(*elsewhere.values())
        examined = load(model) if model.is_dir() else load_model(model)
        report = examined.trust(data, rerun=rerun, **asked, **reading)
    elif rerun:
        raise SpecError(say("Only a run of gradum can be fitted again."), say("Leave out --rerun."))
    else:
        from gradum.api.trust.elsewhere import trust_elsewhere

        report = trust_elsewhere(model, data, **elsewhere, **asked, reading=make_reading(**reading))
    hand_over(report, report.content, out, as_json=as_json, quiet=quiet)
    if report.failed:
        raise typer.Exit(FAILED)


def _write_thresholds(path: Path, *, force: bool) -> None:
    from gradum.api.trust.thresholds import thresholds_toml
    from gradum.files.atomic import write_text
    from gradum.ship.prediction_files import refuse_existing

    refuse_existing(path, force=force)
    write_text(path, thresholds_toml())
    write(say("Written to {path}.", path=path))


def _refuse_for_models(*given: Any) -> None:
    if any(given):
        raise SpecError(
            say("A model of gradum knows its target and its scores."),
            say("Leave out --target, --score, --positive and --task."),
        )
