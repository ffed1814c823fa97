"""Sentences that search and workers make, which know no languages, told in the page's own."""

import re
from collections.abc import Iterator
from functools import cache

from app.web.i18n import gettext

N_ = str  # gettext's mark of a text that is translated later

# As they are made, with a name for each value.
SENTENCES = (
    N_("asked for"),
    N_("the very recording is in the library"),
    N_("someone speaks in it"),
    N_("no words were heard in it"),
    N_("No sound that is known here is near “%(name)s”."),
    N_("None of this installation's engines finds a sound by its name."),
    N_("The index holds no vectors by %(engine)s: run `earmark reindex`."),
    N_(
        "%(count)s passages were indexed without %(field)s and are not found by it: "
        "run `earmark reindex`, which says what has to be processed again."
    ),
    N_(
        "%(without)s of the %(best)s best passages were indexed by an earlier version and could "
        "not be read closely: run `earmark reindex`."
    ),
    N_("Only the first %(count)s sounds are listened for."),
    N_("Only the best %(count)s can be paged through; narrow the search for others."),
    N_("Voices are not told apart here: EARMARK_VOICE_EMBEDDER is off."),
    N_("Something unforeseen went wrong (%(error)s)."),
    N_("Nothing in the file could be decoded."),
    N_("The clip is longer than %(seconds)s s."),
    N_("The file holds no audio that can be decoded."),
    N_("This is not audio in a known format (mp3, m4a, ogg, opus, flac, wav)."),
)
SLOT = re.compile(r"%\((\w+)\)s")


def told(sentence: str) -> str:
    """The sentence in the page's language; one that is not known here stays as it is."""
    for template, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            return gettext(template) % match.groupdict()
    return sentence


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(sentence, re.compile("".join(_pattern(sentence)))) for sentence in SENTENCES]


def _pattern(sentence: str) -> Iterator[str]:
    for number, part in enumerate(SLOT.split(sentence)):
        yield f"(?P<{part}>.+)" if number % 2 else re.escape(part)
