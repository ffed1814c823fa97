"""The admin's own password: only its argon2id hash is kept, in the settings or the store."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.settings import get_settings
from app.store import get_store
from app.web.i18n import gettext as _
from app.web.problems import Problem

NAME = "admin/password.json"

# OWASP's first choice for argon2id: 16 threads that check at once take 300 MB, not 1 GB.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hashed(password: str) -> str:
    """The argon2id hash, with its salt and parameters in it."""
    return _hasher.hash(password)


def kept_hash() -> str | None:
    """The hash of the present password: the settings' before the store's; None without one."""
    if chosen := get_settings().admin_password_hash:
        return chosen
    try:
        return str(get_store().get_json(NAME)["hash"])
    except FileNotFoundError:
        return None


def is_password(given: str) -> bool:
    """Whether this is the admin's password. Raises Problem where the kept hash is not whole."""
    kept = kept_hash()
    if kept is None:
        return False
    try:
        return _hasher.verify(kept, given)
    except InvalidHashError as error:
        raise Problem(
            503, _("The hash of the admin's password is damaged: set the password anew.")
        ) from error
    except VerificationError:
        return False


def change(password: str) -> None:
    """Keep another password. Raises Problem where the settings decide."""
    if get_settings().admin_password_hash:
        raise Problem(
            409,
            "EARMARK_ADMIN_PASSWORD_HASH decides on the password: change it there, or unset it.",
        )
    get_store().put_json(NAME, {"hash": hashed(password)})
