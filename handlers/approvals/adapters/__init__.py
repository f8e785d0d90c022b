"""AWS behind the ports of the use cases, and what goes over the wire."""
