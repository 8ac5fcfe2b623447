"""Networks and properties in the formats that other tools write: ONNX and VNN-LIB."""
