"""A WSGI server in a thread of its own, which can be closed while it waits for news."""

from __future__ import annotations

import threading
from typing import Any

LOOP_SECONDS_MAX = 2.0  # It comes round once a second, and stays while somebody holds a line open.


class Serving:
    """Runs one of waitress' servers from `start` to `close`."""

    def __init__(self, server: Any, name: str) -> None:
        self._server, self._closed = server, False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to serve, if that was not begun before."""
        if not self._thread.is_alive():
            self._thread.start()

    def alive(self) -> bool:
        """Whether anybody is served."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End, and free the port: it is bound until the server's loop has come round."""
        self._closed = True
        self._server.close()
        if self._thread.is_alive():
            self._thread.join(LOOP_SECONDS_MAX)

    def _run(self) -> None:
        try:
            self._server.run()
        except OSError:  # It was waiting for news of sockets that are closed now.
            if not self._closed:
                raise
