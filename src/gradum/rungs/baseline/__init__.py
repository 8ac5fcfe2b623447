"""The rung that looks at no column."""
