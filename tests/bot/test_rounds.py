"""The bot's rounds over a driven clock: what is submitted, what is told, and what a vault knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.job_rows import Wish
from bot.messages.model import Message
from bot.rounds import Rounds
from commands import backup, copy, due, prune, sync, timetable
from commands.timetable import RunState, Schedule, ScheduledRun
from commands.verb import Caller
from storage import schedule_notes
from storage.errors import LifeboatError, VaultUnreachable
from storage.schedule_notes import Note
from storage.vaults.local import LocalFolder

START = datetime(2026, 11, 25, 3, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def daily(**changes: object) -> Schedule:
    made = Schedule(
        name="daily",
        verb="now",
        calendar=due.cron("0 2 * * *", ZoneInfo("UTC")),
        words="0 2 * * * (UTC)",
        requests={"production": backup.Request("production", kind="daily")},
        typed={"production": ("production", "--kind", "daily")},
        channel="C012ABCDEF",
        fingerprint="one",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class FakeEngine:
    """Remembers what was submitted; the test says how each run stands."""

    wishes: dict[str, Wish] = field(default_factory=dict)
    states: dict[str, RunState] = field(default_factory=dict)
    dies: str = ""  # The deployment of which a submit kills the bot.

    def submit(self, job_id: str, wish: Wish) -> bool:
        if wish.deployment == self.dies:
            raise SystemExit
        fresh = job_id not in self.wishes
        self.wishes.setdefault(job_id, wish)
        return fresh

    def runs(self, schedule: str, deployments: Iterable[str]) -> Sequence[ScheduledRun]:
        found = []
        for job_id, wish in self.wishes.items():
            told = timetable.of_id(job_id)
            if told is not None and told[0] == schedule and told[1] in deployments:
                state = self.states.get(job_id, "done")
                found.append(ScheduledRun(job_id, told[1], told[2], wish.asked_at, state))
        return found[::-1][:30]

    @property
    def dues(self) -> list[str]:
        return [job_id.split(":", 3)[3] for job_id in self.wishes]


class Torn:
    """A vault that can't be reached."""

    name = "torn"

    def __getattr__(self, _name: str) -> object:
        raise VaultUnreachable("The vault can't be reached.")


@dataclass
class Bots:
    """One bot after another on one engine and one vault; `now` is what the clock shows."""

    folder: Path
    schedules: dict[str, Schedule] = field(default_factory=lambda: {"daily": daily()})
    now: datetime = START
    engine: FakeEngine = field(default_factory=FakeEngine)
    shown: list[str] = field(default_factory=list)
    said: list[tuple[datetime, str]] = field(default_factory=list)
    away: bool = False

    def __post_init__(self) -> None:
        self.vault = LocalFolder(self.folder, name="local")

    def start(self) -> Rounds:
        self.rounds = Rounds(
            self.schedules,
            self.engine,
            Torn() if self.away else self.vault,  # type: ignore[arg-type]
            lambda: self.now,
            lambda job_id, _wish: self.shown.append(job_id),
            self._say,
        )
        self.rounds.look_at_all()
        return self.rounds

    def _say(self, _channel: str, message: Message) -> None:
        self.said.append((self.now, message.text.splitlines()[0]))

    def live(self, length: timedelta, step: timedelta = timedelta(minutes=10)) -> None:
        until = self.now + length
        while self.now < until:
            self.now = min(until, self.now + step)
            self.rounds.look_at_all()

    def note(self, what: schedule_notes.What, **told: object) -> None:
        """Write a note as a terminal would."""
        note = Note(schedule="daily", what=what, at=self.now, by_name="Rizal", **told)  # type: ignore[arg-type]
        schedule_notes.write(self.vault, note)


@pytest.fixture
def bots(tmp_path: Path) -> Bots:
    return Bots(tmp_path / "vault")


