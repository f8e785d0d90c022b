"""The plain pattern: a mail with the raw task token in its link, no record, no page. A Pulumi program of its own."""
