"""Where torch is installed, a default search serves without ever importing it."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.torch

SERVE = """
import importlib.util, json, sys
assert importlib.util.find_spec("torch") and importlib.util.find_spec("transformers")
from app.search.index import ensure_indices
from app.web import create_app
ensure_indices()
client = create_app().test_client()
answer = client.get("/api/v1/search?q=how+do+bakers+make+bread")
print(json.dumps({
    "status": answer.status_code,
    "degraded": answer.json["degraded"],
    "loaded": sorted({"torch", "transformers", "whisper"} & set(sys.modules)),
    "text": "onnxruntime" in sys.modules,
}))
"""


@pytest.mark.usefixtures("settings")
def test_a_default_search_never_imports_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said == {"status": 200, "degraded": [], "loaded": [], "text": True}
