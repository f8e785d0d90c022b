"""The use cases' ports on AWS, and the wire formats."""
