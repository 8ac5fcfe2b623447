"""Findings as pictures: each a chart, a caption, a description and the numbers behind it."""
