"""The links of mails: a good one hands on its token and subject, any other is not found."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, FastAPI

from shared.http.links import SignedLink, signed_for
from shared.http.refusals import install_refusals
from shared.ids import uuid7
from shared.signing import Signer
from tests.support.routes import no_pages

PURPOSE = "letter.manage"
SIGNER = Signer("a secret of this test")
Managed = Annotated[SignedLink, Depends(signed_for(PURPOSE))]


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.signer = SIGNER
    install_refusals(app, page_of=no_pages)

    @app.get("/api/link/{token}")
    async def read_link(link: Managed) -> tuple[str, str]:
        return link.token, link.subject

    @app.get("/api/id/{token}")
    async def read_id(link: Managed) -> str:
        return str(link.id)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:1") as client:
        yield client


async def test_a_link_hands_on_its_token_and_what_it_was_made_for(http: httpx2.AsyncClient) -> None:
    subject = str(uuid7())
    token = SIGNER.token(PURPOSE, subject)

    assert (await http.get(f"/api/link/{token}")).json() == [token, subject]
    assert (await http.get(f"/api/id/{token}")).json() == subject


GOOD = SIGNER.token(PURPOSE, "01890000-0000-7000-8000-000000000000")
BAD = {
    "cut": GOOD[:-2],
    "longer": f"{GOOD}x",
    "other purpose": SIGNER.token("letter.confirm", "01890000-0000-7000-8000-000000000000"),
    "other instance": Signer("another secret").token(PURPOSE, "01890000-0000-7000-8000-000000000000"),
    "strange": "%00",
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
async def test_a_link_that_is_not_ours_is_not_found(http: httpx2.AsyncClient, token: str) -> None:
    refused = await http.get(f"/api/link/{token}")

    assert (refused.status_code, refused.json()["detail"]) == (404, "Ce lien n’est pas reconnu.")


@pytest.mark.parametrize("subject", ["", "1", "pas.un.numéro"])
async def test_a_link_to_something_else_than_an_id_is_not_found(http: httpx2.AsyncClient, subject: str) -> None:
    refused = await http.get(f"/api/id/{SIGNER.token(PURPOSE, subject)}")

    assert (refused.status_code, refused.json()["detail"]) == (404, "Ce lien n’est pas reconnu.")
