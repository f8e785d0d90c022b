"""The least that can stop and be answered, to know what the machinery alone takes. A Pulumi program of its own."""
