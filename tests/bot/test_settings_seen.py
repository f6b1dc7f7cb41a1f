"""That the rules changed is in the audit log, once for each change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.app import built
from bot.settings import read
from bot.settings_seen import note_changes
from tests.bot.settings_files import ENVIRON, WHOLE, write


def test_a_changed_rule_is_written_once_and_changing_it_back_is_written_again(tmp_path: Path):
    settings = read(write(tmp_path, WHOLE), ENVIRON)
    looser = replace(settings, approvals=replace(settings.approvals, break_glass=True))
    with built(settings, tell=lambda _event: None, confirm=lambda _question: False) as ctx:
        wrote = [note_changes(each, ctx) for each in (settings, settings, looser, settings)]
        entries = list(ctx.audit.entries(about="settings"))

    assert wrote == [True, False, True, True]
    assert [entry.facts["break_glass"] for entry in entries] == ["false", "true", "false"]
    assert ENVIRON["PRODUCTION_KEY"].partition("|")[2] not in str(entries)
