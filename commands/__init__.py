"""DOES: one file a verb. No Slack, no HTTP, no SQL.

Every verb file has one shape: the request, `parse(words)`, `run(request, ctx)` and its row
`VERB`. `VERBS` is the table that help, the README and the doors are checked against.
"""
