"""Putting Elasticsearch and our plugin into the cache: download, unpack, compile."""

import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from filelock import FileLock

from scripts.local import places
from scripts.local.artifacts import JavaArtifact, fetch
from scripts.local.errors import SetupError
from scripts.local.java import Java

VERSION = "9.5.3"
DISTRIBUTION = JavaArtifact(
    "org.elasticsearch.distribution.integ-test-zip",
    "elasticsearch",
    VERSION,
    "zip",
    "bec49f3b8d00e75c8d1cec85c35298635ec9fbd3ae80ef5aeb6bc05abdb3db2d",
)
# Compiles the plugin where there is only a Java runtime.
COMPILER = JavaArtifact(
    "org.eclipse.jdt",
    "ecj",
    "3.46.100",
    "jar",
    "74c93172475fee0cd4e6eefb44233516dd40525642da35d009146d97ea598229",
)
PLUGIN = Path(__file__).parent / "plugin"
PLUGIN_NAME = "earmark-languages"


def install(java: Java) -> Path:
    """The home folder of Elasticsearch with our plugin in it, made unless it is there.

    Its name carries the plugin's hash, so that a changed plugin gets a home of its own.
    """
    cache = places.program_cache()
    home = cache / f"elasticsearch-{VERSION}-{_plugin_hash()}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not home.exists():
            archive = fetch(DISTRIBUTION, places.cache_dir(), f"Elasticsearch {VERSION}")
            _build(java, archive, home)
    return home


def _plugin_hash() -> str:
    digest = hashlib.sha256()
    for path in sorted(PLUGIN.rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _build(java: Java, archive: Path, home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        unpacked = _unpack(archive, Path(scratch))
        _add_plugin(java, unpacked, Path(scratch) / "classes")
        unpacked.replace(home)


def _unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as contents:
        contents.extractall(folder)
    (home,) = folder.glob("elasticsearch-*")
    for path in home.rglob("*"):
        path.chmod(0o755 if path.is_dir() or "bin" in path.parts else 0o644)
    home.chmod(0o755)
    return home


def _add_plugin(java: Java, home: Path, classes: Path) -> None:
    _compile(java, home, classes)
    folder = home / "plugins" / PLUGIN_NAME
    folder.mkdir(parents=True)
    shutil.copyfile(
        PLUGIN / "plugin-descriptor.properties", folder / "plugin-descriptor.properties"
    )
    with zipfile.ZipFile(folder / f"{PLUGIN_NAME}.jar", "w") as jar:
        for path in sorted(classes.rglob("*.class")):
            jar.write(path, path.relative_to(classes))


def _compile(java: Java, home: Path, classes: Path) -> None:
    sources = sorted((PLUGIN / "src").rglob("*.java"))
    libraries = ":".join(str(jar) for jar in sorted((home / "lib").glob("*.jar")))
    command = [*_compiler(java), "-nowarn", "-d", classes, "-cp", libraries, *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SetupError(f"The Elasticsearch plugin could not be compiled: {done.stderr}")


def _compiler(java: Java) -> list[str | Path]:
    if java.javac:
        return [java.javac, "--release", "21"]
    jar = fetch(COMPILER, places.cache_dir(), "Java compiler")
    return [java.home / "bin" / "java", "-jar", jar, "-source", "21", "-target", "21"]
