"""The roads of the settings, made where they are used: in the bot, and for a test at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from bot import settings_alerts, settings_secrets
from bot.courier import Courier
from bot.roads.road import Blocked, Road
from bot.roads.slack import SlackRoad
from bot.settings import Settings
from bot.settings_alerts import SMTP, WEBHOOK
from bot.settings_words import SettingsRefused
from commands.alert_rules import SLACK
from storage.errors import LifeboatError
from storage.outbox import Outbox
from storage.secret import Secret


def roads(
    settings: Settings,
    environ: Mapping[str, str],
    outbox: Outbox,
    now: Callable[[], datetime],
    slack: tuple[Courier, Callable[[str], None]] | None,
) -> dict[str, Road]:
    """Make every road, Slack's with a courier and a check of its channel, if there are any.

    SettingsRefused when a secret is missing.
    """
    made: dict[str, Road] = {}
    alerts = settings.alerts
    file, folder = settings.paths.settings.name, settings.paths.settings.parent
    if alerts.channel and slack is not None:
        courier, check = slack
        made[SLACK] = SlackRoad(courier, alerts.channel, alerts.rules, outbox, check)
    if alerts.webhook is not None:
        from bot.roads.webhook import Webhook  # noqa: PLC0415 - only for who has one.

        url = settings_secrets.secret(alerts.webhook.url, folder, environ, file)
        settings_alerts.address(url, alerts.webhook.url.key, file)
        made[WEBHOOK] = Webhook(url, alerts.webhook.timeout_seconds, outbox, now)
    if alerts.smtp is not None:
        from bot.roads.mail import Mail  # noqa: PLC0415

        place = alerts.smtp
        password = Secret("")
        if place.user:
            password = settings_secrets.secret(place.password, folder, environ, file)
        ca_file = folder / place.ca_file if place.ca_file else None
        made[SMTP] = Mail(place, password, ca_file, outbox, now)
    return made


def at_a_terminal(
    settings: Settings, environ: Mapping[str, str], outbox: Outbox, now: Callable[[], datetime]
) -> dict[str, Road]:
    """Make every road for a test; one that lacks its secret says so when it is tried."""
    alerts = settings.alerts
    made: dict[str, Road] = {}
    for name, where in settings_alerts.places(alerts).items():
        only = replace(
            alerts,
            channel=alerts.channel if name == SLACK else "",
            webhook=alerts.webhook if name == WEBHOOK else None,
            smtp=alerts.smtp if name == SMTP else None,
        )
        try:
            slack = _slack(settings, environ) if name == SLACK else None
            made |= roads(replace(settings, alerts=only), environ, outbox, now, slack)
        except SettingsRefused as refused:
            mistake = refused.mistakes[0]
            made[name] = Blocked(where, mistake.what, mistake.hint)
        except LifeboatError as error:
            made[name] = Blocked(where, error.what, error.hint)
    return made


def _slack(settings: Settings, environ: Mapping[str, str]) -> tuple[Courier, Callable[[str], None]]:
    from bot import slack as door  # noqa: PLC0415 - half a second that other verbs do without.
    from bot.people import People  # noqa: PLC0415
    from bot.settings_slack import tokens  # noqa: PLC0415

    token = tokens(settings.slack, environ, settings.paths.settings.name).bot
    web = door.client(token, settings.slack.api_url)
    return Courier(web), People(web).check_channel
