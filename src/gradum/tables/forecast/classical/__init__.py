"""The forecasts that everybody knows, made at each origin from the values up to it."""
