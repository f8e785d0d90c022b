"""The operator's tool: `python -m operate COMMAND`. It knows the program by its outputs."""
