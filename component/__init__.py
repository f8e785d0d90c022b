"""The Pulumi plugin: `Approvals` for programs in any language."""
