"""The door to Slack: Bolt's listeners ack, say who asked what, and hand over to the desk.

Nothing slow runs in Bolt's five threads and nothing raises after an ack: both were measured to
lose acks. Every button, menu and modal that an old message may still hold gets an ack and a
sentence. You will not find here who may do what, nor what a verb does.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slack_bolt import Ack, App, BoltContext, BoltResponse
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from bot.courier import Courier
from bot.desk import Asked, Desk
from bot.messages import answers, fallback, modal
from bot.messages.model import ActionId, Field, Message, ViewId
from bot.slack_away import Calls
from bot.typed_words import words
from bot.votes import Said
from storage.errors import Refused
from storage.secret import Secret

log = logging.getLogger(__name__)
RETRIES = 3
VERIFIED = "lifeboat_verified"
COMMAND = "/backup"
OLD_FORM = "This form is of an older Lifeboat and does nothing any more. Close it and ask again."
ANYTHING = re.compile(r"[\s\S]*")
Body = dict[str, Any]


def client(token: Secret, api_url: str, seconds_max: int = 0) -> Calls:
    """Return a Web API client that waits when Slack asks for it.

    One with `seconds_max` asks once, for so long, and waits for nothing.
    """
    made = Calls(token=token.reveal(), base_url=api_url, timeout=seconds_max or 30)
    if seconds_max:
        made.retry_handlers.clear()
    else:
        made.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=RETRIES))
    return made


def door(web: WebClient, signing_secret: Secret | None, desk: Desk, courier: Courier) -> App:
    """Return the Bolt app with every listener attached; it does not listen yet.

    Without a signing secret it takes only what comes through its own socket.
    """
    quiet = logging.getLogger("slack_bolt")  # Bolt's own loggers take its level, or the root's.
    quiet.addFilter(_is_news)
    app = App(
        client=web,
        logger=quiet,
        signing_secret=signing_secret.reveal() if signing_secret else None,
        request_verification_enabled=signing_secret is not None,
        raise_error_for_unhandled_request=True,
    )
    logging.getLogger("slack_bolt.RequestVerification").setLevel(logging.WARNING)
    listeners = _Listeners(desk, courier)
    app.use(_verified)
    app.command(COMMAND)(listeners.command)
    for action_id, listener in listeners.actions().items():
        app.action(str(action_id))(listener)
    app.view(str(ViewId.RESTORE))(listeners.restore)
    app.view(str(ViewId.APPROVE))(listeners.vote("yes", Field.CHECKED))
    app.view(str(ViewId.DENY))(listeners.vote("no", Field.REASON))
    app.action(ANYTHING)(listeners.old_button)
    app.view(ANYTHING)(listeners.old_view)
    for anything in (app.view_closed, app.shortcut, app.options):
        anything(ANYTHING)(_acked)
    app.error(listeners.broken)
    return app


class _Listeners:
    """Each builds what was asked, acks, and hands over, in that order."""

    def __init__(self, desk: Desk, courier: Courier) -> None:
        self._desk, self._courier = desk, courier

    def actions(self) -> dict[ActionId, Callable[..., None]]:
        return {
            ActionId.JOB_CANCEL: self._words("cancel"),
            ActionId.JOB_RETRY: self.retry,
            ActionId.BACKUP_SHOW: self._words("show"),
            ActionId.BACKUP_VERIFY: self._words("verify"),
            ActionId.BACKUP_RESTORE: self.ask_restore,
            ActionId.UNDO: self.ask_undo,
            ActionId.BACKUP_MENU: self.menu,
            ActionId.LIST_PAGE: self.page,
            ActionId.PRUNE_PAGE: self.prune_page,
            ActionId.PRUNE: self.prune,
            ActionId.APPROVE: self._ask_vote("yes"),
            ActionId.DENY: self._ask_vote("no"),
            ActionId.WITHDRAW: self.withdraw,
            ActionId.ALERT_RETRY: self.retry_alert,
            ActionId.ALERT_ACK: self._alert("ack"),
            ActionId.ALERT_SNOOZE: self._alert("snooze"),
        }

    def command(self, ack: Ack, body: Body) -> None:
        user, channel = str(body["user_id"]), str(body["channel_id"])
        answer = self._answer(body, channel, user)
        try:
            typed = words(str(body.get("text") or ""))
        except Refused as error:
            refused = answers.refused(error)
            ack()
            self._later(lambda: self._desk.soon(lambda: answer(refused, False)))
            return
        asked = Asked(
            user=user,
            channel=channel,
            words=typed,
            once=f"command {body['trigger_id']}",
            trigger=str(body["trigger_id"]),
            answer=answer,
        )
        ack()
        self._later(lambda: self._desk.hand_over(asked))

    def retry(self, ack: Ack, body: Body) -> None:
        job_id = _value(body)
        asked = self._pressed(body, ("retry", job_id))
        ack()
        self._later(lambda: self._desk.again(asked, job_id))

    def retry_alert(self, ack: Ack, body: Body) -> None:
        alert = _value(body)
        asked = self._pressed(body, ("alert", "retry", alert))
        ack()
        self._later(lambda: self._desk.retry(asked, alert))

    def _alert(self, act: str) -> Callable[..., None]:
        """Return the listener of what is done about an alert: its id, and perhaps how long."""

        def listen(ack: Ack, body: Body) -> None:
            asked = self._pressed(body, ("alert", act, *_value(body).split()))
            ack()
            self._later(lambda: self._desk.hand_over(asked))

        return listen

    def menu(self, ack: Ack, body: Body) -> None:
        verb, _, backup = _value(body).partition(" ")
        asked = self._pressed(body, (verb, backup))
        ack()
        self._later(lambda: self._hand(asked))

    def ask_restore(self, ack: Ack, body: Body) -> None:
        asked = self._pressed(body, ("restore", _value(body)))
        ack()
        self._later(lambda: self._hand(asked))

    def ask_undo(self, ack: Ack, body: Body) -> None:
        asked = self._pressed(body, ("restore", _value(body)))
        ack()
        self._later(lambda: self._desk.open_undo(asked))

    def page(self, ack: Ack, body: Body) -> None:
        self._page("list", ack, body)

    def prune_page(self, ack: Ack, body: Body) -> None:
        self._page("prune", ack, body)

    def prune(self, ack: Ack, body: Body) -> None:
        value, message = _value(body), (body.get("container") or {}).get("message_ts")
        # Pressed twice at the same message, it is the same wish.
        asked = self._pressed(body, ("prune", value))
        asked = replace(asked, once=f"prune {message} {asked.user} {value}")
        ack()
        self._later(lambda: self._desk.prune(asked, value))

    def _page(self, verb: str, ack: Ack, body: Body) -> None:
        page, _, rest = _value(body).partition(" ")
        typed = (verb,) if rest in ("", "*") else (verb, *rest.split())
        number = int(page) if page.isascii() and page.isdecimal() else 1
        asked = self._pressed(body, typed, instead=True, page=number)
        ack()
        self._later(lambda: self._desk.hand_over(asked))

    def restore(self, ack: Ack, body: Body) -> None:
        view, user = body["view"], str(body["user"]["id"])
        mistakes = modal.mistakes(view["state"], self._desk.protected())
        if mistakes:
            ack(response_action="errors", errors=mistakes)
            return
        backup, _, channel = str(view.get("private_metadata") or "").partition(" ")
        asked = Asked(
            user=user,
            channel=channel,
            words=("restore", backup, *modal.restore_values(view["state"]), "yes"),
            once=f"view {view['id']}",
            answer=self._answer(body, channel, user),
        )
        ack()
        self._later(lambda: self._desk.hand_over(asked))

    def _ask_vote(self, word: str) -> Callable[..., None]:
        def listen(ack: Ack, body: Body) -> None:
            question, _, card = _value(body).partition(" ")
            asked = self._pressed(body, (word, question))
            ack()
            self._later(lambda: self._desk.open_vote(asked, question, card, word))

        return listen

    def withdraw(self, ack: Ack, body: Body) -> None:
        question, _, card = _value(body).partition(" ")
        asked = self._pressed(body, ("withdraw", question))
        ack()
        said = Said(asked.user, question, "withdraw", asked.once, card)
        self._later(lambda: self._desk.vote(asked, said))

    def vote(self, word: str, field: Field) -> Callable[..., None]:
        """Return the listener of the modal in which a yes or a no was said."""

        def listen(ack: Ack, body: Body) -> None:
            view, user = body["view"], str(body["user"]["id"])
            question, _, card = str(view.get("private_metadata") or "").partition(" ")
            told = modal.text_of(view["state"], field)
            if len(told) < modal.WORD_MIN:
                ack(response_action="errors", errors={field.value: "Say it in a few words."})
                return
            once = f"view {view['id']}"
            channel = self._desk.channel_of(question)
            asked = Asked(user, channel, (word, question), once, self._answer(body, channel, user))
            said = Said(
                user,
                question,
                word,
                once,
                card,
                checked=told if word == "yes" else "",
                why=told if word == "no" else "",
            )
            ack()
            self._later(lambda: self._desk.vote(asked, said))

        return listen

    def old_button(self, ack: Ack, body: Body) -> None:
        answer = self._answer(body, _channel(body), str(body["user"]["id"]))
        ack()
        self._later(lambda: self._desk.soon(lambda: answer(answers.old_button(), False)))

    def old_view(self, ack: Ack, body: Body) -> None:
        """Say in the form itself that it is old: there is no message to answer at."""
        blocks = body["view"].get("blocks") or ()
        asking = [block["block_id"] for block in blocks if block.get("type") == "input"]
        if asking:
            ack(response_action="errors", errors={asking[0]: OLD_FORM})
        else:
            ack()

    def broken(self, error: Exception, body: Body, context: BoltContext) -> BoltResponse:
        """Turn what no listener took, or what broke before its ack, into an ack and a sentence.

        What broke before it was known to be Slack's is turned away: nothing in it is believed,
        least of all where the answer should go.
        """
        if not context.get(VERIFIED):
            log.warning("a request that may not be Slack's was turned away")
            return BoltResponse(status=401, body="")
        number = secrets.token_hex(4)
        known = isinstance(error, BoltUnhandledRequestError)
        log.error("a request from Slack broke (%s)", number, exc_info=None if known else error)
        user = body.get("user_id") or (body.get("user") or {}).get("id")
        if user and (body.get("response_url") or _channel(body)):
            answer = self._answer(body, _channel(body), str(user))
            self._later(lambda: self._desk.soon(lambda: answer(answers.bug(number), False)))
        return BoltResponse(status=200, body="")

    def _words(self, verb: str) -> Callable[..., None]:
        def listen(ack: Ack, body: Body) -> None:
            asked = self._pressed(body, (verb, _value(body)))
            ack()
            self._later(lambda: self._desk.hand_over(asked))

        return listen

    def _hand(self, asked: Asked) -> None:
        """Open the restore modal for `restore`; hand everything else to the desk as it is."""
        if asked.words[0] == "restore":
            self._desk.open_modal(asked)
        else:
            self._desk.hand_over(asked)

    def _pressed(
        self, body: Body, typed: tuple[str, ...], *, instead: bool = False, page: int = 1
    ) -> Asked:
        user, action = str(body["user"]["id"]), body["actions"][0]
        return Asked(
            user=user,
            channel=_channel(body),
            words=typed,
            # The same press delivered twice has the same time; another press has another.
            once=f"action {action.get('action_ts')} {user} {' '.join(typed)}",
            answer=self._answer(body, _channel(body), user),
            instead=instead,
            page=page,
            trigger=str(body.get("trigger_id") or ""),
        )

    def _answer(self, body: Body, channel: str, user: str) -> Callable[[Message, bool], None]:
        """Return a way to tell the asker alone: by Slack's response_url, or else in the channel."""
        url = body.get("response_url")

        def answer(message: Message, instead: bool) -> None:
            if not (url and _respond(str(url), message, instead=instead)):
                self._courier.private(channel, user, message)

        return answer

    def _later(self, handing_over: Callable[[], object]) -> None:
        """Hand over without ever raising: an exception after the ack would lose the ack."""
        try:
            handing_over()
        except Exception as error:
            log.error("nothing could be handed over", exc_info=error)


