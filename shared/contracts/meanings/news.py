"""What the words of the news mean."""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "FeedEntry": "Une actualité d’un EPCI",
    "FeedEntry.kind": "Ce dont parle l’actualité",
    "FeedEntry.title": "Titre",
    "FeedEntry.summary": "Texte",
    "FeedEntry.link": "Page à lire",
    "FeedEntry.axis": "Axe du programme national",
    "FeedEntry.communes": "Codes INSEE des communes concernées",
    "FeedEntry.epcis": "SIREN des EPCI concernés",
    "FeedEntry.source": "Objet dont parle l’actualité",
    "FeedEntry.importance": "Importance\u00a0: plus le nombre est grand, plus l’actualité compte",
    "FeedEntry.published_at": "Instant de publication",
    "FeedEntry.expires_at": "Instant à partir duquel elle n’a plus d’intérêt",
    "FeedEntry.starts_at": "Début de ce dont elle parle",
    "FeedEntry.visibility": "Jusqu’où l’actualité est visible",
    "FeedEntry.news_rev": "Numéro de la nouvelle\u00a0: il augmente quand l’actualité est à signaler de nouveau",
    "EntryKind": "Sujets d’une actualité",
    "EntrySource": "Objet dont parle une actualité",
    "EntrySource.type": "Type de l’objet",
    "EntrySource.id": "Identifiant de l’objet",
    "EntrySource.version": "Version de l’objet",
    "Visibility": "Portées\u00a0: privé, territoire ou public",
}
