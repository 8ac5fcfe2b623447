"""The convolutional network: filters that look at pictures, sounds and series."""
