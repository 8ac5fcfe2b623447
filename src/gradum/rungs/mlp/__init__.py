"""The rung of one network, the multi-layer perceptron."""
