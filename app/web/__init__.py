"""The Flask application: API, pages, admin."""
