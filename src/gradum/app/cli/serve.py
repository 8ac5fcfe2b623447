"""``gradum serve``: models that answer over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli.console import write
from gradum.errors import SpecError
from gradum.messages import say


def command(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Run folders or model files, or NAME=PATH; the name is that of the file if left "
            "out. The first one answers where no name is given.",
        ),
    ],
    *,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen. Any other needs a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="0: any that is free.")
    ] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file of yours alone, with the word that callers have to bring as "
            "'Authorization: Bearer WORD'.",
        ),
    ] = None,
    shadow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="A model that is asked the same as the one of that name; its answers are counted, "
            "never given. Repeat it for others.",
        ),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The most rows of a request.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="The longest time for a request.")
    ] = None,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing",
            help="Let a record lack a column of which training rows lacked values; each is named "
            "in the notes of the answer. Otherwise the request says null, or is refused.",
        ),
    ] = False,
    log_requests: Annotated[
        bool, typer.Option("--log-requests", help="Write a line for each request to the log.")
    ] = False,
) -> None:
    """Answer over HTTP for one or several models, until stopped.

    POST /predict takes rows as JSON; the page at / shows how, and has a form that asks,
    /openapi.json describes every address, and /v2 speaks the Open Inference Protocol. A model file
    that is replaced, by renaming another onto it, is put to work after a test; a bad one leaves the
    old one at work. /metrics has figures for Prometheus: times, refusals, rows unlike those of
    training, drift, and errors once POST /labels tells outcomes. Needs gradum[serve].
    """
    from gradum.serve import app
    from gradum.serve.limits import RequestLimits
    from gradum.serve.server import bound_socket, read_token, run

    token = None if token_file is None else read_token(token_file)
    if seconds is not None and not 0 < seconds < float("inf"):
        raise SpecError(
            "A request cannot take {seconds} s.",
            "Give --seconds a number above 0.",
            seconds=seconds,
        )
    given = {"rows": rows, "seconds": seconds}
    limits = RequestLimits(**{name: value for name, value in given.items() if value is not None})
    with bound_socket(host, port, has_token=token is not None) as bound:
        application = app(
            models, shadows=shadow or (), limits=limits, token=token, allow_missing=allow_missing
        )
        where = bound.getsockname()
        address = f"[{where[0]}]" if ":" in where[0] else where[0]
        write(say("Listening at http://{address}:{port}", address=address, port=where[1]))
        run(application, bound, limits, log_requests=log_requests)
