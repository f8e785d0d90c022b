"""Approvals, on three floors; imports go down only.

`rules`     pure: what a request is, who may decide it, whom to ask, what an ending means
`usecases`  what is done with a request, for callers who bring a store, a workflow, a mail channel and a clock
`adapters`  those four on AWS, and the wire formats; `faces`: what people and programs get to see

The entry modules beside this folder put them together.
"""
