"""What a fitted model is worth: results as plain values."""
