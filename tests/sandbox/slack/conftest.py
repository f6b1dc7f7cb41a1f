"""A stand-in Slack for each module, on its first day at each test."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from sandbox.slack_world import SlackWorld
from tests.sandbox.slack.bots import PATIENCE_SECONDS, SPEED, Line, hang_up


@pytest.fixture(scope="module", autouse=True)
def own_environment() -> Iterator[None]:
    """The SDK would send even 127.0.0.1 through a proxy; a real token would stop the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SLACK_BOT_TOKEN"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def world(own_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackWorld]:
    folder = tmp_path_factory.mktemp("slack")
    with SlackWorld(folder, patience_seconds=PATIENCE_SECONDS, speed=SPEED, rates=False) as made:
        yield made


@pytest.fixture
def slack(world: SlackWorld) -> Iterator[SlackWorld]:
    """The module's stand-in, on its first day."""
    world.reset()
    yield world
    world.heal()


@pytest.fixture
def web(slack: SlackWorld) -> WebClient:
    return WebClient(token=slack.bot_token, base_url=slack.api_url)


@pytest.fixture(scope="module")
def open_line(world: SlackWorld) -> Iterator[Line]:
    made = Line(world)
    world.wait_for(made.hellos)
    yield made
    hang_up(made.client)


@pytest.fixture
def line(slack: SlackWorld, open_line: Line) -> Line:
    """The SDK's socket client, which acknowledges everything; one for the whole module."""
    open_line.forget()
    return open_line
