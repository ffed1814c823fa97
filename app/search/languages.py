"""Which stemmed form of the text a language has.

The analyzers themselves stand in ``mappings/segments.json``; every segment fills exactly one
field below ``stemmed``, and ``stemmed.other`` where Elasticsearch has no analyzer for its
language.
"""

from app.search.schema import definition

OTHER = "other"
_SAME = {"nn": "no", "yue": "zh"}  # Whisper tells these apart; their analyzers do not
FORMS: tuple[str, ...] = tuple(
    definition("segments")["mappings"]["properties"]["stemmed"]["properties"]
)


def form_of(language: str | None) -> str:
    """The key below ``stemmed`` for a BCP-47 primary subtag."""
    form = _SAME.get(language or "", language or OTHER)
    return form if form in FORMS else OTHER


def stemmed_field(form: str) -> str:
    """The full name of a stemmed field."""
    return f"stemmed.{form}"
