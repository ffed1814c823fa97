"""The demo: what its feed says, when things are heard, and how it is served."""

import http.client
import json
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from scripts.demo import art, build, dsp, effects, feed, music
from scripts.demo.mix import at_snr, mix, read_wav
from scripts.demo.queries import QUERIES, resolve, times_of
from scripts.demo.script import (
    Cue,
    Heading,
    Script,
    Sentence,
    choose,
    load_all,
    parse_body,
    sentences_of,
)
from scripts.demo.server import DemoServer, RangeError, parse_range
from scripts.demo.timeline import lay_out, truth


def script_of(name: str) -> Script:
    return choose(load_all(), only=(name,))[0]


# What is written


def test_a_script_reads_as_chapters_sounds_and_sentences() -> None:
    body = "# One\n[bell 6]\nAda: It rains. Does it? Yes!\n\nBea: Good.\n"
    assert parse_body(body) == (
        Heading("One"),
        Cue("bell", 6.0),
        Sentence("Ada", "It rains.", 2),
        Sentence("Ada", "Does it?", 2),
        Sentence("Ada", "Yes!", 2),
        Sentence("Bea", "Good.", 3),
    )


def test_a_french_question_mark_stays_with_its_sentence() -> None:
    assert sentences_of("Pourquoi le cuivre ? Parce que.") == ["Pourquoi le cuivre ?", "Parce que."]


@pytest.mark.parametrize("line", ["just words", "Ada: no full stop", "[bell]"])
def test_a_line_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"no full stop|words|bell"):
        parse_body(line)


def test_the_demo_is_as_varied_as_it_promises() -> None:
    scripts = load_all()
    assert len({script.show.id for script in scripts}) >= 3
    assert len(scripts) >= 8
    assert len({script.format for script in scripts}) >= 5
    assert {script.language for script in scripts} == {"en", "fr"}
    assert [script.id for script in scripts if script.noise] == ["swifts"]
    assert [script.id for script in scripts if script.transcript] == ["crust"]
    assert [script.id for script in scripts if not script.sentences] == ["tin-roof"]
    assert len({voice for script in scripts for voice in script.voices.values()}) >= 6
    assert len(choose(scripts, ci=True)) == 3


def test_an_unknown_episode_is_named() -> None:
    with pytest.raises(ValueError, match="nonesuch"):
        choose(load_all(), only=("snow", "nonesuch"))


# When it is heard


def test_the_timeline_leaves_the_stated_gaps() -> None:
    items = parse_body("# One\n[bell 6]\n# Two\nAda: It rains. Again.\nBea: Good.")
    timeline = lay_out(items, [2.0, 1.0, 0.5])
    assert [(place.start_s, place.end_s) for place in timeline.placed] == [
        (0.0, 0.25),  # the first chapter begins with the file
        (0.25, 6.25),
        (6.8, 6.8),
        (6.8, 8.8),
        (9.08, 10.08),
        (10.63, 11.13),
    ]
    assert timeline.duration_s == 11.73


def test_the_truth_names_speaker_voice_sound_and_chapter() -> None:
    timeline = lay_out(parse_body("# One\n[bell 6]\nAda: It rains."), [2.0])
    assert truth(timeline, {"Ada": "joe"}) == {
        "duration_s": 9.4,
        "sentences": [
            {
                "start_s": 6.8,
                "end_s": 8.8,
                "speaker": "Ada",
                "text": "It rains.",
                "turn": 2,
                "voice": "joe",
            }
        ],
        "sounds": [{"start_s": 0.25, "end_s": 6.25, "sound": "bell"}],
        "chapters": [{"start_s": 0.0, "title": "One"}],
    }


def tone(duration_s: float, pitch_hz: float = 300.0) -> dsp.Audio:
    return (0.1 * np.sin(2 * np.pi * pitch_hz * dsp.seconds(duration_s))).astype(np.float32)


