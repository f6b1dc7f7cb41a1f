"""Alerts by e-mail, handed to one server over SMTP; no sentence holds the password."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from bot.messages import letters
from bot.roads.letter import letter
from bot.roads.road import RoadFailed
from bot.settings_alerts import SmtpPlace
from storage.outbox import Outbox, Taken
from storage.secret import Secret


@dataclass(frozen=True)
class Mail:
    """The mail server of the settings; `ca_file` holds the certificates that are trusted."""

    place: SmtpPlace
    password: Secret
    ca_file: Path | None
    outbox: Outbox
    now: Callable[[], datetime]

    @property
    def where(self) -> str:
        return f"{', '.join(self.place.to)} by {self.place.host}"

    def deliver(self, taken: Taken, now: Callable[[], datetime]) -> None:
        """Hand one alert over; a second e-mail about the same has the same Message-ID."""
        told = letter(taken, now())
        self._send(letters.subject(told), letters.text(told), told.once, told.alert.id)
        self.outbox.done(taken, now())

    def test(self, by: str) -> None:
        """Hand a test alert over."""
        once = f"test-{self.now().timestamp():.0f}"
        self._send(letters.TEST_SUBJECT, letters.test_text(by), once, "")

    def _send(self, subject: str, text: str, once: str, alert: str) -> None:
        mail = EmailMessage()
        mail["Subject"], mail["From"] = subject, self.place.sender
        mail["To"] = ", ".join(self.place.to)
        mail["Date"] = format_datetime(self.now().astimezone(UTC))
        host = self.place.sender.partition("@")[2]
        mail["Message-ID"] = f"<{once}@{host}>"
        if alert:  # Readers show all that is told of one alert together.
            mail["References"] = f"<{alert}@{host}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        with self._server() as (server, began):
            began.append(True)
            refused = server.send_message(mail)
        if refused:
            raise RoadFailed(
                f"The mail server took it for {len(self.place.to) - len(refused)} of "
                f"{len(self.place.to)} addresses.",
                hint="Check `to` in [smtp].",
                passing=False,
            )

    @contextmanager
    def _server(self) -> Iterator[tuple[smtplib.SMTP, list[bool]]]:
        """Open the server, safely, and log in; what it says against it becomes a sentence."""
        began: list[bool] = []
        try:
            server = self._connected()
            try:
                if self.place.user:
                    server.login(self.place.user, self.password.reveal())
                yield server, began
            finally:
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except smtplib.SMTPAuthenticationError:
            raise RoadFailed(
                "The mail server refuses the user or the password.",
                hint="Check user and password in [smtp].",
                passing=False,
            ) from None
        except smtplib.SMTPResponseException as error:
            raise RoadFailed(
                f"The mail server refuses it ({error.smtp_code}).",
                hint="Check [smtp] with whoever runs the mail server.",
                passing=error.smtp_code < 500,
            ) from None
        except (smtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
            raise RoadFailed(
                f"The mail server {self.place.host} can't be used ({type(error).__name__}).",
                hint="Check host, port and security in [smtp], and the network.",
                doubt=bool(began) and not isinstance(error, smtplib.SMTPRecipientsRefused),
            ) from None

    def _connected(self) -> smtplib.SMTP:
        place = self.place
        trusted = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        if place.security == "tls":
            return smtplib.SMTP_SSL(
                place.host, place.port, timeout=place.timeout_seconds, context=trusted
            )
        server = smtplib.SMTP(place.host, place.port, timeout=place.timeout_seconds)
        if place.security == "starttls":
            try:
                server.starttls(context=trusted)
            except BaseException:
                server.close()
                raise
        return server
