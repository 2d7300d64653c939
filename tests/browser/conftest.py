"""One browser, two instances and their stories, for all tests of this folder."""

import os
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.stories import Told, tell
from tests.browser.visit import Visit, start_visit
from tests.browser.world import World, living_world
from tests.support.browser import FLAGS, Chromium, NoChromium, driver_node, find_chromium


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Chromium:
    """Find the browser, and say so where that takes a while."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(step: str) -> None:
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\nbrowser tests: {step}\n")

    try:
        return find_chromium(say)
    except NoChromium as refused:
        missing = str(refused)
    pytest.fail(missing, pytrace=False)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser(chromium: Chromium) -> AsyncIterator[Browser]:
    """Run the browser."""
    environment: dict[str, str | float | bool] = {**os.environ, **chromium.environment}
    with pytest.MonkeyPatch.context() as patch:
        node = driver_node()
        if node is not None:
            patch.setenv("PLAYWRIGHT_NODEJS_PATH", node)
        async with async_playwright() as playwright:
            launched = await playwright.chromium.launch(
                executable_path=chromium.executable, args=list(FLAGS), env=environment
            )
            yield launched
            await launched.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run two instances."""
    async with living_world(tmp_path_factory.mktemp("world"), bootstrap) as world:
        yield world


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def told(world: World) -> Told:
    """Fill both instances."""
    return await tell(world)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, world: World) -> AsyncIterator[Visit]:
    """Open a browser window on our instance."""
    async with await browser.new_context(locale="fr-FR", reduced_motion="reduce") as context:
        yield await start_visit(context, world.own.place.url)


@pytest_asyncio.fixture(loop_scope="session")
async def visit_without_script(browser: Browser, world: World) -> AsyncIterator[Visit]:
    """Open a browser window that runs no script."""
    async with await browser.new_context(locale="fr-FR", java_script_enabled=False) as context:
        yield await start_visit(context, world.own.place.url)
