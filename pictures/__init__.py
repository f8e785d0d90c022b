"""The pictures of the docs, made from the program itself. `make pictures` runs all of it."""
