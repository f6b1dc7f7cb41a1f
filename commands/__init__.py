"""DOES: one file a verb. No Slack, no HTTP, no SQL.

Every verb file has one shape: the request, `parse(words)`, `run(request, ctx)` and its row
`VERB`. `VERBS` is the table that help, the README and the doors are checked against;
`TERMINAL_VERBS` are those that no other door has.
"""

from commands import (
    alert,
    audit,
    backup,
    cancel,
    copy,
    doctor,
    hold,
    keys,
    list,
    prune,
    recovery_kit,
    restore,
    schedule,
    show,
    status,
    summary,
    sync,
    verify,
    votes,
)
from commands.verb import Verb

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        backup.VERB,
        list.VERB,
        show.VERB,
        verify.VERB,
        copy.VERB,
        sync.VERB,
        restore.VERB,
        prune.VERB,
        hold.HOLD,
        hold.RELEASE,
        status.VERB,
        summary.VERB,
        schedule.VERB,
        alert.VERB,
        cancel.VERB,
        votes.APPROVE,
        votes.DENY,
        votes.WITHDRAW,
        audit.VERB,
        recovery_kit.VERB,
        doctor.VERB,
    )
}
TERMINAL_VERBS: dict[str, Verb] = {keys.VERB.name: keys.VERB}
