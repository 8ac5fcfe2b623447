"""The site: the documents of this folder and a reference of the Python surface, by Sphinx.

``pip install '.[docs]'``, then ``sphinx-build -W docs build/site``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradum
from gradum.lab.page import lab_page

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
    """Let Sphinx read formulas with absolute values, |r| is no substitution, and add the lab."""
    app.connect("autodoc-process-docstring", _escape_bars)
    app.connect("build-finished", _add_lab)


def _add_lab(app: Any, failed: Exception | None) -> None:
    if failed is None:
        (Path(app.outdir) / "lab.html").write_text(lab_page(), encoding="utf-8")


def _escape_bars(app: Any, what: Any, name: Any, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = [line.replace("|", r"\|") for line in lines]
