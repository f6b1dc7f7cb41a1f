"""One deployment: what the settings say of it, and the way to it."""

from __future__ import annotations

from functools import cached_property

from storage.convex.client import Client
from storage.convex.patience import Patience
from storage.convex.words import Place
from storage.secret import Secret


class Deployment:
    """A Convex database that can be read or written; nothing is sent until it is asked."""

    def __init__(  # noqa: PLR0913 - one word for each key of the settings table.
        self,
        name: str,
        url: str,
        key: Secret,
        *,
        protected: bool = False,
        restore_to: str | None = None,
        expected_tables: tuple[str, ...] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.url = url
        self.key = key
        self.protected = protected
        self.restore_to = restore_to
        self.expected_tables = expected_tables
        self.patience = patience or Patience()

    @cached_property
    def client(self) -> Client:
        """The HTTP client, made when it is first needed."""
        return Client(self.place, self.key, self.patience)

    @property
    def place(self) -> Place:
        """Its name and address, for sentences."""
        return Place(self.name, self.url)

    def close(self) -> None:
        """Let the connections go, if there are any; the next request opens them again."""
        client = self.__dict__.pop("client", None)
        if client is not None:
            client.close()
