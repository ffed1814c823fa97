"""docs/settings.md and the settings agree."""

import re
from pathlib import Path

from pydantic import AliasChoices
from pydantic_core import PydanticUndefined

from app.settings import Settings

TABLE = Path(__file__).parents[1] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| .+ \|$", re.MULTILINE)


def documented() -> dict[str, str]:
    return dict(ROW.findall(TABLE.read_text("utf-8")))


def declared() -> dict[str, str]:
    """Each variable with its default as the table writes it."""
    found = {}
    for field in Settings.model_fields.values():
        alias = field.validation_alias
        *others, name = alias.choices if isinstance(alias, AliasChoices) else [alias]
        found |= dict.fromkeys(others, "none")
        default = field.get_default(call_default_factory=True, validated_data={})
        assert default is not PydanticUndefined
        found[name] = written(default)
    return found


def written(default: object) -> str:
    if default is None or default == "":
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{str(default).replace(str(Path.home()), '~')}`"


def test_the_table_names_every_variable_with_its_default() -> None:
    assert documented() == declared()
