"""The blueprint that every operation of the API hangs from."""

from flask import Blueprint

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
