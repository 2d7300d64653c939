"""The links of mails: the signature is the right, and it is judged before a transaction opens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from shared.errors import NotFound
from shared.signing import Signer


@dataclass(frozen=True, slots=True)
class SignedLink:
    """A link whose signature holds: its token, and what the token was made for."""

    token: str
    subject: str

    @property
    def id(self) -> UUID:
        """Id of what the link is for.

        Raises:
            NotFound: the token was made for something else than an id.
        """
        try:
            return UUID(self.subject)
        except ValueError as refused:
            raise NotFound("Ce lien n’est pas reconnu.") from refused


def signed_for(purpose: str) -> Callable[[Request], Awaitable[SignedLink]]:
    """Return the dependency that reads the ``{token}`` of the path, which must be signed for ``purpose``.

    Name it before the session: a forged link then costs no transaction. How old the link may be is for the command.
    The dependency raises NotFound: the token was cut, altered, or made for another purpose or instance.
    """

    async def signed(request: Request) -> SignedLink:
        token = str(request.path_params["token"])  # as it came: one that was bent is unknown, not malformed input
        signer: Signer = request.app.state.signer
        return SignedLink(token, signer.subject(purpose, token))

    return signed
