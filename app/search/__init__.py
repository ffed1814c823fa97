"""Elasticsearch: indices, documents, legs, fusion."""
