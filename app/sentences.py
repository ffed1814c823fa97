"""Where a sentence ends, in the words of a transcript."""

import re

_ENDS = tuple(".!?…。！？｡؟۔।॥")
_CLOSING = "\"'”’»)]}」』】）"
_SHORT = """
mr mrs ms dr prof st sr jr vs etc no vol fig dept inc ltd co corp gen col lt sgt rev hon gov sen
rep capt mt ave approx e.g i.e cf al p pp a.m p.m z.b d.h u.a bzw usw ca nr hr fr str evtl ggf mme
mlle m sig dott sra dra av pág
"""
_ABBREVIATIONS = frozenset(_SHORT.split())
_INITIALS = re.compile(r"^(\w\.)*\w$")


def ends_sentence(word: str, following: str) -> bool:
    """Whether a sentence ends after a word, given the one that follows."""
    bare = word.strip().rstrip(_CLOSING)
    if not bare.endswith(_ENDS):
        return False
    if not bare.endswith("."):
        return True
    return not _is_abbreviation(bare) and not following.strip()[:1].islower()


def _is_abbreviation(bare: str) -> bool:
    """ "Dr.", "J.", "U.S." and their kind; "..." is none."""
    stem = bare[:-1].lstrip("([{\"'“‘").lower()
    if stem.endswith("."):
        return False
    return stem in _ABBREVIATIONS or (_INITIALS.match(stem) is not None and not stem.isdigit())
