"""Brings the catalogues of the pages' languages up to date with the texts in the code.

    python -m scripts.translations

A text that changed a little keeps its old translation, marked fuzzy; one that is gone goes.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import write_po

from app.web import i18n

ROOT = Path(__file__).parents[1]
CODE = ROOT / "app" / "web"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("static/js/**.js", "javascript")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
IDLE_HEADERS = (b'"Report-Msgid', b'"POT-Creation', b'"PO-Revision', b'"Last-T', b'"Language-Team')
KEYWORDS = DEFAULT_KEYWORDS | {"_l": None}


def template() -> Catalog:
    """Every text in the code, untranslated; each with the files that hold it."""
    found = Catalog(fuzzy=False)
    for path, _, text, comments, context in extract_from_dir(
        CODE, METHODS, OPTIONS, KEYWORDS, ("TRANSLATORS:",), strip_comment_tags=True
    ):
        where = [((CODE / path).relative_to(ROOT).as_posix(), 1)]
        found.add(text, None, where, auto_comments=comments, context=context)
    return found


def updated(code: str) -> Catalog:
    """A language's catalogue with every text of the code and no other."""
    catalogue = i18n.read(code)
    catalogue.update(template(), update_header_comment=False, update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """The catalogue as a .po file, without headers that change at each run or say nothing."""
    file = BytesIO()
    write_po(file, catalogue, width=100, sort_by_file=True, include_lineno=False)
    lines = file.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(IDLE_HEADERS))


def main() -> None:
    """Write every catalogue, and tell what is left to translate."""
    for code in i18n.LANGUAGES:
        if code != i18n.SOURCE:
            catalogue = updated(code)
            i18n.path(code).write_bytes(written(catalogue))
            left = sum(1 for message in catalogue if message.id and not i18n.translated(message))
            print(f"{i18n.path(code).relative_to(ROOT)}: {len(catalogue)} texts, {left} to do")


if __name__ == "__main__":
    main()
