"""States of one more engine for an episode that was heard without it; nothing is transcribed."""

from functools import partial

from app.artefacts import EpisodeArtefacts, States
from app.audio.decode import pcm_windows, read_pcm, write_pcm
from app.audio.ffmpeg import AudioError
from app.audio.peaks import peaks
from app.domain import Episode, EpisodeStatus
from app.encoders.base import AudioEmbedder, model_of
from app.settings import get_settings
from workers.fetch import FetchError, download
from workers.listen import hear_piece


class Unheard(Exception):  # noqa: N818 - says what is the matter
    """The episode's audio cannot be had as it was; says why."""


def hear_again(
    kept: EpisodeArtefacts, episode: Episode, role: str, embedder: AudioEmbedder
) -> None:
    """Keep this engine's states of an episode that was heard, from its audio.

    Pieces that have them are not heard again. Audio that is not kept is fetched once more, and
    dropped afterwards. Raises Unheard.
    """
    plan = kept.plan()
    if plan is None or episode.status != EpisodeStatus.INDEXED:
        raise Unheard("it is not indexed yet")
    model = model_of(embedder)
    lacking = [one for one in plan.pieces if kept.states_model(role, one.number) != model]
    rate = embedder.sample_rate_hz
    is_passing = not kept.has_pcm(rate)
    try:
        if is_passing:
            _decode(kept, episode, rate)
        with kept.open_pcm(rate) as pcm:
            kept.save_peaks(peaks(pcm_windows(pcm)))
            for piece in lacking:
                heard = hear_piece(piece, partial(read_pcm, pcm), None, {role: embedder})
                kept.add_states(piece.number, role, States(heard.states[role], model))
    except (FetchError, AudioError) as error:
        raise Unheard(str(error)) from error
    finally:
        if is_passing and not get_settings().keep_audio:
            kept.drop_audio()


def _decode(kept: EpisodeArtefacts, episode: Episode, sample_rate_hz: int) -> None:
    """The very bytes that were heard, decoded. Raises Unheard, FetchError or AudioError."""
    if not kept.store.exists(kept.source):
        _fetch(kept, episode)
    pcm = kept.pcm(sample_rate_hz)
    with kept.store.as_file(kept.source) as source, kept.store.write(pcm) as out:
        write_pcm(source, out, sample_rate_hz)


def _fetch(kept: EpisodeArtefacts, episode: Episode) -> None:
    """The very bytes that were heard. Raises Unheard or FetchError."""
    if not episode.audio_url:
        raise Unheard("its feed names no audio")
    got = download(episode.audio_url, kept.store, kept.source)
    if got.sha256 != episode.audio_sha256:
        kept.store.remove(kept.source)  # lest it be taken for what was heard, where audio is kept
        raise Unheard("its audio has changed since it was heard")
