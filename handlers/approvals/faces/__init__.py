"""What people and programs get to see, and what they send back: page, mails, JSON."""
