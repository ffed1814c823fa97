"""Index definitions as JSON that a stock Elasticsearch 9 takes unchanged."""
