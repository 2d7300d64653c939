"""One visitor with a browser: opens pages, and hears everything that goes wrong in them."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, Response

from tests.browser.stories import SECRET
from tests.support.browser import axe_source
from tests.support.code import ROOT

SCREENSHOTS = ROOT / ".data" / "screenshots"
SIZES = {1280: 900, 390: 844, 320: 640}
WHOLE = (1280, 390)  # looked at in every way; the narrowest only for what crosses its edge
# Told by the browser for the page itself when it is a 404 or 422 as well; for anything else `answered` tells it.
_NOT_LOADED = "Failed to load resource"
_TELL_REFUSALS = """document.addEventListener("securitypolicyviolation",
    (event) => console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`));"""


@dataclass
class Visit:
    """A page of one instance, and its faults so far."""

    page: Page
    base_url: str
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Go to a page of the instance."""
        await self.page.goto(self.base_url + path)

    async def press(self, button: str) -> None:
        """Press a button and wait for the page it leads to."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=button, exact=True).click()

    async def heading(self) -> str:
        """Return the title of the page."""
        return await self.page.locator("h1").inner_text()

    async def judge(self, name: str) -> None:
        """Find every fault of the page at each width, keep its pictures under ``name``, and fail with all of them."""
        await self.page.evaluate(axe_source())
        for width, height in SIZES.items():
            await self.page.set_viewport_size({"width": width, "height": height})
            found: list[str] = await self.page.evaluate(_inspection(), {"whole": width in WHOLE})
            self.faults += [f"{width} px: {one}" for one in found]
            if width in WHOLE:
                await self.page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
        if SECRET in await self.page.content():
            self.faults.append(f"shows a visitor something that holds « {SECRET} »")
        self.must_be_faultless(name)

    def must_be_faultless(self, name: str) -> None:
        """Fail if anything went wrong since the visit began."""
        assert not self.faults, f"{name}:\n" + "\n".join(dict.fromkeys(self.faults))


async def start_visit(context: BrowserContext, base_url: str) -> Visit:
    """Open an empty page that tells everything to the visit."""
    page = await context.new_page()
    visit = Visit(page, base_url)
    faults = visit.faults

    def requested(request: Request) -> None:
        if not request.url.startswith((f"{base_url}/", "data:")):
            faults.append(f"asks a stranger: {request.url}")

    def answered(response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            faults.append(f"{response.status} for {response.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_NOT_LOADED):
            faults.append(f"console: {message.text}")

    async def asked(dialog: Dialog) -> None:
        faults.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    page.on("request", requested)
    page.on("response", answered)
    page.on("console", said)
    page.on("dialog", asked)
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    await page.add_init_script(_TELL_REFUSALS)
    return visit


@cache
def _inspection() -> str:
    return (Path(__file__).parent / "inspect.js").read_text(encoding="utf-8")
