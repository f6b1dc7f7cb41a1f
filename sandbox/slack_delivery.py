"""Delivery of commands, interactions and events to the bot, with Slack's deadlines and troubles.

A command or an interaction is delivered once and must be answered in time; an event is tried again
at once, after a minute and after five.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from sandbox.slack_calls import Calls
from sandbox.slack_ids import envelope_id
from sandbox.slack_options import Options
from sandbox.slack_people import Json
from sandbox.slack_signed import Answer, SignedHttp
from sandbox.slack_sockets import Sockets
from sandbox.slack_troubles import SlackTroubles

TIMEOUT, FAILED = "operation_timeout", "dispatch_failed"
_RETRY_SECONDS = (0.0, 60.0, 300.0)


@dataclass(frozen=True)
class Outcome:
    """How a delivery went: "" is answered in time, else operation_timeout or dispatch_failed."""

    failure: str = ""
    payload: Any = None


class Delivery:
    """Brings envelopes to the bot, by socket or by HTTP, and waits for its answers."""

    def __init__(self, options: Options, calls: Calls, troubles: SlackTroubles) -> None:
        self._options, self._calls, self._troubles = options, calls, troubles
        self.sockets: Sockets  # given by the workspace, which they need as well
        self.http = SignedHttp(options.request_url, options.patience_seconds)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._deaf: set[str] = set()  # envelopes whose answers are to be late
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, kind: str, payload: Json) -> Outcome:
        """Delivers a slash_commands or interactive payload; waits as long as Slack does."""
        await self._slowly()
        if self.http.url:
            answer = await self._by_http(kind, payload, {})
            failure = {"": "", "http_timeout": TIMEOUT}.get(answer.failure, FAILED)
            return Outcome(failure, answer.payload)
        return await self._by_socket(kind, payload, {"accepts_response_payload": True})

    def announce(self, payload: Json) -> None:
        """Delivers an event, in its own time."""
        task = asyncio.ensure_future(self._event(payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def answered(self, frame: Json) -> None:
        """Takes what the bot said on a socket; too late or unknown counts for nothing."""
        id_ = str(frame.get("envelope_id", ""))
        waiting = self._waiting.get(id_)
        in_time = waiting is not None and not waiting.done() and id_ not in self._deaf
        note = {} if in_time else {"note": "late or unknown: it counts for nothing"}
        self._calls.add("ack", id_, frame, note, ok=in_time)
        if in_time and waiting is not None:
            waiting.set_result(frame.get("payload"))

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await self.http.close()

    async def _slowly(self) -> None:
        if slow := self._troubles.strikes("slow_network"):
            await asyncio.sleep(slow["seconds"])

    async def _by_socket(self, kind: str, payload: Json, more: Json) -> Outcome:
        id_ = envelope_id()
        frame = {"envelope_id": id_, "type": kind, "payload": payload, **more}
        entry = self._calls.begin("envelope", kind, frame)
        waiting = asyncio.get_running_loop().create_future()
        ids = [id_]
        self._waiting[id_] = waiting
        try:
            sent = await self._send(kind, frame, ids, waiting)
            outcome = await self._waited(waiting) if sent else Outcome(FAILED)
        finally:
            for one in ids:
                self._waiting.pop(one, None)
                self._deaf.discard(one)
        self._calls.finish(entry, _said(outcome), ok=not outcome.failure)
        return outcome

    async def _send(
        self, kind: str, frame: Json, ids: list[str], waiting: asyncio.Future[Any]
    ) -> bool:
        """Whether it went out or, with a trouble, was lost on its way."""
        events = kind == "events_api"
        if not events and self._struck("late_ack"):
            self._deaf.add(ids[0])
        if kind == "interactive" and self._struck("drop_next"):
            return True
        twice = self._troubles.strikes("twice")
        frames = [frame]
        if twice:
            self._calls.add("trouble", "twice", {"kind": kind})
            again = envelope_id() if twice["new_id"] else ids[0]
            frames.append(frame | {"envelope_id": again})
            if again != ids[0]:
                ids.append(again)
                self._waiting[again] = waiting
        sent = False
        for one in frames:
            link = self.sockets.pick()
            sent = (link is not None and await link.send(one)) or sent
        return sent

    def _struck(self, trouble: str) -> bool:
        if self._troubles.strikes(trouble) is None:
            return False
        self._calls.add("trouble", trouble, {})
        return True

    async def _waited(self, waiting: asyncio.Future[Any]) -> Outcome:
        try:
            payload = await asyncio.wait_for(waiting, self._options.patience_seconds)
        except TimeoutError:
            return Outcome(TIMEOUT)
        return Outcome("", payload)

    async def _by_http(self, kind: str, payload: Json, headers: dict[str, str]) -> Answer:
        request = {"to": self.http.url, "headers": headers, "payload": payload}
        entry = self._calls.begin("envelope", kind, request)
        answer = await self.http.send(kind, payload, headers)
        told = _said(Outcome(answer.failure, answer.payload))
        self._calls.finish(entry, told, ok=not answer.failure)
        return answer

    async def _event(self, payload: Json) -> None:
        reason = ""
        for attempt, wait in enumerate((None, *_RETRY_SECONDS)):
            if wait is not None:
                await asyncio.sleep(self._options.scaled(wait))
            await self._slowly()
            if self.http.url:
                headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
                answer = await self._by_http("events_api", payload, headers if attempt else {})
                if not answer.failure or answer.no_retry:
                    return
                reason = answer.failure
            else:
                more = {"accepts_response_payload": False, "retry_attempt": attempt}
                told = more | {"retry_reason": reason}
                if not (await self._by_socket("events_api", payload, told)).failure:
                    return
                reason = "timeout"


def _said(outcome: Outcome) -> Json:
    return {"error": outcome.failure} if outcome.failure else {"payload": outcome.payload}
