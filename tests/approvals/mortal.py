"""The bot of a house, which dies when it is told to: `tests.approvals.killed` names the moments."""

from tests.slack import mortal


class Mortal(mortal.Mortal):
    """One bot after another, over the same data folder."""

    module = "tests.approvals.killed"
