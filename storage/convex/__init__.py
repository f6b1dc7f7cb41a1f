"""The deployment we copy, over plain HTTP: never its WebSocket, never its command line.

`client.py` carries requests, retries and errors; `facts.py` reads what a deployment tells of
itself, `exports.py` takes snapshots, `imports.py` puts them back. You will not find here what is
in an archive, nor when something should be restored.
"""
