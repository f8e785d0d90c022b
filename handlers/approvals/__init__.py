"""The domain of an approval: what a request is, who may decide it, and what becomes of it.

`record`, `decisions`, `rounds`, `links` and `message` are plain Python; `store` (DynamoDB) and `callback`
(Step Functions) are the only modules that talk to AWS; `mail` and `page` are all that people get to see.
"""
