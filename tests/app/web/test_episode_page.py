"""The episode page as a server gives it: what no script has to make."""

import re
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from app.artefacts import EpisodeArtefacts
from app.store import get_store
from app.web import present
from tests.app.web import library

MODULES = Path(present.__file__).with_name("static") / "js"
APPLES = f"/episodes/{library.APPLES}"


def test_a_moment_is_where_its_words_are_said_now(client: FlaskClient) -> None:
    page = client.get(f"{APPLES}?t=3&text=an+apple+tree+should+be").text
    assert 'data-start="18.0"' in page
    assert 'is-here" data-start="18.0"' in page
    assert f"{library.APPLES}" in page
    assert "#t=18&#34;" in page or '#t=18"' in page
    assert "at 0:03 when the link was made, and are at 0:18 now" in page


def test_a_stretch_is_told_to_a_browser_without_scripts(client: FlaskClient) -> None:
    assert '.mp3#t=18,24"' in client.get(f"{APPLES}?t=18,24").text


def test_a_time_that_cannot_be_read_is_named(client: FlaskClient) -> None:
    answer = client.get(f"{APPLES}?t=later%3Cb%3E")
    assert answer.status_code == 200
    assert "“later&lt;b&gt;” in this address is no time" in answer.text
    assert "data-start=" not in answer.text.partition('<header class="episode-head">')[0]


def test_a_place_can_be_linked_by_its_words(client: FlaskClient) -> None:
    page = client.get(APPLES).text
    assert f'href="{APPLES}?t=18&amp;text=An+apple+tree+should+be+pruned"' in page


def test_times_tell_where_each_word_of_the_page_is_said(client: FlaskClient) -> None:
    rows = client.get(f"{APPLES}/times.json").json
    texts = re.findall(r'<span class="text">(.*?)</span>', client.get(APPLES).text)
    assert len(rows) == len(texts) == 5
    for row, text in zip(rows, texts, strict=True):
        assert sum(row[::2]) == len(text)
    second = library.segments_of(library.SAID[library.APPLES], "en")[1]
    starts = np.cumsum(rows[1][1::2]) / 100
    assert starts == pytest.approx([word.start_s for word in second.words], abs=0.011)


def test_an_episode_without_a_transcript_has_no_times(client: FlaskClient) -> None:
    assert client.get(f"/episodes/{library.COMING}/times.json").json == []
    assert client.get("/episodes/none/times.json").status_code == 404


def test_a_waveform_is_served_where_one_was_kept(client: FlaskClient) -> None:
    address = f"/api/v1/episodes/{library.FOG}/peaks"
    assert client.get(address).json["peaks"] == []
    EpisodeArtefacts(get_store(), library.FOG).save_peaks(np.array([0, 128, 255], np.uint8))
    found = client.get(address).json
    assert found == {"episode_id": library.FOG, "duration_s": 3100.0, "peaks": [0, 128, 255]}
    assert client.get("/api/v1/episodes/none/peaks").status_code == 404


@pytest.mark.parametrize("kind", ["txt", "vtt", "srt", "json"])
def test_a_transcript_comes_as_a_file_with_the_episodes_name(
    client: FlaskClient, kind: str
) -> None:
    assert f'/transcript.{kind}" download>' in client.get(APPLES).text
    answer = client.get(f"/api/v1/episodes/{library.APPLES}/transcript.{kind}")
    said = answer.headers["Content-Disposition"]
    assert said == f'attachment; filename="Winter work among the apple trees.{kind}"'
    assert "pruned" in answer.text


def test_a_hit_links_to_its_first_marked_word_and_quotes_it(client: FlaskClient) -> None:
    (hit,) = client.get("/api/v1/search?q=%22buds+swell%22").json["hits"]
    assert hit["at_s"] > hit["start_s"] + 10
    assert hit["url"] == f"{APPLES}?t={hit['at_s']:g}&text=buds+swell."
    page = client.get("/?q=%22buds+swell%22").text
    assert f'data-at="{hit["at_s"]}"' in page


def test_every_module_is_asked_for_at_once(client: FlaskClient) -> None:
    wanted, seen = ["listening.js"], set()
    while wanted:
        seen.add(module := wanted.pop())
        text = (MODULES / module).read_text("utf-8")
        wanted += set(re.findall(r'from "\./(.+?)"', text)) - seen
    preloaded = re.findall(r'rel="modulepreload" href=".*?/js/(.+?)"', client.get("/").text)
    assert {*preloaded, "listening.js"} == seen
