"""One Elasticsearch node for this machine: its settings, its command, its readiness."""

import json
import os
import pwd
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from elasticsearch import ApiError, Elasticsearch, TransportError

from scripts.local import elasticsearch_install, places
from scripts.local.errors import SetupError
from scripts.local.java import Java, find_java

USERNAME = "elastic"
START_TIMEOUT_S = 180.0
HEAP_MB = 1024
SMALL_HEAP_MB = 512
SMALL_MACHINE_MB = 4096

# Absolute watermarks: the default percentages would refuse to index on a laptop whose large
# disk is 91 % full with hundreds of gigabytes to spare.
CONFIG = """\
cluster.name: earmark
node.name: earmark
discovery.type: single-node
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport_port}
path.data: {data}
path.logs: {logs}
xpack.security.enabled: true
xpack.security.http.ssl.enabled: false
xpack.security.transport.ssl.enabled: false
action.auto_create_index: false
cluster.routing.allocation.disk.watermark.low: 1gb
cluster.routing.allocation.disk.watermark.high: 750mb
cluster.routing.allocation.disk.watermark.flood_stage: 500mb
"""
JVM_OPTIONS = """\
-Xms{heap_mb}m
-Xmx{heap_mb}m
-Xlog:disable
-Xlog:all=warning:stderr:utctime,level,tags
# Their index needs analyzers that this build lacks, and only a user interface reads it.
-Des.queryable_built_in_roles_enabled=false
"""


@dataclass(frozen=True)
class Node:
    """An Elasticsearch node on the loopback address, with its data under `folder`."""

    folder: Path
    port: int
    transport_port: int
    password: str
    java: Java
    home: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def command(self) -> list[str]:
        """What starts it, in the foreground."""
        return [str(self.home / "bin" / "elasticsearch")]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that `command` needs, beside PATH."""
        return {
            "ES_JAVA_HOME": str(self.java.home),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "CLI_JAVA_OPTS": "-Xmx64m -XX:TieredStopAtLevel=1",
            "HOME": str(self.folder),
            "PATH": os.environ.get("PATH", os.defpath),
        }

    def client(self, timeout_s: float = 10.0) -> Elasticsearch:
        """A client that signs in as the node's own superuser."""
        return Elasticsearch(
            self.url, basic_auth=(USERNAME, self.password), request_timeout=timeout_s
        )


def prepare(path: Path, *, port: int, transport_port: int, password: str, heap_mb: int = 0) -> Node:
    """Install Elasticsearch if need be, and write this node's settings.

    `path` is the node's folder (a link, where the service user could not reach it).
    """
    java = find_java()
    home = elasticsearch_install.install(java)
    folder = places.private_folder(path)
    node = Node(folder, port, transport_port, password, java, home)
    _write_config(node, heap_mb or default_heap_mb())
    _keep_password(node)
    _hand_over(folder)
    return node


def default_heap_mb() -> int:
    """1 GB, or half of it on a small machine."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
    return SMALL_HEAP_MB if memory_mb < SMALL_MACHINE_MB else HEAP_MB


def start(node: Node, log: Path) -> subprocess.Popen[bytes]:
    """Start the node as a child process in a session of its own, writing to `log`."""
    user = places.service_user()
    with log.open("ab") as output:
        return subprocess.Popen(
            node.command,
            env=node.environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
        )


def wait_until_ready(node: Node, *, timeout_s: float = START_TIMEOUT_S) -> None:
    """Return when the node answers and can be written to; SetupError if it does not in time."""
    deadline = time.monotonic() + timeout_s
    client = node.client()
    while True:
        try:
            client.cluster.health(wait_for_status="yellow", timeout="5s")
        except (ApiError, TransportError) as error:
            if time.monotonic() > deadline:
                logs = node.folder / "logs" / "earmark.log"
                raise SetupError(f"Elasticsearch did not start ({error}); see {logs}") from error
        else:
            return
        time.sleep(0.25)  # the interval of asking, not a guess of how long it takes


def _write_config(node: Node, heap_mb: int) -> None:
    config = node.folder / "config"
    if not config.exists():
        shutil.copytree(node.home / "config", config)
    for name in ("data", "logs", "tmp"):
        (node.folder / name).mkdir(exist_ok=True)
    settings = CONFIG.format(
        port=node.port,
        transport_port=node.transport_port,
        data=json.dumps(str(node.folder / "data")),  # a JSON string is a YAML one
        logs=json.dumps(str(node.folder / "logs")),
    )
    (config / "elasticsearch.yml").write_text(settings)
    (config / "jvm.options.d" / "earmark.options").write_text(JVM_OPTIONS.format(heap_mb=heap_mb))


def _keep_password(node: Node) -> None:
    """Put the password into the node's keystore, where the security module looks for it."""
    keystore = node.folder / "config" / "elasticsearch.keystore"
    if keystore.exists():
        return
    tool = node.home / "bin" / "elasticsearch-keystore"
    environment = os.environ | node.environment
    add = [tool, "add", "--stdin", "--force", "bootstrap.password"]
    for command, text in (([tool, "create"], ""), (add, node.password)):
        done = subprocess.run(
            command, input=text, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            keystore.unlink(missing_ok=True)
            raise SetupError(f"Elasticsearch's keystore could not be made: {done.stderr}")


def _hand_over(folder: Path) -> None:
    """Give everything in the node's folder to the user that the node runs as."""
    if user := places.service_user():
        for path in folder.rglob("*"):
            shutil.chown(path, user)


def new_password() -> str:
    """A password nobody has to type."""
    return secrets.token_urlsafe(24)
