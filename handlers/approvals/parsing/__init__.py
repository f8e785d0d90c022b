"""What comes in, read without AWS: triggers, messages, stored records."""
