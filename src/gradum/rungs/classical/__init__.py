"""The forecasts that everybody knows as rungs: each answers with a column of the rows."""
