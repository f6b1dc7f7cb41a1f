"""What views are made from and what they make: a job as it stands, a message, names of buttons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from commands.events import JobFailed, Result

JobState = Literal["queued", "running", "done", "look", "failed", "cancelled"]


@dataclass(frozen=True)
class Message:
    """What is sent to Slack; `text` says all that the blocks say, for notifications and readers."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()


class ActionId(StrEnum):
    """Every button and menu. A value is one id, or a page; the truth stays on the server."""

    JOB_CANCEL = "job.cancel"  # Value: the job's id.
    BACKUP_SHOW = "backup.show"  # Value: the backup's id; so the next three.
    BACKUP_VERIFY = "backup.verify"
    BACKUP_RESTORE = "backup.restore"  # Opens the modal that confirms a restore.
    UNDO = "restore.undo"  # Opens it filled in to take a restore back; value: its safety backup.
    BACKUP_MENU = "backup.menu"  # A selected option's value: "<show|verify|restore> <id>".
    LIST_PAGE = "list.page"  # Value: "<page> <words or *>", pages from 1.
    PRUNE_PAGE = "prune.page"  # Value: "<page> <deployment or *>", pages from 1.
    # Value: "<deployment or *>[@<vault>] <start of the plan's fingerprint>".
    PRUNE = "prune.confirm"
    JOB_RETRY = "job.retry"  # Value: the ended job's id.
    APPROVE = "approval.approve"  # Value: "<asking job> <short fingerprint>"; so the next two.
    DENY = "approval.deny"
    WITHDRAW = "approval.withdraw"
    ALERT_RETRY = "alert.retry"  # Value: the alert's id; so the next.
    ALERT_ACK = "alert.ack"
    ALERT_SNOOZE = "alert.snooze"  # A chosen option's value: "<id> <minutes>m".


class ViewId(StrEnum):
    """Every modal, by its callback_id; private_metadata holds one id."""

    RESTORE = "restore.confirm"
    APPROVE = "approval.confirm"
    DENY = "approval.refuse"


class Field(StrEnum):
    """The inputs of modals: block_id and action_id are the same word."""

    TARGET = "target"
    MODE = "mode"
    TABLES = "tables"
    REASON = "reason"
    NAME = "name"
    CHECKED = "checked"


@dataclass(frozen=True)
class JobView:
    """One job as its message shows it, built from events by `bot/board.py`.

    `asked_by` is the Slack id of whoever asked, or "" for a job of the clock (`asked_name` says
    what it was then). `ahead` are jobs before it in the queue. `restarts` counts how often a
    restarted bot picked it up. `closed` says that it is too late to cancel.
    """

    id: str
    verb: str  # now, verify, restore
    deployment: str  # The environment that is read or written: a restore's target.
    protected: bool
    backup: str  # The backup it is about; "" for `now` until it has one.
    asked_by: str
    asked_name: str
    asked_at: datetime
    state: JobState = "queued"
    ahead: int = 0
    step: str = ""
    done: int = 0
    total: int | None = None
    unit: str = ""
    noted: str = ""
    warned: int = 0
    began_at: datetime | None = None
    ended_at: datetime | None = None
    restarts: int = 0
    cancelling: bool = False
    closed: bool = False
    why: str = ""  # Why it comes now, where that has to be said: a run that is made up for.
    late: bool = False  # Slack did not take its message when it should have been posted.
    result: Result | None = None
    failure: JobFailed | None = None
