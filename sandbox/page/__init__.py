"""The sandbox's page: inbox, requests, the workflow as it runs, its history and logs."""
