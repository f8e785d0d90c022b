"""The use cases' ports on AWS."""
