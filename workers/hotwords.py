"""The names that a transcriber is told to expect in an episode. Pure."""

import re
from collections.abc import Iterator, Sequence

from app.domain import Episode, Feed

EARLIER_EPISODES = 20  # whose people may be spoken of again
MOST = 60  # names; the first ones count most
_DESCRIPTION_CHARS = 2000  # what follows is about the publisher

# Capital letters within a sentence: "with Siobhan Kowalczyk", "moved to Kubernetes".
_CAPITALISED = r"[^\W\d_a-zà-öø-ÿ][\w'’-]*[^\W\d_]"
_NAME = re.compile(rf"(?<=[\w,;:] ){_CAPITALISED}(?: {_CAPITALISED})*")
_ADDRESS = re.compile(r"\S*(?:://|www\.|@)\S*")
NOUNS_CAPITALISED = {"de"}  # where one capital letter makes no name


def hotwords_of(feed: Feed, episode: Episode, earlier: Sequence[Episode]) -> list[str]:
    """The feed's own list, then people and names of this episode, then those of earlier ones.

    Each once, MOST of them. ``earlier`` are episodes of the show, the newest first.
    """
    found = [
        *feed.hotwords,
        *episode.people,
        *names_in(episode.description, episode.language),
        episode.title,
        feed.title,
        *(person for other in earlier for person in other.people),
    ]
    once = {" ".join(name.replace(",", " ").split()): None for name in found}
    return [name for name in once if name][:MOST]


def names_in(text: str, language: str | None) -> Iterator[str]:
    """What is written with capital letters in the midst of sentences."""
    least = 2 if language in NOUNS_CAPITALISED else 1
    for match in _NAME.finditer(_ADDRESS.sub(" ", text[:_DESCRIPTION_CHARS])):
        if len(match.group().split()) >= least:
            yield re.sub(r"['’]s$", "", match.group())
