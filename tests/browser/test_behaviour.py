"""What people do with the pages: without script, without a mouse, while others write, and against an attacker."""

from playwright.async_api import expect

from tests.browser.stories import ATTACK, CONFIRM, SECRET, Told, log_project
from tests.browser.visit import Visit
from tests.browser.world import World
from tests.support.browser import MARKS

pytestmark = MARKS
FOCUSED = "document.activeElement.id || document.activeElement.textContent.trim()"
OUTLINE = "getComputedStyle(document.activeElement).outlineWidth"
MOST_STOPS = 60


async def test_without_script_the_page_shows_all_and_the_form_takes_a_registration(
    visit_without_script: Visit, world: World, told: Told
) -> None:
    visit, page, address = visit_without_script, visit_without_script.page, "sans.script@example.org"

    await visit.open("/")
    await expect(page.get_by_role("rowheader").filter(has_text="Friche des Deux-Rives")).to_be_visible()
    await page.get_by_role("region", name="Agenda").get_by_role("link", name="Petit-déjeuner : cybersécurité").click()
    await page.get_by_label("Prénom et nom").fill("Sacha Exemple")
    await visit.press("M’inscrire")
    await expect(page.get_by_role("link", name="Cochez cette case")).to_be_visible()
    await page.get_by_label("Adresse électronique").fill(address)
    await page.get_by_label("J’ai lu comment mes données sont utilisées").check()
    await visit.press("M’inscrire")

    assert await visit.heading() == "Consultez votre messagerie"
    await visit.open(await world.link(address, CONFIRM))
    await visit.press("Confirmer mon inscription")
    assert await visit.heading() == "Votre place est réservée"
    visit.must_be_faultless("without script")


async def test_without_script_integrators_find_the_fields_of_a_channel(visit_without_script: Visit, told: Told) -> None:
    visit = visit_without_script

    await visit.open("/integrateurs")
    await visit.page.get_by_role("rowheader").filter(has_text="public.{siren}.project").get_by_role("link").click()

    assert await visit.heading() == "ti.public.{siren}.project.v1"
    await expect(visit.page.get_by_role("region", name="Valeur de l’exemple")).to_contain_text('"demo": true')
    visit.must_be_faultless("integrators without script")


async def test_with_the_keyboard_alone_one_skips_to_the_content_and_registers(
    visit: Visit, world: World, told: Told
) -> None:
    page, address, keys = visit.page, "au.clavier@example.org", visit.page.keyboard

    await visit.open(f"/agenda/{told.open_event}/inscription")
    await keys.press("Tab")
    await expect(page.get_by_role("link", name="Aller au contenu")).to_be_in_viewport()
    await keys.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    for field, typed in (("name", "Dominique Exemple"), ("email", address), ("organisation", "Ateliers Fictifs")):
        await _tab_to(visit, field)
        await keys.type(typed)
    await _tab_to(visit, "notice_accepted")
    await keys.press("Space")
    await _tab_to(visit, "M’inscrire")
    async with page.expect_navigation():
        await keys.press("Enter")

    assert await visit.heading() == "Consultez votre messagerie"
    assert await world.link(address, CONFIRM)


async def test_an_open_page_tells_by_itself_that_something_came(visit: Visit, world: World, told: Told) -> None:
    page = visit.page
    async with page.expect_response("**/en-direct"):
        await visit.open("/")
    await expect(page.locator("[data-live-notice]")).to_be_hidden()

    await log_project(world.neighbour, title="Projet saisi pendant la lecture")

    notice = page.get_by_role("status")
    await expect(notice).to_contain_text("depuis l’ouverture de cette page", timeout=15_000)
    await expect(page.get_by_text("Projet saisi pendant la lecture")).to_have_count(0)
    await visit.judge("accueil-nouvelle")
    await notice.get_by_role("link", name="Actualiser").click()
    await expect(page.get_by_text("Projet saisi pendant la lecture").first).to_be_visible()


async def test_what_a_neighbour_writes_stays_text(visit: Visit, told: Told) -> None:
    await visit.open("/")

    for place in ("#projets", "#agenda", "#actualites"):
        section = visit.page.locator("section", has=visit.page.locator(place))
        await expect(section.get_by_text(ATTACK).first).to_be_visible()
    assert await visit.page.locator("img").count() == 0
    visit.must_be_faultless("attack")


async def test_what_is_for_colleagues_or_neighbours_reaches_no_visitor(world: World, told: Told) -> None:
    everything = await world.own.get("/api/v1/projects", limit=200)
    assert SECRET in str(everything)

    for path in ("/", "/actualites.atom", "/agenda.ics", f"/agenda/{told.open_event}/inscription"):
        for door in (world.own, world.neighbour):
            assert SECRET not in (await door.send("GET", path, role="visitor")).text, path


async def _tab_to(visit: Visit, wanted: str) -> None:
    """Press Tab until the control with this id or text has the focus; the focus is seen at each stop."""
    for _ in range(MOST_STOPS):
        await visit.page.keyboard.press("Tab")
        focused: str = await visit.page.evaluate(FOCUSED)
        assert await visit.page.evaluate(OUTLINE) == "3px", focused
        if focused == wanted:
            return
    raise AssertionError(f"{wanted} is not reached by Tab")
