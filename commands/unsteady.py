"""A trouble that comes and goes: when it is the same one that came back, and when it is over.

Pure; moments in, answers out. One that has come back several times is *unsteady*: nobody is told
that it is over before it has been quiet for a while, so that nobody is called again and again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

BACK_WITHIN = timedelta(minutes=30)  # What returns so soon is the same; so long an unsteady one has
RETURNS = 3  # to be quiet. So many returns make it unsteady,
SPAN = timedelta(hours=6)  # if they came in so long.


def same_again(ended_at: datetime, now: datetime) -> bool:
    """Whether what is seen now, and ended then, is to be told as the same trouble."""
    return abs(now - ended_at) <= BACK_WITHIN


def unsteady(returned: tuple[datetime, ...], now: datetime) -> bool:
    """Whether it has come back so often that its end needs to be waited for."""
    return len(returned) >= RETURNS and now - returned[-RETURNS] <= SPAN


def noted(returned: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    """Return the last returns with one more; more than are looked at are not kept."""
    return (*returned, now)[-RETURNS:]


def quiet_enough(gone_since: datetime, now: datetime) -> bool:
    """Whether an unsteady one has been gone for so long that it is over."""
    return now - gone_since >= BACK_WITHIN
