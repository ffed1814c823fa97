"""Languages as BCP-47 primary subtags, from the ways that feeds write them."""

import re

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")

# ISO 639-2 codes for which BCP-47 has a shorter one, among those that podcasts are made in.
_SHORTER = {
    "ara": "ar", "ces": "cs", "cze": "cs", "chi": "zh", "zho": "zh", "dan": "da", "deu": "de",
    "ger": "de", "dut": "nl", "nld": "nl", "ell": "el", "gre": "el", "eng": "en", "fin": "fi",
    "fra": "fr", "fre": "fr", "heb": "he", "hin": "hi", "hun": "hu", "ind": "id", "ita": "it",
    "jpn": "ja", "kor": "ko", "nor": "no", "per": "fa", "fas": "fa", "pol": "pl", "por": "pt",
    "ron": "ro", "rum": "ro", "rus": "ru", "spa": "es", "swe": "sv", "tha": "th", "tur": "tr",
    "ukr": "uk", "vie": "vi",
}  # fmt: skip


def primary_subtag(tag: str | None) -> str | None:
    """``en`` of ``en-US``, ``EN_us`` or ``eng``; None for what is no language tag."""
    found = _TAG.fullmatch((tag or "").strip())
    if found is None:
        return None
    subtag = found[1].lower()
    return None if subtag == "und" else _SHORTER.get(subtag, subtag)
