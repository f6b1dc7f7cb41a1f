"""A person at a real terminal: asked before a restore, and what each answer leads to."""

import os
import pty
import signal
import subprocess
import sys

import pytest

from tests.journeys import house as of

GLASS = ("restore", "latest", "--to", "production", "--break-glass", "--reason", "rows are gone")


class Terminal:
    """The command with a terminal for its input; its output is caught."""

    def __init__(self, house, *words):
        self._typing, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "--settings", str(house.settings), *words],
            cwd=of.ROOT,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(theirs)
        self.shown = ""

    def wait_for(self, text):
        while text not in self.shown:
            letter = self._process.stderr.read(1)
            assert letter, self.shown
            self.shown += letter

    def type(self, line):
        os.write(self._typing, f"{line}\n".encode())

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def end(self):
        out, err = self._process.communicate(timeout=of.SECONDS_MAX)
        os.close(self._typing)
        return of.Ended(self._process.returncode, out, self.shown + err)


@pytest.mark.parametrize("answer", ["y", "yes", "Y", " YES "])
def test_a_yes_restores(house, answer):
    held = of.rows(house.production)
    house.backup()
    terminal = Terminal(house, "restore", "latest")
    terminal.wait_for("into staging (replace-all)? [y/N] ")
    planned = terminal.shown
    terminal.type(answer)
    ended = terminal.end()

    assert "npd " in planned
    assert ended.code == 0
    assert of.rows(house.staging) == held


@pytest.mark.parametrize("answer", ["", "n", "yess", "staging", "\x04"])
def test_anything_else_leaves_everything(house, answer):
    house.backup()
    terminal = Terminal(house, "restore", "latest")
    terminal.wait_for("[y/N] ")
    terminal.type(answer)
    ended = terminal.end()

    assert ended.code == 1
    assert "You did not confirm." in ended.err
    assert "Nothing was changed in staging." in ended.err
    assert of.changes(house.staging) == []


def test_ctrl_c_at_the_question_leaves_everything(house):
    house.backup()
    terminal = Terminal(house, "restore", "latest")
    terminal.wait_for("[y/N] ")
    terminal.interrupt()
    ended = terminal.end()

    assert ended.code == 130
    assert of.changes(house.staging) == []
    assert house.jobs() == {}


@pytest.fixture
def glass(house):
    """A house whose settings let one person break the glass."""
    house.write(approvals={"break_glass": True, "break_glass_wait_seconds": 5})
    house.backup()
    house.production.mutate("npd", "delete", 7)
    return house


def test_the_glass_is_broken_by_typing_the_deployments_name(glass):
    terminal = Terminal(glass, *GLASS)
    terminal.wait_for("Type production to go on: ")
    terminal.type("production")
    ended = terminal.end()

    assert ended.code == 0, ended.err
    assert "It begins in 5 s. Ctrl-C stops it." in ended.err
    assert glass.production.counts()["tables"]["npd"] == 40
    assert of.confirmed(glass.production) == 1
    assert any("break-glass" in p.read_text() for p in glass.vault.glob("audit/*.json"))


@pytest.mark.parametrize("typed", ["", "y", "yes", "prod", "Production", "staging"])
def test_another_word_does_not_break_it(glass, typed):
    before = of.changes(glass.production)
    terminal = Terminal(glass, *GLASS)
    terminal.wait_for("Type production to go on: ")
    terminal.type(typed)
    ended = terminal.end()

    assert ended.code == 1
    assert "Nothing was changed in production." in ended.err
    assert of.changes(glass.production) == before


def test_a_second_thought_in_the_countdown_is_in_time(glass):
    before = of.changes(glass.production)
    terminal = Terminal(glass, *GLASS)
    terminal.wait_for("Type production to go on: ")
    terminal.type("production")
    terminal.wait_for("Ctrl-C stops it.")
    terminal.interrupt()
    ended = terminal.end()

    assert ended.code == 130
    assert of.changes(glass.production) == before
    assert glass.production.counts()["tables"]["npd"] == 33


def test_nobody_breaks_it_without_a_terminal(glass):
    before = of.changes(glass.production)
    ended = glass.run(*GLASS, "--yes")

    assert ended.code == 2
    assert "this is no terminal" in ended.err
    assert of.changes(glass.production) == before


def test_nobody_breaks_it_without_a_reason(glass):
    before = of.changes(glass.production)
    ended = glass.run(*GLASS[:5], "--yes")

    assert ended.code == 2
    assert "needs a reason" in ended.err
    assert of.changes(glass.production) == before