def _respond(url: str, message: Message, *, instead: bool) -> bool:
    """Answer by a response_url; False when Slack did not take it. The url is a secret."""
    webhook = WebhookClient(url, timeout=15)
    for each in (message, fallback.plain(message)):
        try:
            answer = webhook.send(
                text=each.text,
                blocks=list(each.blocks) or None,
                response_type="ephemeral",
                replace_original=instead,
            )
        except (SlackClientError, OSError) as error:
            log.warning("a private answer was not taken: %s", type(error).__name__)
            return False
        if answer.status_code == 200:
            return True
        log.warning("a private answer was refused: %s", answer.body[:100])
    return False


def _verified(context: BoltContext, next: Callable[[], object]) -> None:
    """Note that a request came past Bolt's own checks."""
    context[VERIFIED] = True
    next()


def _acked(ack: Ack) -> None:
    ack()


def _value(body: Body) -> str:
    """Return what the pressed button, or the chosen option, carries."""
    action = body["actions"][0]
    return str((action.get("selected_option") or action).get("value") or "")


def _channel(body: Body) -> str:
    container = body.get("container") or {}
    channel = body.get("channel") or {}
    return str(body.get("channel_id") or channel.get("id") or container.get("channel_id") or "")


def _is_news(record: logging.LogRecord) -> bool:
    """Whether Bolt says more than that it has a client and so needs no token."""
    return record.getMessage() != warning_client_prioritized_and_token_skipped()
