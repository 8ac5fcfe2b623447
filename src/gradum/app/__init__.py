"""The app: the command line."""
