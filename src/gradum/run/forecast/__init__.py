"""Forecasts of series: the rows that a run learns from, and how a model goes on."""
