"""Findings as one inspection gathers them: the first of each check in full, then a count.

A table with a million bad rows must not make a report, or a memory, of a million lines.
"""

from __future__ import annotations

from storage.finding import Finding, Severity

PER_CHECK_MAX = 20


class Noticed:
    """Findings, bounded to PER_CHECK_MAX of each check and one that counts the rest."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._counts: dict[tuple[str, Severity], int] = {}

    def add(self, check: str, what: str, where: str = "", *, severity: Severity = "damage") -> None:
        """Note one finding."""
        if self.more(check, severity=severity) <= PER_CHECK_MAX:
            self._kept.append(Finding(check=check, what=what, where=where, severity=severity))

    def more(self, check: str, count: int = 1, *, severity: Severity = "damage") -> int:
        """Count findings that nobody put in words; return how many the check has now."""
        self._counts[check, severity] = self._counts.get((check, severity), 0) + count
        return self._counts[check, severity]

    def all(self) -> tuple[Finding, ...]:
        """Return the findings in the order noticed, and at the end the counts of the rest."""
        kept: dict[tuple[str, Severity], int] = {}
        for finding in self._kept:
            key = (finding.check, finding.severity)
            kept[key] = kept.get(key, 0) + 1
        rest = [
            Finding(
                check=check,
                what=f"And {count - kept.get((check, severity), 0):,} more of the same kind.",
                severity=severity,
            )
            for (check, severity), count in self._counts.items()
            if count > kept.get((check, severity), 0)
        ]
        return (*self._kept, *rest)
