"""Pausing a deployment while it is restored, and starting it again.

While paused, the app's functions fail and nobody writes; exports and imports still work
(convex-backend `crates/local_backend/src/deployment_state.rs`, `crates/udf/src/validation.rs`).
"""

from __future__ import annotations

from storage.convex import values
from storage.convex.deployment import Deployment
from storage.convex.facts import Permission, allows
from storage.convex.words import Denied

PAUSE = Permission("PauseDeployment", "deployment:pause")
UNPAUSE = Permission("UnpauseDeployment", "deployment:unpause")


def may_pause(deployment: Deployment) -> bool:
    """Whether the key may pause and start the deployment again; both, or it is no use."""
    return allows(deployment, (PAUSE, UNPAUSE))


def paused(deployment: Deployment) -> bool:
    """Whether somebody has paused the deployment."""
    told = values.table(
        deployment.client.query("_system/frontend/backendState:backendState"), "its state"
    )
    return told.get("user") == "paused"


def pause(deployment: Deployment) -> None:
    """Pause it; fine when it is paused already. Denied or MissingPermission when it can't be."""
    deployment.client.post("/api/v1/pause_deployment", may_repeat=True)


def unpause(deployment: Deployment) -> None:
    """Start it again; fine when it runs already."""
    try:
        deployment.client.post("/api/v1/unpause_deployment", may_repeat=True)
    except Denied:
        if paused(deployment):
            raise
