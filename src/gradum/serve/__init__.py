"""Answers over HTTP: an ASGI application that serves models, and a server for it.

`app` needs the packages of ``gradum[serve]``.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gradum.errors import SpecError
from gradum.messages import say
from gradum.tables.extra import needs

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from gradum.serve.limits import RequestLimits
    from gradum.serve.shelf import NamedModel

Path = str | os.PathLike
Paths = Sequence[Path] | Mapping[str, Path] | Path


def app(
    models: Paths,
    *,
    shadows: Paths = (),
    limits: RequestLimits | None = None,
    token: str | None = None,
    allow_missing: bool = False,
) -> Starlette:
    """Return an ASGI application that answers for models, to be mounted under any server.

    Parameters
    ----------
    models : path, sequence of paths, or mapping of str to path
        Model files or run folders, by name where it matters. A file that is replaced is put to work
        within a second or two, if it can answer; else the old one stays.
    shadows : as models, optional
        Models that are asked the same as those of their names; their answers are only counted.
    limits : RequestLimits, optional
        What one request may take.
    token : str, optional
        What callers have to bring, as ``Authorization: Bearer TOKEN``; without one, whoever reaches
        the application is answered.
    allow_missing : bool
        Whether a record may lack a column of which training rows lacked values, as if it had null
        there; each is named in ``notes``.

    Raises
    ------
    ModelFileError
        A file is no model that can be put to work.
    SpecError
        Two models have one name, or a package is not installed.
    """
    for package in ("starlette", "prometheus_client"):
        needs(package, "serve", say("Requests"), SpecError)
    from gradum.serve.application import application
    from gradum.serve.limits import RequestLimits
    from gradum.serve.shelf import Shelf

    shelf = Shelf(_named(models), _named(shadows), allow_missing=allow_missing)
    return application(shelf, limits or RequestLimits(), token)


def _named(models: Paths) -> list[NamedModel]:
    from gradum.serve.shelf import NamedModel

    if isinstance(models, Mapping):
        return [NamedModel(name, pathlib.Path(path)) for name, path in models.items()]
    several = [models] if isinstance(models, str | os.PathLike) else models
    return [NamedModel.of(os.fspath(path)) for path in several]
