"""Which language is spoken with whom."""

from collections.abc import Mapping

from features.decide.phrases.english import ENGLISH
from features.decide.phrases.german import GERMAN
from features.decide.phrases.language import Language
from features.encode.catalogue import primary_language

LANGUAGES: Mapping[str, Language] = {each.code: each for each in (ENGLISH, GERMAN)}


def language_for(*wanted: str | None) -> Language:
    """Return the first language that is named; English where there is no table of it.

    Parameters
    ----------
    wanted
        Language tags, the one that counts most first; None where nothing is wanted.
    """
    named = next((each for each in wanted if each), ENGLISH.code)
    return LANGUAGES.get(primary_language(named), ENGLISH)
