"""What kind of query it is, which decides the legs' default weights. Pure."""

import re

from app.search.words import Words

KINDS = ("phrase", "name", "keywords", "question")

_QUESTION_WORDS = 5  # so many words say a whole thought, asked or stated
_ASKS = re.compile(
    r"(who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could)\b", re.I
)
_NAME = re.compile(r"\W*[A-Z0-9][\w.'’-]*\W*")


def query_class(words: Words) -> str:
    """A quoted phrase, a name, a few keywords, or a whole question."""
    if words.phrases:
        return "phrase"
    typed = words.text.split()
    if len(typed) >= _QUESTION_WORDS or (len(typed) > 2 and _ASKS.match(words.text)):
        return "question"
    if typed and all(_NAME.fullmatch(word) for word in typed):
        return "name"
    return "keywords"
