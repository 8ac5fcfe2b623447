"""One fit and many fits: from a design to a ladder of trained and judged rungs."""
