"""What the admin signs in with."""

from app.web import password
from app.web.api.operation import Operation, operation
from app.web.api.root import blueprint
from app.web.inputs import NewPassword


@operation(
    blueprint,
    Operation(
        "PUT",
        "/admin/password",
        "Set the password that signs in to the admin pages, beside the token",
        "admin",
        body=NewPassword,
        answers={204: None},
        problems=(409,),
        admin=True,
    ),
)
def set_password(new: NewPassword) -> tuple[None, int]:
    """Only its argon2id hash is kept, and every session ends."""
    password.change(new.password)
    return None, 204
