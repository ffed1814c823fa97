"""GET /search and its neighbours: the exact shape, and what is refused."""

import pytest
from flask.testing import FlaskClient

from tests.app.web import library


def search(client: FlaskClient, **query: object) -> dict:
    answer = client.get("/api/v1/search", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_answer_has_every_promised_field(client: FlaskClient) -> None:
    found = search(client, q="pruned in late winter")
    assert set(found) == {
        "hits", "next_cursor", "total", "took_ms", "es_took_ms", "relaxed", "degraded",
        "sound",
    }  # fmt: skip
    hit = found["hits"][0]
    assert set(hit) == {
        "id", "start_s", "end_s", "at_s", "text", "highlights", "score", "legs", "sounds",
        "episode", "feed", "url",
    }  # fmt: skip
    assert set(hit["legs"]["keyword"]) == {
        "score", "normalised", "weight", "contribution", "rank"
    }  # fmt: skip
    assert hit["feed"] == {"id": library.GARDEN, "title": "The Orchard Hour"}
    assert hit["episode"] == {
        "id": library.APPLES,
        "title": "Winter work among the apple trees",
        "published": "2026-03-02T06:00:00Z",
        "duration_s": 1110.0,
        "audio_url": "https://media.example/apples.mp3",
    }
    assert found["total"]["value"] >= 1
    assert found["relaxed"] == []


def test_a_hit_plays_from_its_first_matched_word(client: FlaskClient) -> None:
    hit = search(client, q="pruned")["hits"][0]
    start, end = hit["highlights"][0]
    assert hit["text"][start:end] == "pruned"
    assert 18 < hit["at_s"] < 34
    moment = f"?t={hit['at_s']:g}&text=pruned+in+late+winter%2C+while+it"
    assert hit["url"] == f"/episodes/{library.APPLES}{moment}"


def test_filters_narrow(client: FlaskClient) -> None:
    def shows(**query: object) -> set[str]:
        hits = search(client, size=100, w_meaning=0, **query)["hits"]
        return {hit["feed"]["id"] for hit in hits}

    both = "pruned lighthouse"
    assert shows(q=both) == {library.GARDEN, library.HARBOUR}
    assert shows(q=both, show=library.HARBOUR) == {library.HARBOUR}
    assert shows(q=both, min_duration_s=2000) == {library.HARBOUR}
    assert shows(q=both, max_duration_s=2000) == {library.GARDEN}
    assert shows(q=both, since="2026-03-05T06:00:00Z") == {library.HARBOUR}
    assert shows(q=both, until="2026-03-05T06:00:00Z") == {library.GARDEN}
    assert shows(q="Brot", language="de") == {library.KUECHE}
    assert shows(q="Brot", language="en") == set()


def test_a_sound_is_found_by_its_name_and_said_on_the_hit(client: FlaskClient) -> None:
    found = search(client, q="sound:applause")
    (hit,) = found["hits"]
    assert (hit["episode"]["id"], hit["start_s"], hit["text"]) == (library.APPLES, 54.0, "")
    assert hit["sounds"] == ["Applause"]
    assert found["sound"]["field"] == "audio_classes"
    assert "Applause" in found["sound"]["names"]
    assert found["degraded"] == []
    beside = search(client, q="grafting sound:applause", sound="speech")
    assert beside["hits"] == []
    assert search(client, q="grafting sound:applause")["hits"][0]["start_s"] == 72.0
    assert [hit["start_s"] for hit in search(client, q="sound:music")["hits"]] == []


def test_the_page_shows_what_is_heard_and_narrows_to_it(client: FlaskClient) -> None:
    page = client.get("/?q=sound:applause").text
    assert "Listened for: Applause" in page
    assert 'href="/?q=sound%3Aapplause&amp;sound=Applause"' in page
    narrowed = client.get("/?q=sound:applause&sound=applause").text
    assert "with <b>Applause</b>" in narrowed
    assert '<input type="hidden" name="sound" value="Applause">' in narrowed
    nothing = client.get("/?q=sound:democracy").text
    assert "Search by sound: No sound that is known here is near “democracy”." in nothing


def test_pages_follow_one_another(client: FlaskClient) -> None:
    query = {"q": "the", "w_meaning": 0, "size": 2}
    first = search(client, **query)
    second = search(client, cursor=first["next_cursor"], **query)
    assert {h["id"] for h in first["hits"]}.isdisjoint(h["id"] for h in second["hits"])


def test_episodes_can_be_asked_for(client: FlaskClient) -> None:
    groups = search(client, q="apple", group="episode")["hits"]
    assert groups[0]["episode"]["id"] == library.APPLES
    assert groups[0]["moments"] >= len(groups[0]["hits"]) >= 1


@pytest.mark.parametrize(
    ("query", "name", "says"),
    [
        ({}, "q", "is missing"),
        ({"q": "x", "size": "101"}, "size", "less than or equal to 100"),
        ({"q": "x", "size": "many"}, "size", "whole number"),
        ({"q": "x", "sise": "3"}, "sise", "did you mean size?"),
        ({"q": "x", "since": "yesterday"}, "since", "datetime"),
        ({"q": "x", "since": "0001-01-01T00:00:00+05:00"}, "since", "years"),
        ({"q": "x", "w_keyword": "-1"}, "w_keyword", "greater than or equal to 0"),
        ({"q": "x", "w_sound": "nan"}, "w_sound", "finite"),
        ({"q": "x", "language": "english"}, "language", "pattern"),
        ({"q": "x", "sound": "aplause"}, "sound", "did you mean Applause"),
        ({"q": "x", "group": "show"}, "group", "episode"),
        ({"q": "x", "cursor": "made-up"}, "cursor", "cursor"),
        ({"q": ["x", "y"]}, "q", "more than once"),
    ],
)
def test_a_bad_parameter_is_named(client: FlaskClient, query: dict, name: str, says: str) -> None:
    answer = client.get("/api/v1/search", query_string=query)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == 422
    (fault,) = answer.json["errors"]
    assert fault["name"] == name
    assert says in fault["detail"]


def test_a_segment_can_be_read(client: FlaskClient) -> None:
    hit = search(client, q="lighthouse log")["hits"][0]
    segment = client.get(f"/api/v1/segments/{hit['id']}").json
    assert segment["text"] == hit["text"]
    assert segment["language"] == "en"
    assert segment["episode"] == hit["episode"]
    assert client.get("/api/v1/segments/none").status_code == 404


def test_transcripts_in_four_forms(client: FlaskClient) -> None:
    def read(kind: str) -> object:
        answer = client.get(f"/api/v1/episodes/{library.FOG}/transcript.{kind}")
        assert answer.status_code == 200
        return answer.json if kind == "json" else answer.text

    said = library.SAID[library.FOG]
    assert read("txt").splitlines() == said
    as_json = read("json")
    assert [segment["text"] for segment in as_json["segments"]] == said
    assert as_json["segments"][0]["words"][0] == {
        "word": "The", "start_s": 0.0, "end_s": 0.96, "probability": 0.97, "speaker": None
    }  # fmt: skip
    assert read("vtt").startswith("WEBVTT\n\n00:00:00.000 --> 00:00:0")
    assert read("srt").startswith("1\n00:00:00,000 --> 00:00:0")
    words = [line for line in read("srt").splitlines() if line[:1].isalpha()]
    assert " ".join(words).split() == " ".join(said).split()


def test_a_transcript_that_is_not_there_yet(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/episodes/{library.COMING}/transcript.txt")
    assert answer.status_code == 404
    assert "transcribing" in answer.json["detail"]
