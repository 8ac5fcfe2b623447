"""Findings: what the judged rows show, with one file per finding, and all of them as one value."""
