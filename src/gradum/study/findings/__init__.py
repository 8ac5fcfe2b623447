"""Findings: what the judged rows show, a file each, and all of them as one value."""
