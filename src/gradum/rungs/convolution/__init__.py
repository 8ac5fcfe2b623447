"""The convolutional network: filters that look at pictures and sounds, beside the other columns."""
