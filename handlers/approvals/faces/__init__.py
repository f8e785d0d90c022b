"""What people and programs see and send back: page, mails, JSON."""