def test_speech_is_heard_at_its_place_and_level() -> None:
    script = script_of("come-here")
    voices = [tone(2.0) for _ in script.sentences]
    timeline = lay_out(script.items, [2.0] * len(voices))
    audio = mix(script, timeline, voices)
    first = timeline.of(Sentence)[0]
    start, end = (round(time_s * dsp.RATE_HZ) for time_s in (first.start_s, first.end_s))
    assert len(audio) == round(timeline.duration_s * dsp.RATE_HZ)
    assert 20 * np.log10(dsp.rms(audio[start:end])) == pytest.approx(-20, abs=0.5)
    assert dsp.rms(audio[end : end + 6000]) == 0  # the gap between two sentences
    assert np.abs(audio).max() <= 10 ** (-1.5 / 20)


def test_noise_lies_as_far_below_the_speech_as_stated() -> None:
    noise = at_snr(dsp.noise(np.random.default_rng(1), 2.0, 100, 4000), 0.1, snr_db=10.0)
    assert 20 * np.log10(0.1 / dsp.rms(noise)) == pytest.approx(10.0, abs=0.01)


def test_another_rate_keeps_length_and_pitch(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    samples = np.sin(2 * np.pi * 441 * np.arange(22_050) / 22_050) * 16_000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    audio = read_wav(path)
    assert len(audio) == 24_000
    assert np.argmax(np.abs(np.fft.rfft(audio))) == 441
    assert np.abs(audio).max() == pytest.approx(16_000 / 32_768, abs=0.01)


@pytest.mark.parametrize(("note", "hertz"), [("A4", 440.0), ("A3", 220.0), ("C4", 261.626)])
def test_notes_have_their_pitch(note: str, hertz: float) -> None:
    assert music.pitch_hz(note) == pytest.approx(hertz, abs=0.001)


def test_every_sound_in_the_scripts_can_be_made_and_is_audible() -> None:
    cues = {
        (item.sound, item.duration_s, script.show.theme)
        for script in load_all()
        for item in script.items
        if isinstance(item, Cue)
    }
    for sound, _, theme in cues:
        audio = effects.make(sound, 3.0, theme)
        assert len(audio) == 3 * dsp.RATE_HZ
        assert np.isfinite(audio).all()
        assert dsp.rms(audio) > 0.001, sound


def test_a_cover_is_a_png_of_its_size() -> None:
    cover = art.cover("pine", ("#16324f", "#f2c14e", "#e7ecef"))
    assert cover[:8] == b"\x89PNG\r\n\x1a\n"
    assert cover[16:24] == (600).to_bytes(4) * 2


# How it is published and served


def publish_silently(script: Script, into: Path) -> None:
    """The episode as the builder leaves it, with silence for its audio."""
    heard = truth(lay_out(script.items, [2.0] * len(script.sentences)), dict(script.voices))
    kept = into.parent / f"kept-{script.id}"
    kept.mkdir()
    (kept / f"{script.id}.{script.format}").write_bytes(bytes(range(250)) * 4)
    build.write(script, heard, kept, f"{script.id}.{script.format}")
    build.publish(script.show, kept, into / script.show.id)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[DemoServer]:
    root = tmp_path / "demo"
    for name in ("crust", "tin-roof"):
        publish_silently(script_of(name), root)
    with DemoServer(root) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetch(
    server: DemoServer, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def items_of(body: bytes) -> list[ET.Element]:
    return ET.fromstring(body).findall("channel/item")  # noqa: S314 (our own words)


def test_a_feed_lists_what_is_finished_with_addresses_that_work(served: DemoServer) -> None:
    status, headers, body = fetch(served, "/salt-heat-patience/feed.xml")
    items = items_of(body)
    assert (status, headers["Content-Type"]) == (200, "application/rss+xml; charset=utf-8")
    assert [item.findtext("title") for item in items] == ["The Loaf That Sings"]
    enclosure = items[0].find("enclosure").attrib
    assert enclosure["url"] == f"{served.base_url}/salt-heat-patience/crust.mp3"
    assert (enclosure["type"], enclosure["length"]) == ("audio/mpeg", "1000")
    for tag in ("transcript", "chapters"):
        url = items[0].find(f"{{{feed.PODCAST}}}{tag}").attrib["url"]
        assert fetch(served, url.removeprefix(served.base_url))[0] == 200


def test_a_new_episode_appears_in_the_feed_and_changes_its_etag(served: DemoServer) -> None:
    path = "/salt-heat-patience/feed.xml"
    etag = fetch(served, path)[1]["ETag"]
    assert fetch(served, path, {"If-None-Match": etag})[0] == 304
    publish_silently(script_of("lyon"), served.root)
    status, _, body = fetch(served, path, {"If-None-Match": etag})
    titles = [item.findtext("title") for item in items_of(body)]
    assert (status, titles) == (200, ["Carte postale de Lyon", "The Loaf That Sings"])


def test_the_transcript_names_speakers_and_times(served: DemoServer) -> None:
    _, headers, body = fetch(served, "/salt-heat-patience/crust.vtt")
    cues = body.decode().split("\n\n")
    assert headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert cues[0] == "WEBVTT"
    assert cues[1] == ("00:00:07.800 --> 00:00:09.800\n<v Nadia>Welcome to Salt, Heat, Patience.")


def test_chapters_are_podcasting_2_0_json(served: DemoServer) -> None:
    chapters = json.loads(fetch(served, "/pavement-and-pine/tin-roof.chapters.json")[2])
    assert chapters["chapters"][:2] == [
        {"startTime": 0.0, "title": "The shower"},
        {"startTime": 14.8, "title": "A piano in the next room"},
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-9", (0, 10)),
        ("bytes=990-", (990, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=5-5000", (5, 1000)),
        ("bytes=9-3", None),  # not a range: the whole file
        ("bytes=0-1,5-6", None),
        ("lines=0-9", None),
    ],
)
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 1000) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=-0"])
def test_a_range_outside_the_file(header: str) -> None:
    with pytest.raises(RangeError):
        parse_range(header, 1000)


def test_a_download_is_resumed_only_if_the_file_is_the_same(served: DemoServer) -> None:
    path = "/salt-heat-patience/crust.mp3"
    _, headers, whole = fetch(served, path)
    resume = {"Range": "bytes=400-", "If-Range": headers["ETag"]}
    status, part_headers, rest = fetch(served, path, resume)
    assert (status, part_headers["Content-Range"]) == (206, "bytes 400-999/1000")
    assert whole[:400] + rest == whole
    assert fetch(served, path, resume | {"If-Range": '"other"'})[0] == 200
    assert fetch(served, path, {"Range": "bytes=1000-"})[0] == 416
    status, headers, body = fetch(served, path, method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, "1000", b"")


@pytest.mark.parametrize("path", ["/../secret.json", "/%2e%2e/x.json", "/none/feed.xml", "/a/b/c"])
def test_nothing_but_the_shows_is_served(served: DemoServer, path: str) -> None:
    (served.root.parent / "secret.json").write_text("{}")
    (served.root.parent / "x.json").write_text("{}")
    assert fetch(served, path)[0] == 404


# What it is asked


def test_every_query_has_its_answer_in_a_script() -> None:
    queries = json.loads(QUERIES.read_text("utf-8"))
    assert (len(queries["typed"]), len(queries["spoken"])) == (10, 5)
    truths = {
        script.id: {
            "id": script.id,
            "show": script.show.id,
            **truth(lay_out(script.items, [2.0] * len(script.sentences)), dict(script.voices)),
        }
        for script in load_all()
    }
    resolved = resolve(truths)
    assert [len(resolved[kind]) for kind in ("typed", "spoken", "clips")] == [10, 5, 11]
    for query in queries["spoken"]:
        assert query["voice"] not in script_of(query["episode"]).voices.values()


def test_an_answer_that_nobody_gives_is_named() -> None:
    with pytest.raises(ValueError, match="bicycle"):
        times_of({"id": "snow", "sentences": []}, "bicycle")
