"""The operations on a request. Each use case is passed the services it talks to (`ports`)."""
