"""Each function's settings, in a module named like its entry module: a cold start imports only its own."""
