"""Classical inference: standard errors, tests and intervals for linear models."""
