"""KEEPS: every place bytes rest and every way of moving them.

Here are the archive reader, the manifest, the vaults, the catalog and the client of the Convex
deployment we copy. You will not find decisions here (what to restore, who may): those are in
`commands/`; nor a word to a person, except the sentences that errors carry.
"""