def test_each_day_has_its_job_which_says_who_asked_and_what(bots: Bots):
    bots.start()
    bots.live(3 * DAY)
    wish = next(iter(bots.engine.wishes.values()))

    assert bots.engine.dues == [f"2026-11-{day}T02:00:00Z" for day in (26, 27, 28)]
    assert bots.shown == list(bots.engine.wishes)
    assert (wish.verb, wish.deployment, wish.door, wish.settle) == (
        *("now", "production", "schedule"),
        True,
    )
    assert (wish.caller_name, wish.channel, wish.why) == ("schedule daily", "C012ABCDEF", "")
    assert wish.request["kind"] == "daily"


def test_a_bot_that_is_started_again_makes_up_for_the_newest_and_says_so(bots: Bots):
    bots.start()
    bots.live(DAY)
    bots.now += 5 * DAY
    bots.start()
    bots.start()
    newest = list(bots.engine.wishes.values())[-1]

    assert bots.engine.dues == ["2026-11-26T02:00:00Z", "2026-12-01T02:00:00Z"]
    assert newest.why == (
        "Due 2026-12-01 02:00 UTC; no bot ran then. Only the newest is made up for; "
        "4 before it were missed."
    )


def test_a_bot_on_a_new_machine_knows_from_the_vault_since_when(bots: Bots):
    bots.start()
    bots.live(3 * DAY)
    bots.engine = FakeEngine()
    bots.now += HOUR
    bots.start()

    assert bots.engine.dues == ["2026-11-28T02:00:00Z"]


def test_a_kill_between_two_deployments_loses_neither(bots: Bots):
    asked = {name: backup.Request(name) for name in ("production", "staging")}
    bots.schedules = {"daily": daily(requests=asked)}
    bots.start()
    bots.engine.dies = "staging"
    with pytest.raises(SystemExit):
        bots.live(DAY)
    bots.engine.dies = ""
    bots.start()

    assert sorted(bots.engine.wishes) == [
        "sched:daily:production:2026-11-26T02:00:00Z",
        "sched:daily:staging:2026-11-26T02:00:00Z",
    ]


def test_a_changed_schedule_begins_with_its_next_time(bots: Bots):
    bots.start()
    bots.live(DAY)
    bots.now += 2 * DAY
    bots.schedules = {
        "daily": daily(calendar=due.cron("0 3 * * *", ZoneInfo("UTC")), fingerprint="two")
    }
    bots.start()
    bots.live(DAY)

    assert bots.engine.dues == ["2026-11-26T02:00:00Z", "2026-11-29T03:00:00Z"]


def test_a_schedule_that_was_taken_out_for_a_month_makes_up_for_nothing(bots: Bots):
    bots.start()
    bots.live(DAY)
    there, bots.schedules = bots.schedules, {}
    bots.start()
    bots.now += 30 * DAY
    bots.schedules = there
    bots.start()

    assert bots.engine.dues == ["2026-11-26T02:00:00Z"]
    assert schedule_notes.read(bots.vault, "daily").set.what == "set"  # type: ignore[union-attr]


def test_while_a_run_waits_the_newest_is_done_after_it(bots: Bots):
    bots.start()
    bots.live(DAY)
    first = next(iter(bots.engine.wishes))
    bots.engine.states[first] = "queued"
    bots.live(3 * DAY)
    waiting = list(bots.engine.dues)
    bots.engine.states[first] = "running"
    bots.live(timedelta(minutes=10))
    why = list(bots.engine.wishes.values())[-1].why

    assert waiting == ["2026-11-26T02:00:00Z"]
    assert bots.engine.dues == [*waiting, "2026-11-29T02:00:00Z"]
    assert "an earlier run was still waiting" in why
    assert "2 before it were missed" in why


def test_a_pause_is_told_reminded_of_daily_and_over_at_its_time(bots: Bots):
    bots.start()
    bots.note("paused", until=bots.now + 2 * DAY + HOUR, why="moving")
    bots.live(4 * DAY)
    after = START + 2 * DAY + HOUR

    assert [words for _, words in bots.said] == [
        *["*Paused: schedule daily* — it asks for no backup of production meanwhile"] * 3,
        bots.said[-1][1],
    ]
    assert bots.said[-1][1].startswith("*Schedule daily runs again:* its pause is over.")
    assert bots.said[-1][0] - after < timedelta(minutes=11)
    assert [b - a for (a, _), (b, _) in zip(bots.said[:2], bots.said[1:3], strict=True)] == [
        DAY,
        DAY,
    ]
    assert bots.engine.dues == ["2026-11-28T02:00:00Z", "2026-11-29T02:00:00Z"]


