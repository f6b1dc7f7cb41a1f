"""What the settings say of alerts, and the secrets of their roads, read when they are needed.

Everything that contradicts itself is a mistake at start. The webhook's address and the password
are read by the bot and by `alert test`, not by every command: a machine that only takes backups
needs neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import cast, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.settings_secrets import Named, one_source, secret
from bot.settings_shape import File
from bot.settings_shape_alerts import AlertsTable, SmtpTable, WebhookTable
from bot.settings_slack import CHANNEL, PERSON_OR_GROUP
from bot.settings_words import Mistake, SettingsRefused, did_you_mean, quoted
from commands.alert_rules import SLACK, AlertRules, Quiet
from commands.trouble import Severity
from storage.secret import Secret

WEBHOOK, SMTP = "webhook", "smtp"
PORTS = {"starttls": 587, "tls": 465, "none": 25}
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
ADDRESS = re.compile(
    r"[^@\s<>,;:\"\\]{1,64}@[A-Za-z0-9.-]{1,253}|[^@\s<>,;:\"\\]{1,64}@\[[0-9.]+\]"
)
HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|[0-9a-fA-F:]{2,45}")
HERE = ("127.0.0.1", "localhost", "::1")
NO_CHANNEL = (
    "Schedules run by themselves and [alerts] names no channel for what goes wrong.",
    'Write channel = "C…" into [alerts]; docs/alerts.md says more.',
)


@dataclass(frozen=True)
class WebhookPlace:
    """The webhook; its address is a secret and not read yet."""

    url: Named
    timeout_seconds: float


@dataclass(frozen=True)
class SmtpPlace:
    """The mail server; its password is a secret and not read yet."""

    host: str
    port: int
    security: str
    user: str
    password: Named
    sender: str
    to: tuple[str, ...]
    ca_file: str | None
    timeout_seconds: float


@dataclass(frozen=True)
class AlertsSettings:
    """Where alerts go; `channel` "" when they do not go to Slack."""

    channel: str = ""
    rules: AlertRules = field(default_factory=AlertRules)
    look_seconds: float = 20
    webhook: WebhookPlace | None = None
    smtp: SmtpPlace | None = None


def alerts(file: File) -> AlertsSettings:
    """Return the settings of alerts; what is wrong in them was told as a mistake."""
    table = file.alerts
    channel = table.channel or file.approvals.channel or ""
    webhook, smtp = _webhook(file.webhook), _smtp(file.smtp)
    roads: dict[str, Severity] = {}
    if channel:
        roads[SLACK] = "warning"
    if webhook is not None:
        roads[WEBHOOK] = file.webhook.severity
    if smtp is not None:
        roads[SMTP] = file.smtp.severity
    mention = table.mention or {}
    rules = AlertRules(
        roads=roads,
        mention={
            cast(Severity, severity): tuple(dict.fromkeys(ids)) for severity, ids in mention.items()
        },
        quiet=_quiet(table),
        snooze_max=timedelta(hours=table.snooze_hours_max),
        remind_after=timedelta(hours=table.remind_hours),
    )
    return AlertsSettings(channel, rules, table.look_seconds, webhook, smtp)


def places(told: AlertsSettings) -> dict[str, str]:
    """Return where each road leads, for people to read; the webhook's address is a secret."""
    found = {}
    if told.channel:
        found[SLACK] = f"channel {told.channel}"
    if told.webhook is not None:
        found[WEBHOOK] = "the webhook"
    if told.smtp is not None:
        found[SMTP] = f"{', '.join(told.smtp.to)} by {told.smtp.host}"
    return found


def warnings(file: File) -> Iterator[tuple[str, str]]:
    """Find a bot that works by itself and would tell nobody when that fails."""
    if file.alerts.channel is None and any(each.on for each in file.schedules.values()):
        what, hint = NO_CHANNEL
        if file.approvals.channel:
            hint = f"They go to the channel of [approvals] for now. {hint}"
        yield what, hint


def mistakes(file: File) -> Iterator[Mistake]:
    """Find what can't be meant, and what contradicts itself."""
    table = file.alerts
    if table.channel is not None and not CHANNEL.fullmatch(table.channel):
        yield Mistake(
            "alerts.channel", "This is not the id of a channel (C…).", "Copy it from Slack."
        )
    yield from _mention(table)
    yield from _quiet_mistakes(table)
    yield from _webhook_mistakes(file.webhook)
    yield from _smtp_mistakes(file.smtp)


def hidden(
    told: AlertsSettings, folder: Path, environ: Mapping[str, str], file_name: str
) -> list[Secret]:
    """Return what a log must not show of the roads; SettingsRefused when one lacks its secret."""
    found = []
    if told.webhook is not None:
        place = told.webhook.url
        url = address(secret(place, folder, environ, file_name), place.key, file_name)
        # A library tells an address with other words around its path.
        found += [url, Secret(urlsplit(url.reveal()).path)]
    if told.smtp is not None and told.smtp.user:
        found.append(secret(told.smtp.password, folder, environ, file_name))
    return [each for each in found if len(each.reveal()) > 1]


