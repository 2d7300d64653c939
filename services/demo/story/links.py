"""Links of mails, followed as people do: the page first, then its button."""

from collections.abc import Mapping

from services.demo.doors import Door
from services.demo.mailbox import Mailbox
from services.demo.story.waiting import eventually
from shared.errors import Conflict


async def wait_for_link(mailbox: Mailbox, recipient: str, *, path: str, about: str = "") -> str:
    """Return the path of the newest link that holds ``path``, in a mail whose subject speaks of ``about``.

    Raises:
        Conflict: no such mail came in time.
    """

    async def newest() -> str | None:
        for mail in reversed(mailbox.fetch(recipient)):
            found = [link for link in mail.links if path in link]
            if found and about in mail.subject:
                return "/" + found[0].split("/", 3)[3]
        return None

    return await eventually(newest, what=f"{recipient} n’a pas reçu de lien {path} («\u00a0{about}\u00a0»)")


async def follow(door: Door, path: str, *, fields: Mapping[str, str]) -> None:
    """Open a page and press its button.

    Raises:
        Conflict: the page or the act was refused.
    """
    seen = await door.send("GET", path, role="visitor")
    done = await door.send("POST", path, role="visitor", data=dict(fields))
    if seen.status_code != 200 or done.status_code not in {200, 303}:
        raise Conflict(f"{path.rsplit('/', 1)[0]} a répondu {seen.status_code}, puis {done.status_code}.")
