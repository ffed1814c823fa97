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
    N_("The file is damaged: only %(some)s of %(whole)s s could be decoded."),
    N_("The audio is longer than %(hours)s hours (EARMARK_EPISODE_MAX_S)."),
    N_("%(url)s answered %(status)s %(phrase)s"),
    N_("The host of %(url)s could not be found"),
    N_("%(url)s has no valid certificate: %(error)s"),
    N_("%(url)s refused the connection"),
    N_("%(url)s did not answer in time"),
    N_("%(url)s broke off before its end"),
    N_("%(url)s broke off: %(error)s"),
    N_("%(url)s redirects more than %(times)s times"),
    N_("%(url)s is larger than the %(size)s allowed"),
    N_(
        "%(host)s is at %(address)s, on a private network, which Earmark does not open "
        "(EARMARK_ALLOW_PRIVATE_NETWORKS=%(name)s:%(port)s would allow it)"
    ),
    N_("%(text)s is not a web address: it should look like https://…"),
    N_(
        "That is %(platform)s page, not a feed: paste the feed address, which the podcast's own "
        "site names (often as RSS)."
    ),
    N_("%(url)s answered with nothing."),
    N_("%(url)s is a web page, not a feed: paste the feed address%(hint)s."),
    N_("%(url)s is JSON, not a feed: paste the address of an RSS or Atom feed."),
    N_("%(url)s is not a feed: it could not be read as RSS or Atom."),
    N_(
        "%(url)s is a feed, but not a podcast: none of its %(count)s items has audio or a "
        "transcript."
    ),
    N_("%(url)s is empty."),
    N_("%(url)s answered with a web page instead of audio."),
    N_("%(url)s is not audio that Earmark knows (mp3, m4a, aac, ogg, opus, flac, wav, webm)."),
    N_("The file is XML, but not OPML: it should begin with <opml>."),
    N_("The file is not OPML: line %(line)s is not well-formed."),
    N_("The OPML file lists no feeds: no outline has an xmlUrl."),
    N_("The OPML file lists more than %(most)s feeds."),
)
SLOT = re.compile(r"%\((\w+)\)s")


def told(sentence: str) -> str:
    """The sentence in the page's language; one that is not known here stays as it is."""
    for template, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            values = {name: value or "" for name, value in match.groupdict().items()}
            said = gettext(template) % values
            return f"{said}." if sentence.endswith(".") and not said.endswith(".") else said
    return sentence


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(sentence, re.compile("".join(_pattern(sentence)))) for sentence in SENTENCES]


def _pattern(sentence: str) -> Iterator[str]:
    for number, part in enumerate(SLOT.split(sentence.removesuffix("."))):
        yield f"(?P<{part}>.*?)" if number % 2 else re.escape(part)
    yield r"\.?"  # which some get only when they are told
