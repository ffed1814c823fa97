import io
import subprocess
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import decode, decode_clip, pcm_windows, read_pcm, write_pcm
from app.audio.ffmpeg import AudioError, find_ffmpeg
from app.audio.probe import probe
from app.settings import get_settings

RATE = 16_000


def encode(out: Path, *options: str, source: str = "sine=frequency=440:duration=3") -> Path:
    """A tone in the format that the name asks for."""
    command = [find_ffmpeg(), "-v", "error", "-y", "-f", "lavfi", "-i", source, *options, str(out)]
    subprocess.run(command, check=True)
    return out


def loudest_hz(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("tone.mp3", []),
        ("tone.m4a", []),
        ("tone.mp4", ["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"]),
        ("tone.aac", []),
        ("tone.ogg", ["-c:a", "libvorbis"]),
        ("tone.opus", ["-c:a", "libopus"]),
        ("tone.webm", ["-c:a", "libopus"]),
        ("tone.flac", []),
        ("tone.wav", ["-ar", "8000"]),
    ],
)
def test_formats_are_known_by_their_bytes_and_decode_to_16_khz(tmp_path, name, options):
    file = encode(tmp_path / name, *options).rename(tmp_path / "download")
    samples = np.concatenate(list(decode(file)))
    assert samples.dtype == np.float32
    assert len(samples) / RATE == pytest.approx(3, abs=0.1)
    assert loudest_hz(samples[RATE : 2 * RATE]) == pytest.approx(440, abs=5)
    clip = decode_clip(file.read_bytes(), max_s=10)
    assert len(clip) == len(samples)


def test_windows_join_without_a_seam(tmp_path):
    file = encode(tmp_path / "tone.wav", "-ar", "44100")
    whole = np.concatenate(list(decode(file)))
    windows = list(decode(file, window_s=0.7))
    assert [len(w) for w in windows[:-1]] == [int(0.7 * RATE)] * (len(windows) - 1)
    np.testing.assert_array_equal(np.concatenate(windows), whole)


def test_an_mp3_with_a_tag_and_a_picture_decodes(tmp_path):
    picture = encode(tmp_path / "cover.png", "-frames:v", "1", source="testsrc=size=64x64")
    plain = encode(tmp_path / "plain.mp3")
    tagged = tmp_path / "tagged.mp3"
    command = [find_ffmpeg(), "-v", "error", "-i", plain, "-i", picture, "-map", "0", "-map", "1"]
    subprocess.run([*command, "-c", "copy", "-metadata", "title=x" * 5000, tagged], check=True)
    assert probe(tagged).codec == "mp3"
    assert sum(map(len, decode(tagged))) / RATE == pytest.approx(3, abs=0.1)


def stereo(tmp_path: Path, left: np.ndarray, right: np.ndarray) -> Path:
    path = tmp_path / "stereo.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.stack([left, right], 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("side", ["left only", "phase turned", "both"])
def test_a_voice_is_as_loud_in_one_channel_as_in_both(tmp_path, side):
    tone = np.sin(np.arange(RATE) * 2 * np.pi * 300 / RATE) * 0.5
    other = {"left only": tone * 0, "phase turned": -tone, "both": tone}[side]
    samples = np.concatenate(list(decode(stereo(tmp_path, tone, other))))
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{canary}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{canary}'\n",
        "<html><body>Not found</body></html>",
        "",
    ],
)
@pytest.mark.parametrize("head", [b"", b"ID3\x04\x00\x00\x00\x00\x00\x00", b"\xff\xfb\x90\x00"])
def test_a_playlist_dressed_as_audio_opens_nothing(tmp_path, text, head):
    canary = encode(tmp_path / "canary.wav")
    disguised = tmp_path / "episode.mp3"
    disguised.write_bytes(head + text.format(canary=canary).encode())
    with pytest.raises(AudioError):
        list(decode(disguised))


def test_a_truncated_file_gives_what_is_there(tmp_path):
    file = encode(tmp_path / "tone.mp3", source="sine=duration=20")
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * 0.8)])
    assert sum(map(len, decode(file))) / RATE == pytest.approx(16, abs=1)


def test_a_file_that_is_mostly_missing_says_so(tmp_path):
    file = encode(tmp_path / "tone.flac", source="sine=duration=60")
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 5])
    with pytest.raises(AudioError, match=r"only 1\d of 60 s"):
        list(decode(file))


def test_noise_in_the_middle_does_not_stop_the_decoder(tmp_path):
    file = encode(tmp_path / "tone.mp3", source="sine=duration=20")
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 500] = bytes(range(250)) * 2
    file.write_bytes(data)
    assert sum(map(len, decode(file))) / RATE == pytest.approx(20, abs=0.5)


@pytest.fixture
def one_second_at_most(monkeypatch):
    monkeypatch.setenv("EARMARK_EPISODE_MAX_S", "1")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.usefixtures("one_second_at_most")
def test_audio_longer_than_allowed_is_refused(tmp_path):
    with pytest.raises(AudioError, match="EARMARK_EPISODE_MAX_S"):
        probe(encode(tmp_path / "tone.flac"))


@pytest.mark.usefixtures("one_second_at_most")
def test_a_length_that_the_header_hides_is_measured(tmp_path):
    file = encode(tmp_path / "tone.webm", "-c:a", "libopus", "-f", "webm", "-live", "1")
    assert probe(file).duration_s is None
    with pytest.raises(AudioError, match="EARMARK_EPISODE_MAX_S"):
        list(decode(file, window_s=0.5))


def test_a_long_file_costs_little_memory(tmp_path):
    file = encode(tmp_path / "long.flac", source="anullsrc=r=16000:cl=mono:d=1800")
    tracemalloc.start()
    seconds = sum(map(len, decode(file))) / RATE
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds == 1800
    assert peak < 30_000_000  # all of it is 115 MB as float32


def test_pcm_reads_back_by_the_second(tmp_path):
    file = encode(tmp_path / "tone.wav", "-ar", "16000")
    samples = np.concatenate(list(decode(file)))
    stored = io.BytesIO()
    assert write_pcm(file, stored) == 3.0
    np.testing.assert_array_equal(read_pcm(stored, 1.0, 1.5), samples[RATE : RATE * 3 // 2])
    assert len(read_pcm(stored, 2.5, 9.0)) == RATE // 2
    np.testing.assert_array_equal(np.concatenate(list(pcm_windows(stored, 0.7))), samples)


def test_a_clip_longer_than_allowed_is_refused(tmp_path):
    clip = encode(tmp_path / "tone.webm", "-c:a", "libopus").read_bytes()
    with pytest.raises(AudioError, match="longer than 2 s"):
        decode_clip(clip, max_s=2)


def test_an_unknown_ffmpeg_is_named(monkeypatch):
    monkeypatch.setenv("EARMARK_FFMPEG", "/no/such/ffmpeg")
    get_settings.cache_clear()
    with pytest.raises(AudioError, match="/no/such/ffmpeg"):
        find_ffmpeg()
    monkeypatch.undo()
    get_settings.cache_clear()
