"""What each function is told, in a module of its entry module's name: a cold start imports its own alone."""
