"""``gradum trust``: what is known about a model and what is not, checked against thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write
from gradum.app.cli.pages import check_page, hand_over
from gradum.app.cli.waiting import waiting
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
        typer.Option(metavar="COL", help="Compare the groups of a column with each other."),
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Fit again, and compare the weights bit by bit.")
    ] = False,
    thresholds: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A TOML file that says what is demanded. Default: see the docs."
        ),
    ] = None,
    write_thresholds: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the default thresholds with what they mean, and end."
        ),
    ] = None,
    force: options.Replace = False,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-t",
            metavar="COL",
            help="The column of true values, for a network or for a table of scores only.",
        ),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL",
            help="For a table of scores only: the predicted number, the score of the second of "
            "two classes, or the probabilities of all classes in their order.",
        ),
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="For a table of scores only: the one of two classes that the scores are for. "
            "Default: the second.",
        ),
    ] = None,
    task: Annotated[str | None, options.option("task")] = None,
    out: options.Page = None,
    *,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    **reading: Any,
) -> None:
    """Say what of a model holds, what fails, what is unchecked.

    Each demand is a line. Looks at data and provenance, scores, calibration, coverage, groups,
    explanations, stress, properties, drift and reproducibility, and ends with all that was not
    checked and how to check it. For a network or scores from elsewhere, it checks what predictions
    can show. Ends with 3 if a demand failed; thresholds say what is demanded, and what must be
    checked.
    """
    if write_thresholds is not None:
        _write_thresholds(write_thresholds, force=force)
        return
    if model is None:
        raise SpecError(
            "There is nothing to examine.", "Name a run folder, a model file or a table."
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
        with waiting(shown=not (as_json or quiet)):
            report = examined.trust(data, rerun=rerun, **asked, **reading)
    elif rerun:
        raise SpecError("Only a run of gradum can be fitted again.", "Leave out --rerun.")
    else:
        from gradum.api.trust.elsewhere import trust_elsewhere

        with waiting(shown=not (as_json or quiet)):
            report = trust_elsewhere(
                model, data, **elsewhere, **asked, reading=make_reading(**reading)
            )
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
            "A model of gradum knows its target and its scores.",
            "Leave out --target, --score, --positive and --task.",
        )