def address(url: Secret, key: str, file_name: str) -> Secret:
    """Return a webhook's address if alerts may be sent there; never a word of it in a mistake."""
    try:
        parts = urlsplit(url.reveal())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in HERE)
    if not host or not safe:
        what = "What it holds is not an https:// address."
        hint = "Alerts tell what is wrong, so they go over https://; http:// only to this machine."
        raise SettingsRefused(file_name, [Mistake(key, what, hint)])
    return url


def _quiet(table: AlertsTable) -> Quiet | None:
    begins, ends = _clock(table.quiet_from), _clock(table.quiet_until)
    zone = _zone(table.quiet_zone)
    if begins is None or ends is None or zone is None or begins == ends:
        return None
    return Quiet(begins, ends, zone)


def _clock(text: str | None) -> time | None:
    match = CLOCK.fullmatch(text or "")
    return time(int(match[1]), int(match[2])) if match else None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _mention(table: AlertsTable) -> Iterator[Mistake]:
    for severity, ids in (table.mention or {}).items():
        if severity not in get_args(Severity):
            what = f"There is no severity called {quoted(severity)}."
            yield Mistake("alerts.mention", what, "There are: severe and warning.")
        for number, each in enumerate(ids, start=1):
            if not PERSON_OR_GROUP.fullmatch(each):
                yield Mistake(
                    "alerts.mention",
                    f"Item {number} is not the id of a person (U…) or of a user group (S…).",
                    "Names change and are not safe; copy the id from the profile in Slack.",
                )


def _quiet_mistakes(table: AlertsTable) -> Iterator[Mistake]:
    for key in ("quiet_from", "quiet_until"):
        text = getattr(table, key)
        if text is not None and _clock(text) is None:
            yield Mistake(f"alerts.{key}", "This is no time of the day.", "Write 22:00.")
    if (table.quiet_from is None) != (table.quiet_until is None):
        yield Mistake(
            "alerts",
            "The quiet hours have only one end.",
            "Write both quiet_from and quiet_until, or neither.",
        )
    elif table.quiet_from is not None and table.quiet_from == table.quiet_until:
        yield Mistake(
            "alerts.quiet_until",
            "Quiet hours that end when they begin would last all day, or never.",
            "Write another time, or take both lines out.",
        )
    if _zone(table.quiet_zone) is None:
        hint = "Write a zone's whole name, such as Asia/Jakarta or UTC."
        near = did_you_mean(table.quiet_zone, available_timezones(), hint)
        what = f"There is no zone called {quoted(table.quiet_zone)}."
        yield Mistake("alerts.quiet_zone", what, near)


def _webhook(table: WebhookTable) -> WebhookPlace | None:
    if table.url_env is None and table.url_file is None:
        return None
    named = Named(table.url_env, table.url_file, "webhook.url")
    return WebhookPlace(named, table.timeout_seconds)


def _webhook_mistakes(table: WebhookTable) -> Iterator[Mistake]:
    yield from one_source("webhook", "url", table.url_env, table.url_file)


def _smtp(table: SmtpTable) -> SmtpPlace | None:
    if table.host is None:
        return None
    return SmtpPlace(
        host=table.host,
        port=table.port or PORTS[table.security],
        security=table.security,
        user=table.user or "",
        password=Named(table.password_env, table.password_file, "smtp.password"),
        sender=table.sender or "",
        to=tuple(dict.fromkeys(table.to)),
        ca_file=table.ca_file,
        timeout_seconds=table.timeout_seconds,
    )


def _smtp_mistakes(table: SmtpTable) -> Iterator[Mistake]:
    yield from one_source("smtp", "password", table.password_env, table.password_file)
    if table.host is None:
        if table.to or table.sender or table.user:
            yield Mistake("smtp", "It names no host.", 'Write host = "smtp.example.com".')
        return
    if not HOST.fullmatch(table.host):
        yield Mistake("smtp.host", "This is no name of a server.", "Write smtp.example.com.")
    if not table.to:
        yield Mistake("smtp.to", "It says to nobody.", 'Write to = ["ops@example.com"].')
    for key, addresses in (("sender", [table.sender or ""]), ("to", table.to)):
        for each in addresses:
            if not ADDRESS.fullmatch(each) or not each.isascii():
                yield Mistake(f"smtp.{key}", "This is no e-mail address.", "Write ops@example.com.")
    password = table.password_env is not None or table.password_file is not None
    if password != (table.user is not None):
        yield Mistake(
            "smtp",
            "A user and a password belong together, and one of them is missing.",
            "Write user and password_env (or password_file), or neither.",
        )
    if table.security == "none" and password and table.host not in HERE:
        yield Mistake(
            "smtp.security",
            "The password would be sent in clear text.",
            'Write security = "starttls" or "tls".',
        )
