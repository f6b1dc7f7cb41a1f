"""SAYS, in Slack: facts in, a message out. Pure: no client, no clock, no settings.

Each view is a function that returns a `Message`: blocks, and a plain text that says the same. You
will not find here who may see it, nor when it is sent.
"""
