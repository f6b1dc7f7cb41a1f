"""The git commit of the app being backed up, where a CI service tells it."""

from __future__ import annotations

from collections.abc import Mapping

# Each service's own name for the commit it builds, from its documentation.
COMMIT_VARIABLES = (
    "LIFEBOAT_APP_VERSION",
    "GITHUB_SHA",
    "CI_COMMIT_SHA",  # GitLab
    "VERCEL_GIT_COMMIT_SHA",
    "CIRCLE_SHA1",
    "BITBUCKET_COMMIT",
    "BUILDKITE_COMMIT",
    "BUILD_SOURCEVERSION",  # Azure Pipelines
    "DRONE_COMMIT_SHA",
    "COMMIT_REF",  # Netlify
    "CF_PAGES_COMMIT_SHA",
)


def app_version(environ: Mapping[str, str]) -> str | None:
    """Return the commit from the first variable that is set, or None outside of CI."""
    return next((environ[name] for name in COMMIT_VARIABLES if environ.get(name)), None)
