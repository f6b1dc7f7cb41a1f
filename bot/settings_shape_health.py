"""The shape of what lifeboat.toml says of who watches the bot: a part of `settings_shape.py`."""

from __future__ import annotations

from pydantic import Field

from bot.settings_shape_kept import Table


class HealthTable(Table):
    on: bool = Field(default=False, description="Whether the bot serves /healthz and /metrics.")
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address of this machine on which they are served; whoever reaches it can read "
        "them.",
    )
    port: int = Field(
        default=9464,
        ge=1,
        le=65_535,
        description="Their port: another one for each bot of a machine.",
    )
