"""What is done with a request. Each use case is given whom it talks to (`ports`)."""
