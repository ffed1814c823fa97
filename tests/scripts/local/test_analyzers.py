"""The analyzers that the mappings name give the tokens that a stock Elasticsearch gives.

The expected tokens stand in analyzers.json. To hold any cluster to them:

    ELASTICSEARCH_URL=... ELASTICSEARCH_API_KEY=... scripts/test -k test_analyzers
"""

import json
import re
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "analyzers.json").read_text("utf-8"))
MAPPINGS = HERE.parents[2] / "mappings"


def analyzers_of_the_mappings() -> set[str]:
    texts = [path.read_text("utf-8") for path in MAPPINGS.glob("*.json")]
    return {name for text in texts for name in re.findall(r'"analyzer":\s*"(\w+)"', text)}


def test_every_analyzer_of_the_mappings_has_expected_tokens() -> None:
    assert analyzers_of_the_mappings() <= set(EXPECTED)


@pytest.mark.parametrize("analyzer", sorted(EXPECTED))
def test_tokens(es: Elasticsearch, analyzer: str) -> None:
    example = EXPECTED[analyzer]
    answer = es.indices.analyze(analyzer=analyzer, text=example["text"])
    assert [token["token"] for token in answer["tokens"]] == example["tokens"]


def test_accents_can_be_folded(es: Elasticsearch) -> None:
    answer = es.indices.analyze(
        tokenizer="standard", filter=["lowercase", "asciifolding"], text="Žižkov CAFÉ"
    )
    assert [token["token"] for token in answer["tokens"]] == ["zizkov", "cafe"]
