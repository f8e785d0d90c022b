"""The names and rules that the Pulumi program and its functions share.

Standard library only: `infra/` imports it during deployment, and every archive contains it.
"""
