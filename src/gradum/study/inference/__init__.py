"""Classical inference: standard errors, tests and intervals of linear models."""
