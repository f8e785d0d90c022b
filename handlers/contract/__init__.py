"""What the program and its functions must spell alike, and what they must judge alike.

Standard library alone: `infra/` imports it while a stack is deployed, and every archive holds it.
"""
