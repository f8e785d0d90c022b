"""Approvals, in layers; imports only point down.

`rules`     pure: what a request is, who may decide it, whom to ask, what an ending means
`usecases`  the operations on a request; the caller passes in a store, a workflow, a mail channel and a clock
`parsing`   what comes in, read without AWS; `faces`: what people and programs see
`adapters`  the services of the use cases, on AWS

The entry modules beside this folder wire them together.
"""
