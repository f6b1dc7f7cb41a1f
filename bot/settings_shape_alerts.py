"""The shape of what lifeboat.toml says of alerts: who is told, by which roads, and when not.

A part of `settings_shape.py`, which holds the rest and joins all of it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.settings_shape_kept import Table


class AlertsTable(Table):
    channel: str | None = Field(
        default=None,
        description="Id of the channel (C…) where alerts are told; that of [approvals] if left "
        "out.",
    )
    mention: dict[str, list[str]] | None = Field(
        default=None,
        description="Ids of people (U…) and user groups (S…) who are mentioned, by severity: "
        "severe, warning.",
    )
    quiet_from: str | None = Field(
        default=None, description="When the quiet hours begin, such as 22:00: warnings wait then."
    )
    quiet_until: str | None = Field(
        default=None, description="When the quiet hours end, such as 07:00."
    )
    quiet_zone: str = Field(
        default="UTC", description="The zone whose clock that is, such as Asia/Jakarta."
    )
    snooze_hours_max: float = Field(
        default=24, ge=1, le=168, description="How long an alert may be snoozed at most."
    )
    remind_hours: float = Field(
        default=24,
        ge=1,
        le=168,
        description="How often an alert that nobody took on is brought to mind.",
    )
    look_seconds: float = Field(
        default=20, ge=0.5, le=50, description="How often troubles are looked for."
    )


class WebhookTable(Table):
    url_env: str | None = Field(
        default=None,
        description="Environment variable that holds the address alerts are posted to as JSON; "
        "it is a secret.",
    )
    url_file: str | None = Field(
        default=None, description="File that holds the address instead; relative to this file."
    )
    severity: Literal["severe", "warning"] = Field(
        default="severe", description="From which severity on the webhook is used."
    )
    timeout_seconds: float = Field(
        default=10, gt=0, le=120, description="How long its server may take to answer."
    )


class SmtpTable(Table):
    host: str | None = Field(
        default=None, description="The mail server that alerts are handed to; left out: no e-mail."
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Its port; left out: 587 for starttls, 465 for tls, 25 for none.",
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the way to it is made safe; none is for a server on this machine.",
    )
    user: str | None = Field(default=None, description="The name to log in with.")
    password_env: str | None = Field(
        default=None, description="Environment variable that holds the password."
    )
    password_file: str | None = Field(
        default=None, description="File that holds the password instead; relative to this file."
    )
    sender: str | None = Field(default=None, description="The address that e-mail comes from.")
    to: list[str] = Field(default=[], max_length=50, description="The addresses it goes to.")
    ca_file: str | None = Field(
        default=None,
        description="File of certificates to trust instead of this machine's; relative to this "
        "file.",
    )
    severity: Literal["severe", "warning"] = Field(
        default="severe", description="From which severity on e-mail is used."
    )
    timeout_seconds: float = Field(
        default=15, gt=0, le=120, description="How long the server may be silent."
    )
