"""Pure functions and values: no AWS, no clock, no wire format."""
