"""``earmark``: the command line. It speaks HTTP to a running Earmark."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from tqdm import tqdm

from app.client import Client, ClientError
from app.opml import OpmlEntry, OpmlError, read_opml
from app.search.weights import INTENTS

T = TypeVar("T")
JOB_POLL_S = 0.5
as_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


class _Commands(click.Group):
    """Says each failure in one line on standard error, with exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ClientError as error:
            _fail(str(error))
        except KeyboardInterrupt:
            _fail("Stopped.")


def _fail(message: str) -> NoReturn:
    click.echo(f"earmark: {message}", err=True)
    sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="earmark")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Search what podcasts say and sound like.

    EARMARK_URL is where Earmark runs; EARMARK_ADMIN_TOKEN lets you change what it holds.
    """
    ctx.obj = Client.from_environment()


@main.command()
@click.argument("url")
@click.option(
    "--transcripts",
    type=click.Choice(["prefer", "ignore", "only"]),
    help="The publisher's transcripts: prefer, ignore, or take only those (no audio).",
)
@click.option("--latest", type=click.IntRange(1), metavar="N", help="Only the newest N episodes.")
@click.option(
    "--hotword",
    "hotwords",
    multiple=True,
    metavar="NAME",
    help="A name that is said in this show, spelled as it should be written; again and again.",
)
@click.pass_obj
def add(
    client: Client, url: str, transcripts: str | None, latest: int | None, hotwords: tuple[str, ...]
) -> None:
    """Add a feed by its address; `earmark status` shows its episodes coming in."""
    names = list(hotwords) or None
    status, feed = _add(client, url, transcripts=transcripts, latest=latest, hotwords=names)
    verb = "added" if status == 201 else "known already"
    click.echo(f"{feed['id']}  {feed['title'] or feed['url']} ({verb})")


def _add(client: Client, url: str, **more: Any) -> tuple[int, Any]:
    body = {"url": url} | {name: value for name, value in more.items() if value is not None}
    return client.call("POST", "/feeds", body=body)


@main.command()
@as_json
@click.pass_obj
def status(client: Client, as_json: bool) -> None:
    """Show the feeds, and where each episode is."""
    feeds, episodes = list(client.items("/feeds")), list(client.items("/episodes"))
    if as_json:
        _print_json({"feeds": feeds, "episodes": episodes})
        return
    for feed in feeds:
        own = [episode for episode in episodes if episode["feed_id"] == feed["id"]]
        click.echo(_feed_line(feed, own))
        for episode in own:
            click.echo(_episode_line(episode))
    if not feeds:
        click.echo("No feeds yet: earmark add URL")


def _feed_line(feed: dict[str, Any], own: Sequence[dict[str, Any]]) -> str:
    done = sum(episode["status"] == "indexed" for episode in own)
    state = "paused" if feed["paused"] else feed["health"]
    error = f": {feed['last_error']}" if feed["last_error"] else ""
    title = feed["title"] or feed["url"]
    return f"{feed['id']}  {title}: {done} of {len(own)} searchable ({state}{error})"


def _episode_line(episode: dict[str, Any]) -> str:
    done, total = episode["progress"]["done_s"], episode["progress"]["total_s"]
    part = f" {100 * done / total:.0f} %" if total and episode["status"] == "transcribing" else ""
    error = f": {episode['error']}" if episode["error"] else ""
    return f"  {episode['id']}  {episode['status']}{part}{error}  {episode['title']}"


@main.command()
@click.argument("words", nargs=-1, required=True)
@as_json
@click.pass_obj
def search(client: Client, words: tuple[str, ...], as_json: bool) -> None:
    """Find where WORDS are said, or meant."""
    _, found = client.call("GET", "/search", query={"q": " ".join(words)})
    _show(found, as_json)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--intent",
    type=click.Choice(list(INTENTS)),
    help="What to search for: the words that are said, their meaning, the sound, this very "
    "recording, or the voice. Left out, the search guesses.",
)
@as_json
@click.pass_obj
def clip(client: Client, file: Path, intent: str | None, as_json: bool) -> None:
    """Find what the recording in FILE says, means or sounds like, itself, or who speaks in it."""
    body, query = _read(file), {"intent": intent} if intent else {}
    _, found = client.call("POST", "/search/clip", query=query, files={"clip": (file.name, body)})
    if not as_json:
        click.echo(_heard(found))
    _show(found, as_json)


def _heard(found: dict[str, Any]) -> str:
    """What a clip was searched for, and what was heard in it."""
    used, why = found["intent"]["used"], found["intent"]["reason"]
    lines = [f"Searched for: {used} ({why})"]
    if found["heard"]:
        lines.append(f"Heard: {found['heard']['text']}")
    elif used in ("words", "meaning"):
        lines.append("Heard no words.")
    return "\n".join(lines)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(found)
        return
    for part in found["degraded"]:
        click.echo(f"Without {part['part']}: {part['reason']}", err=True)
    for hit in found["hits"]:
        click.echo(f"{hit['score']:.3f}  {_clock(hit['at_s'])}  {hit['feed']['title']}: ", nl=False)
        click.echo(f"{hit['episode']['title']}  {hit['url']}\n       {hit['text']}")
    if not found["hits"]:
        click.echo("Nothing was found.")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@main.command()
@click.option(
    "--only",
    metavar="FIELD",
    help="A field of sound vectors, such as audio_classes: episodes that its engine has not heard "
    "are heard by it, from their audio, which is fetched again where it is not kept.",
)
@click.pass_obj
def reindex(client: Client, only: str | None) -> None:
    """Rebuild every index from what is kept, without transcribing again."""
    _, job = client.call("POST", "/reindex", query={"only": only} if only else {})
    with _bar(0, "episode") as bar:
        while job["state"] in ("queued", "running"):
            time.sleep(JOB_POLL_S)
            _, job = client.call("GET", f"/reindex/{job['id']}")
            bar.total = job["total"] or None
            bar.update(job["done"] - bar.n)
    if job["state"] == "failed":
        _fail(f"The rebuild failed: {job['error']}")
    click.echo(f"Rebuilt: {job['done']} episodes.")
    if job["error"]:
        click.echo(job["error"], err=True)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Keep the figures and ranks as JSON.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask only N of the questions.")
@click.option("--titles", is_flag=True, help="Let searches see the episodes' names as titles.")
def evaluate(folder: Path, out: Path | None, limit: int | None, titles: bool) -> None:
    """Measure the search on judged questions (segments*.jsonl, queries.jsonl, qrels.tsv).

    It needs the Elasticsearch of the settings, and puts indices there that it removes again.
    """
    from app.evaluation import command  # noqa: PLC0415 - the models' libraries load slowly

    try:
        figures = command.figures_of(folder, limit=limit, titles=titles)
        command.keep(figures, out)
    except command.EvaluationError as error:
        _fail(str(error))
    click.echo(command.table(figures))


@main.group()
def admin() -> None:
    """Who may change what Earmark holds."""


@admin.command()
@click.password_option(help="Left out, it is asked for, and not shown.")
@click.option("--hash", "only_hash", is_flag=True, help="Only print EARMARK_ADMIN_PASSWORD_HASH.")
@click.pass_obj
def password(client: Client, password: str, only_hash: bool) -> None:
    """Set the password that signs in to the admin pages, beside the admin token."""
    if only_hash:
        from app.web.password import hashed  # noqa: PLC0415 - fsspec loads slowly

        click.echo(hashed(password))
        return
    client.call("PUT", "/admin/password", body={"password": password})
    click.echo("The password is set; sign in with it anew.")


@main.group()
def opml() -> None:
    """Move lists of feeds in and out."""


@opml.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def import_opml(client: Client, file: Path) -> None:
    """Add every feed of an OPML FILE."""
    try:
        entries = read_opml(_read(file))
    except OpmlError as error:
        _fail(f"{file}: {error}")
    failed = 0
    for entry in _bar_over(entries, "feed"):
        failed += not _import_one(client, entry)
    click.echo(f"{len(entries) - failed} of {len(entries)} feeds are in.")
    if failed:
        sys.exit(1)


def _import_one(client: Client, entry: OpmlEntry) -> bool:
    if entry.error:
        tqdm.write(f"line {entry.line}: {entry.url}: {entry.error}", file=sys.stderr)
        return False
    try:
        code, feed = _add(client, entry.url)
    except ClientError as error:
        if not error.about_request:
            raise
        tqdm.write(f"line {entry.line}: {entry.url}: {error}", file=sys.stderr)
        return False
    tqdm.write(
        f"{feed['id']}  {feed['title'] or entry.url} ({'added' if code == 201 else 'known'})"
    )
    return True


@opml.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def export_opml(client: Client, file: Path) -> None:
    """Write every feed to an OPML FILE."""
    _, text = client.call("GET", "/opml")
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        _fail(f"{file} cannot be written: {error.strerror}")
    click.echo(f"Written: {file}")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        _fail(f"{file} cannot be read: {error.strerror}")


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _bar(total: int, unit: str) -> Any:
    """A progress bar; nothing at all where there is no terminal."""
    return tqdm(total=total or None, unit=unit, disable=None, leave=False)


def _bar_over(items: Sequence[T], unit: str) -> Iterator[T]:
    with _bar(len(items), unit) as bar:
        for item in items:
            yield item
            bar.update()
