"""The data folder: what one copy of Earmark keeps between runs."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from scripts.local.errors import SetupError
from scripts.local.ports import free_port, is_free

PRIVATE_FOLDERS = ("logs", "run", "secrets", "store", "spool", "beat", "redis")


class DataFolder:
    """Paths, remembered ports and generated secrets of one copy."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    def make(self) -> None:
        """Make the folder and its private parts; SetupError where that is not allowed."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in PRIVATE_FOLDERS:
                (self.path / name).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise SetupError(f"The data folder cannot be made: {error}") from error

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def runtime(self) -> Path:
        """Where the supervisor's settings and socket lie."""
        return self.path / "run"

    @property
    def admin_token_file(self) -> Path:
        """The generated admin token."""
        return self.path / "admin-token"

    def secret(self, path: Path) -> str:
        """A secret kept in a file that only its owner reads, made on first use."""
        if path.exists():
            return path.read_text().strip()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
        return path.read_text().strip()

    def service_secret(self, name: str) -> str:
        """A secret of one service, under secrets/."""
        return self.secret(self.path / "secrets" / name)

    def state(self) -> dict[str, Any]:
        """What was remembered: ports by name, and the web's port."""
        path = self.path / "state.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def remember(self, **values: Any) -> None:
        """Add to the state, all or nothing."""
        partial = self.path / "state.json.partial"
        partial.write_text(json.dumps(self.state() | values, indent=2) + "\n")
        partial.replace(self.path / "state.json")

    def port(self, name: str) -> int:
        """The port a service had last time if it is still free, else a free one."""
        known = self.state().get(name)
        port = known if known and is_free(known) else free_port()
        self.remember(**{name: port})
        return port
