"""The history of episodes as CSV."""

import csv
import io

import pytest
from flask.testing import FlaskClient

from app.catalog import get_catalog
from app.web import history
from tests.app.web.test_sign_in import sign_in


def test_each_episode_is_a_line(client: FlaskClient) -> None:
    sign_in(client, "test-token")
    answer = client.get("/admin/earmark-episodes.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    known = {episode.id: episode for episode in get_catalog().all_episodes()}
    assert {row["episode_id"] for row in rows} == set(known) != set()
    assert all(row["status"] == known[row["episode_id"]].status for row in rows)


def test_only_the_admin_gets_it(client: FlaskClient) -> None:
    assert client.get("/admin/earmark-episodes.csv").status_code == 302


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_title_is_never_a_formula(title: str) -> None:
    (row,) = csv.reader(io.StringIO(history.line([title, -1.5, None])))
    assert row == [f"'{title}", "-1.5", ""]
