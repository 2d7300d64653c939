"""Every page a visitor can reach keeps the rules of the house, at three widths; one gets there as people do."""

from playwright.async_api import expect

from tests.browser.stories import CONFIRM, MANAGE, OFFER, Told, publish, register
from tests.browser.visit import Visit, start_visit
from tests.browser.world import World
from tests.support.browser import MARKS

pytestmark = MARKS
LETTER, PREFERENCES, LEAVE = (f"/lettres/{name}/" for name in ("confirmation", "preferences", "desabonnement"))


async def test_the_public_page(visit: Visit, told: Told) -> None:
    await visit.open("/")

    assert await visit.heading() == "L’industrie du territoire Boucles et Plateaux"
    await expect(visit.page.get_by_text("Réseau de chaleur fatale").first).to_be_visible()
    await visit.judge("accueil")


async def test_a_registration_from_the_form_to_the_place_given_back(visit: Visit, world: World, told: Told) -> None:
    page, address = visit.page, "camille.exemple@example.org"

    await visit.open(f"/agenda/{told.open_event}/inscription")
    await visit.judge("inscription")

    await page.get_by_label("Prénom et nom").fill("Camille Exemple")
    await page.get_by_label("Adresse électronique").fill("camille chez example")
    await visit.press("M’inscrire")
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_label("Prénom et nom")).to_have_value("Camille Exemple")
    assert (await page.title()).startswith("Erreur\u00a0: ")
    await visit.judge("inscription-erreurs")

    await page.get_by_label("Adresse électronique").fill(address)
    await page.get_by_label("J’ai lu comment mes données sont utilisées").check()
    await visit.press("M’inscrire")
    assert await visit.heading() == "Consultez votre messagerie"
    await visit.judge("inscription-envoyee")

    await visit.open(await world.link(address, CONFIRM))
    assert await visit.heading() == "Confirmer votre inscription"
    await visit.judge("inscription-confirmer")

    await visit.press("Confirmer mon inscription")
    assert await visit.heading() == "Votre place est réservée"
    await visit.judge("inscription-reservee")

    await visit.open(await world.link(address, MANAGE))
    await visit.judge("inscription-gerer")

    await visit.press("Annuler mon inscription")
    assert await visit.heading() == "Votre inscription est annulée"
    await visit.judge("inscription-annulee")


async def test_a_place_that_is_offered(visit: Visit, world: World, told: Told) -> None:
    event_id = await publish(world.own, title="Visite : un atelier de chaudronnerie", capacity=1)
    await register(world, event_id, "part@example.org")
    await register(world, event_id, "suit@example.org")

    await visit.open(await world.link("part@example.org", MANAGE))
    await visit.press("Annuler mon inscription")
    await visit.open(await world.link("suit@example.org", OFFER))

    assert await visit.heading() == "Une place s’est libérée pour vous"
    await visit.judge("place-proposee")
    await visit.press("Accepter la place")
    assert await visit.heading() == "Votre place est réservée"


async def test_the_form_of_the_letter(visit: Visit, told: Told) -> None:
    page = visit.page
    await visit.open("/")
    await page.get_by_role("link", name="Recevoir ces actualités par courriel").click()
    assert await visit.heading() == "Recevoir les actualités par courriel"
    await visit.judge("lettre-abonnement")

    await page.get_by_label("Adresse électronique").fill("lectrice chez example")
    await page.get_by_label("Boucle de Seine Agglo").check()
    await visit.press("M’abonner")
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_label("Adresse électronique")).to_have_value("lectrice chez example")
    await expect(page.get_by_label("Boucle de Seine Agglo")).to_be_checked()
    assert (await page.title()).startswith("Erreur\u00a0: ")
    await visit.judge("lettre-abonnement-erreurs")


