"""How answers change as one column takes other values."""
