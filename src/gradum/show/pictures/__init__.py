"""Findings as pictures: each has a chart, a caption, a description and the numbers behind it."""

from gradum.show.pictures.docstrings import keep_docstrings

keep_docstrings("altair")