async def test_a_letter_from_the_wish_to_the_end(visit: Visit, world: World, told: Told) -> None:
    own, page, address = world.own, visit.page, "lectrice@example.org"
    await visit.open("/lettres/abonnement")
    await page.get_by_label("Adresse électronique").fill(address)
    await visit.press("M’abonner")
    assert await visit.heading() == "Consultez votre messagerie"
    await visit.judge("lettre-abonnement-envoye")

    await visit.open(await world.link(address, LETTER))
    await visit.judge("lettre-confirmer")

    await visit.press("Confirmer mon abonnement")
    assert await visit.heading() == "Votre abonnement est confirmé"
    await visit.judge("lettre-confirmee")

    rule = await own.post("/api/v1/rules", {"name": "La lettre"}, role="coordinator")
    await own.post(f"/api/v1/rules/{rule['id']}/runs", {"rhythm": "weekly"}, role="coordinator")
    await visit.open(await world.link(address, PREFERENCES))
    assert await visit.heading() == "Choisir le rythme de la lettre"
    await visit.judge("lettre-preferences")

    await page.get_by_role("link", name="Se désabonner").click()
    assert await visit.heading() == "Se désabonner"
    await visit.judge("lettre-quitter")

    await visit.press("Me désabonner")
    assert await visit.heading() == "Votre abonnement a pris fin"
    await visit.judge("lettre-quittee")

    await visit.open(await world.link(address, LEAVE))
    assert await visit.heading() == "Votre abonnement a pris fin"
    await page.get_by_role("link", name="S’abonner de nouveau").click()
    assert await visit.heading() == "Recevoir les actualités par courriel"


async def test_without_script_the_form_of_the_letter_keeps_what_was_typed_and_asks(
    visit_without_script: Visit, world: World, told: Told
) -> None:
    visit, page, address = visit_without_script, visit_without_script.page, "sans.script.lettre@example.org"

    await visit.open("/lettres/abonnement")
    await page.get_by_label("Chaque mois").check()
    await page.get_by_label("L’agenda").check()
    await visit.press("M’abonner")
    await expect(page.get_by_role("link", name="Cette adresse électronique")).to_be_visible()
    await page.get_by_label("Adresse électronique").fill(address)
    await visit.press("M’abonner")

    await visit.open(await world.link(address, LETTER))
    await expect(page.get_by_text("chaque mois\u00a0: l’agenda du territoire")).to_be_visible()
    visit.must_be_faultless("letter without script")


async def test_the_pages_for_integrators(visit: Visit, told: Told) -> None:
    page = visit.page
    await visit.open("/")
    await page.get_by_role("contentinfo").get_by_role("link", name="Intégrateurs et données ouvertes").click()
    assert await visit.heading() == "Lire les données du territoire"
    await expect(page.get_by_role("term").get_by_text("Boucle de Seine Agglo")).to_be_visible()
    await visit.judge("integrateurs")

    await page.get_by_role("rowheader").filter(has_text="ti.territory.{siren}.project.v1").get_by_role("link").click()
    assert await visit.heading() == "ti.territory.{siren}.project.v1"
    await expect(page.get_by_role("rowheader", name="stage_history")).to_be_visible()
    await visit.judge("integrateurs-canal")

    await visit.open("/integrateurs/private.person-card")
    await expect(page.get_by_text("Aucun exemple n’en est montré")).to_be_visible()
    await visit.judge("integrateurs-canal-prive")


async def test_pages_that_say_no(visit: Visit, told: Told) -> None:
    await visit.open("/nulle-part")
    assert await visit.heading() == "Page introuvable"
    await visit.judge("page-introuvable")

    await visit.open("/agenda/inscription/confirmer/un.lien.abime")
    await visit.judge("lien-abime")

    await visit.open(f"/agenda/{told.cancelled_event}/inscription")
    await visit.judge("inscription-annule-par-organisateur")

    await visit.open(f"/agenda/{told.full_event}/inscription")
    await expect(visit.page.get_by_text("complet, liste d’attente")).to_be_visible()
    await visit.judge("inscription-complet")


async def test_the_mailbox_of_the_demo(visit: Visit, world: World, told: Told) -> None:
    there = await start_visit(visit.page.context, world.mailbox.url)

    await there.open("/")
    assert await there.heading() == "Courriels reçus"
    await there.judge("courriels")

    await there.page.get_by_role("rowheader").get_by_role("link").first.click()
    await there.judge("courriel")
