"""Makes the demo's episodes: speaks, mixes, encodes, and keeps them in the user's cache."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from scripts.demo import art, feed, tools
from scripts.demo.encode import encode
from scripts.demo.mix import mix, read_wav
from scripts.demo.script import SHOWS_DIR, Script, Show
from scripts.demo.timeline import lay_out, truth

KEPT_MODULES = ("dsp", "music", "effects", "mix", "timeline", "encode", "feed", "build", "speaker")
SPEED = 1.0


@dataclass(frozen=True)
class Made:
    """An episode that can be listened to now."""

    show: str
    episode: str
    title: str
    duration_s: float
    feed_path: str  # below the server's address
    first_of_show: bool  # the moment to add the show


class Bar(Protocol):
    """What the builder tells its progress to."""

    def update(self, steps: int) -> object: ...


Progress = Callable[[str, int], AbstractContextManager[Bar]]  # a title and a number of steps


def build(
    scripts: Sequence[Script],
    into: Path,
    progress: Progress,
    say: Callable[[str], None] = print,
) -> Iterator[Made]:
    """Makes the episodes one by one under ``into``; yields each once the feed can list it.

    What was made before is taken from the cache. ToolsError says why a voice is missing.
    """
    begun: set[str] = set()
    for script in scripts:
        kept = keep(script, progress, say)
        publish(script.show, kept, into / script.show.id)
        episode = json.loads((kept / f"{script.id}.json").read_text("utf-8"))
        yield Made(
            show=script.show.id,
            episode=script.id,
            title=script.title,
            duration_s=episode["duration_s"],
            feed_path=f"/{script.show.id}/feed.xml",
            first_of_show=script.show.id not in begun,
        )
        begun.add(script.show.id)


def version(script: Script) -> str:
    """Changes with anything that the episode's files depend on."""
    here = Path(__file__).parent
    sources = [here / f"{name}.py" for name in KEPT_MODULES] + [here / name for name in tools.LOCKS]
    written = json.dumps(asdict(script), sort_keys=True, default=str).encode()
    digest = hashlib.sha256(written + b"".join(path.read_bytes() for path in sources))
    return digest.hexdigest()[:12]


def keep(script: Script, progress: Progress, say: Callable[[str], None]) -> Path:
    """The cached folder of a finished episode, made if need be; one maker at a time."""
    folder = tools.cache_dir() / f"{script.show.id}-{script.id}-{version(script)}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(script, part, progress, say)
            part.replace(folder)
    return folder


def make(script: Script, into: Path, progress: Progress, say: Callable[[str], None]) -> None:
    """Makes one episode's files; the description with its timeline is written last."""
    jobs = speech_jobs(script)
    missing = [job for job in jobs if not Path(str(job["out"])).exists()]
    folder = tools.install(say) if missing else None
    with progress(f"Demo: {script.title}", len(missing) + 2) as bar:
        for _ in tools.speak(folder, missing) if folder else ():
            bar.update(1)
        voices = [read_wav(Path(str(job["out"]))) for job in jobs]
        timeline = lay_out(script.items, [len(voice) / 24_000 for voice in voices])
        audio = mix(script, timeline, voices)
        bar.update(1)
        name = f"{script.id}.{script.format}"
        encode(audio, script, into / name)
        write(script, truth(timeline, dict(script.voices)), into, name)
        bar.update(1)


def speech_jobs(script: Script) -> list[dict[str, object]]:
    """What is to be said by whom, and where its recording is kept."""
    folder = tools.cache_dir() / "speech"
    folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    for said in script.sentences:
        voice = script.voices[said.speaker]
        jobs.append(speech_job(said.text, voice, folder))
    return jobs


def speech_job(text: str, voice: str, folder: Path) -> dict[str, object]:
    """One thing to say; the file's name depends on all that shapes its sound."""
    speaker = (Path(__file__).parent / "speaker.py").read_bytes()
    what = json.dumps([text, voice, SPEED, tools.tools_dir().name]).encode()
    name = hashlib.sha256(speaker + what).hexdigest()[:24]
    return {"text": text, "voice": voice, "speed": SPEED, "out": str(folder / f"{name}.wav")}


def write(script: Script, heard: dict[str, object], into: Path, audio: str) -> None:
    """The episode's description, chapters and transcript."""
    episode = {
        "id": script.id,
        "show": script.show.id,
        "title": script.title,
        "summary": script.summary,
        "published": script.published.isoformat(),
        "language": script.language,
        "audio": audio,
        "format": script.format,
        "bytes": (into / audio).stat().st_size,
        "people": list(script.voices),
        "transcript": script.transcript,
        "snr_db": script.noise.snr_db if script.noise else None,
        **heard,
    }
    if heard["chapters"]:
        write_json(into / f"{script.id}.chapters.json", feed.chapters(episode))
    if script.transcript:
        (into / f"{script.id}.vtt").write_text(feed.vtt(episode), "utf-8")
    write_json(into / f"{script.id}.json", episode)


def write_json(path: Path, what: object) -> None:
    """A JSON file for people to read."""
    path.write_text(json.dumps(what, indent=1, ensure_ascii=False) + "\n", "utf-8")


def publish(show: Show, kept: Path, into: Path) -> None:
    """Copies an episode into the served folder, its description last."""
    into.mkdir(parents=True, exist_ok=True)
    (into / "cover.png").write_bytes(art.cover(show.theme, show.colours))
    write_json(into / "show.json", asdict(show))
    descriptions = [path for path in kept.iterdir() if path.name.count(".") == 1]
    descriptions = [path for path in descriptions if path.suffix == ".json"]
    for path in [*(set(kept.iterdir()) - set(descriptions)), *descriptions]:
        copy_whole(path, into / path.name)


def copy_whole(source: Path, target: Path) -> None:
    """Copies a file so that nobody sees half of it; an equal one is left alone."""
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    part = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, part)
    part.replace(target)


def say_aloud(text: str, voice: str, out: Path, say: Callable[[str], None] = print) -> None:
    """Speaks a query into a WAV file."""
    job = speech_job(text, voice, out.parent) | {"out": str(out.absolute())}
    list(tools.speak(tools.install(say), [job]))


__all__ = ["SHOWS_DIR", "Made", "build", "say_aloud"]
