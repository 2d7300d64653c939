"""What a caller sends, read to its end before a transaction opens: a writer never waits for a slow client."""

from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect

from shared.errors import Invalid


async def body_arrived(request: Request) -> None:
    """Wait until the whole body is here; whoever reads it later reads it from memory.

    Raises:
        Invalid: the caller left before the end.
    """
    try:
        with suppress(RuntimeError):  # Starlette’s word for a body that was read to its end as a form
            await request.body()
    except ClientDisconnect as left:
        raise Invalid("La demande n’est pas arrivée en entier.") from left


Arrived = Annotated[None, Depends(body_arrived)]


async def read_form(request: Request, _arrived: Arrived) -> FormData:
    """Return the fields of a form; of another kind of body there are none.

    Raises:
        Invalid: the caller left before the end.
        HTTPException: 400, the form is broken, has too many fields, or carries a file.
    """
    return await request.form(max_files=0)


SentForm = Annotated[FormData, Depends(read_form)]
