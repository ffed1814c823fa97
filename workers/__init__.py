"""Celery and the ingest stages."""
