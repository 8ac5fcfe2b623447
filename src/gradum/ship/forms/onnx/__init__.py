"""A whole model as an ONNX file: raw columns in, answers out."""
