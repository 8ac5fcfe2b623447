"""``gradum mcp``: commands as tools that an assistant calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.errors import SpecError
from gradum.messages import say


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the assistant may read and write.")
    ],
    context: typer.Context,
) -> None:
    """Let an assistant work with tables and models.

    It looks at tables, fits models and asks them, within one folder. Speaks the Model Context
    Protocol over standard input and output: name this command to the assistant as one of its
    servers. Every command that prints JSON is a tool with the same options. Paths are relative to
    the folder: addresses, .. and links that lead out of it are refused, what exists is not
    replaced, and no code is imported that a call names. A fit says how far it is, and can be
    cancelled. Needs gradum[mcp].
    """
    from gradum.app.tools.folder import Folder
    from gradum.app.tools.tool import tools_of
    from gradum.tables.extra import needs

    needs("mcp_types", "mcp", say("Requests of assistants"), SpecError)
    import anyio

    from gradum.app.tools.server import serve

    anyio.run(serve, Folder(folder), tools_of(context.find_root().command))