def test_what_was_told_of_a_pause_is_not_told_again_by_the_next_bot(bots: Bots):
    bots.start()
    bots.note("paused", until=bots.now + 2 * DAY)
    bots.live(HOUR)
    for _ in range(3):
        bots.start()

    assert len(bots.said) == 1


def test_a_pause_that_slack_did_not_take_is_told_as_soon_as_it_does(bots: Bots):
    rounds = bots.start()

    def refuse(_channel: str, _message: Message) -> None:
        raise LifeboatError("Slack is away.")

    rounds.say = refuse
    bots.note("paused", until=bots.now + 2 * DAY)
    bots.live(HOUR)
    rounds.say = bots._say
    bots.live(HOUR)

    assert len(bots.said) == 1


def test_a_schedule_that_somebody_resumes_runs_at_its_next_time_and_that_is_told(bots: Bots):
    bots.start()
    bots.note("paused", until=bots.now + 9 * DAY)
    bots.live(2 * DAY)
    bots.note("resumed")
    bots.live(2 * DAY)

    assert bots.engine.dues == ["2026-11-28T02:00:00Z", "2026-11-29T02:00:00Z"]
    assert bots.said[-1][1].startswith("*Schedule daily runs again:* resumed by Rizal.")


def test_while_the_vault_is_away_due_runs_are_submitted_all_the_same(bots: Bots):
    bots.away = True
    bots.start()
    bots.live(2 * DAY)

    assert bots.engine.dues == ["2026-11-26T02:00:00Z", "2026-11-27T02:00:00Z"]


def test_a_note_that_cant_be_read_stops_no_schedule(bots: Bots):
    bots.start()
    bots.vault.put("schedules/daily/000002-paused.json", [b"not json"])
    bots.live(DAY)

    assert bots.engine.dues == ["2026-11-26T02:00:00Z"]


def test_two_bots_on_one_engine_make_one_run(bots: Bots):
    first = bots.start()
    second = bots.start()
    for _ in range(300):
        bots.now += timedelta(minutes=10)
        first.look("daily")
        second.look("daily")

    assert bots.engine.dues == ["2026-11-26T02:00:00Z", "2026-11-27T02:00:00Z"]


@pytest.mark.parametrize(
    ("verb", "request_", "queue"),
    [
        ("now", backup.Request("production", kind="daily"), ""),
        ("copy", copy.Request("latest:production", "second"), "vault:second"),
        ("copy", copy.Request("latest:production"), "vault:every-vault"),
        ("sync", sync.Request("second"), "vault:second"),
        ("sync", sync.Request(), "vault:every-vault"),
        ("prune", prune.Request("production"), "prune"),
    ],
)
def test_what_copies_and_prunes_takes_no_turn_of_a_backup(bots: Bots, verb, request_, queue):
    schedule = daily(verb=verb, requests={"production": request_})
    rizal = Caller("U024BE7LH", "Rizal", door="slack", role="operator", team="T1")
    (job_id,) = bots.start().begin(schedule, rizal, "C0OTHER", "press 1")

    assert bots.engine.wishes[job_id].queue == queue


def test_a_run_for_somebody_is_theirs_once_for_one_press_and_moves_no_due_time(bots: Bots):
    rounds = bots.start()
    rizal = Caller("U024BE7LH", "Rizal", door="slack", role="operator", team="T1")
    first = rounds.begin(daily(), rizal, "C0OTHER", "press 1")
    again = rounds.begin(daily(), rizal, "C0OTHER", "press 1")
    bots.live(DAY)
    wish = bots.engine.wishes[first[0]]

    assert first == again
    assert (wish.caller_id, wish.door, wish.channel) == ("U024BE7LH", "slack", "C0OTHER")
    assert bots.engine.dues[1:] == ["2026-11-26T02:00:00Z"]
