"""One step of learning as a worked example: its formulas, as text and as a page."""
