"""The site: the documents of this folder and a reference of the Python surface, by Sphinx.

``pip install '.[docs]'``, then ``sphinx-build -W docs build/site``.
"""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from typing import Any

import gradum
from gradum.lab.page import lab_page

DOCS = Path(__file__).parent

project = "gradum"
author = "the gradum developers"
copyright = author
release = version = gradum.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["README.md"]
html_theme = "furo"
html_title = f"gradum {release}"
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
autodoc_typehints = "none"  # the docstrings say what is taken
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
suppress_warnings = ["myst.xref_missing"]  # links to files of the code, which are no pages


def setup(app: Any) -> None:
    """Let Sphinx read formulas with absolute values; add the lab, and a list for assistants."""
    app.connect("autodoc-process-docstring", _escape_bars)
    app.connect("build-finished", _add_lab)
    app.connect("build-finished", _list_for_assistants)


def _add_lab(app: Any, failure: Exception | None) -> None:
    if failure is None:
        (Path(app.outdir) / "lab.html").write_text(lab_page(), encoding="utf-8")


def _escape_bars(app: Any, what: Any, name: Any, obj: Any, options: Any, lines: list[str]) -> None:
    # |r| is no substitution
    lines[:] = [line.replace("|", r"\|") for line in lines]


def _list_for_assistants(app: Any, failure: Exception | None) -> None:
    if failure is None and app.builder.format == "html":
        text = run_path(str(DOCS / "llms.py"))["llms_txt"](DOCS)
        Path(app.outdir, "llms.txt").write_text(text, encoding="utf-8")
