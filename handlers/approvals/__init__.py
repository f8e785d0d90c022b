"""Approvals, in three layers; imports only point down.

`rules`     pure: what a request is, who may decide it, whom to ask, what an ending means
`usecases`  the operations on a request; the caller passes in a store, a workflow, a mail channel and a clock
`adapters`  those four on AWS, and the wire formats; `faces`: what people and programs see

The entry modules beside this folder wire them together.
"""
