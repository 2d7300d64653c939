"""French text as words that are compared: accents and case ignored, endings cut, the same on every database."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import Stemmer

_WORD = re.compile(r"[a-z0-9]+")
_MARKS = re.compile("[\u0300-\u036f]")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
# What French sentences are held together with: found in every text, so that it tells none from another.
_EMPTY = frozenset(
    """
    au aux avec c ce ces d dans de des du elle en et eux il ils j je l la le les leur lui m ma mais me meme
    mes moi mon n ne nos notre nous on ou par pas pour qu que qui s sa se ses son sur t ta te tes toi ton tu
    un une vos votre vous
    """.split()  # noqa: SIM905 - a list of seventy would fill a page
)
_STEMMER = Stemmer.Stemmer("french")
LONGEST = 40
"""Of a word: what is longer is no word."""


def folded(text: str) -> str:
    """Return ``text`` without accents, in lower case."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES)))


def stems(text: str) -> list[str]:
    """Return the words of a text by their stems, in order; words that say nothing are left out.

    The stems are those of the Snowball algorithm for French, of words that have lost their accents.
    """
    return [_stem(one) for one in _WORD.findall(folded(text)) if one not in _EMPTY and len(one) <= LONGEST]


def searchable(texts: Iterable[str]) -> str:
    """Return the stems of texts as a column keeps them: each once, between spaces."""
    found = dict.fromkeys(stem for text in texts for stem in stems(text))
    return f" {' '.join(found)} " if found else ""


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))
