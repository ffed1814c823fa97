"""The command line of scripts/evaluate."""

import argparse
import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from scripts.evaluation.node import end_cleanly, reachable
from scripts.local.data import DataFolder
from scripts.local.errors import SetupError
from scripts.local.start import install_models

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Measure, print the tables, keep the figures."""
    options = _options()
    end_cleanly()
    try:
        with reachable(DataFolder(options.data)) as environment:
            os.environ.update(environment)
            install_models()
            _measure(options)
    except SetupError as error:
        sys.exit(f"earmark: {error}")
    except KeyboardInterrupt:
        sys.exit("earmark: Stopped.")


def _options() -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args()
    if not (options.folder or options.audio):
        parser.error("name a folder of judged questions, or --audio KIND DIR")
    if any(kind not in ("sound", "voice") for kind, _ in options.audio):
        parser.error("--audio KIND DIR: KIND is sound or voice")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/evaluate",
        description="Measure the search on judged questions, with an Elasticsearch that runs "
        "here or one started for it.",
    )
    parser.add_argument(
        "folder", type=Path, nargs="?",
        help="segments*.jsonl (id, episode, text), queries.jsonl (id, text) and qrels.tsv "
        "(query id, segment id, relevance)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep figures and ranks as JSON")
    parser.add_argument("--limit", type=int, metavar="N", help="ask only N of the questions")
    parser.add_argument(
        "--titles", action="store_true", help="let searches see the episodes' names as titles"
    )
    parser.add_argument(
        "--peers", action="store_true",
        help="rank the same passages by bm25s, MiniLM alone, their RRF, and txtai's hybrid",
    )  # fmt: skip
    parser.add_argument(
        "--voice", type=int, metavar="N",
        help="speak N of the questions, clean and in noise, and search for what was heard",
    )  # fmt: skip
    parser.add_argument(
        "--audio", nargs=2, action="append", default=[], metavar=("KIND", "DIR"),
        help="KIND sound or voice: clips cut from the recordings in DIR, which has a folder for "
        "each class of sound or each speaker; may be given more than once",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, default=ROOT / "data", metavar="DIR",
        help="the data folder of a running Earmark (default: data/ of this checkout)",
    )  # fmt: skip
    return parser


def _measure(options: argparse.Namespace) -> None:
    # These read the settings that were made above.
    from app.evaluation import command  # noqa: PLC0415
    from app.evaluation.evaluate import machine  # noqa: PLC0415
    from scripts.evaluation import audio  # noqa: PLC0415
    from scripts.evaluation.tables import tables  # noqa: PLC0415

    try:
        figures = _signed(_searched(options) if options.folder else {"machine": machine()})
        figures["audio"] = [audio.measure(kind, Path(folder)) for kind, folder in options.audio]
        command.keep(figures, options.out)
    except command.EvaluationError as error:
        raise SetupError(str(error)) from error
    print(tables(figures))


def _searched(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of judged questions."""
    from app.evaluation import command  # noqa: PLC0415 - reads the settings
    from scripts.evaluation import peers  # noqa: PLC0415
    from scripts.evaluation.spoken import Spoken  # noqa: PLC0415

    return command.figures_of(
        options.folder,
        titles=options.titles,
        limit=options.limit,
        peers=partial(peers.rank, kept=peers.kept()) if options.peers else None,
        spoken=Spoken(options.voice) if options.voice else None,
    )


def _signed(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures with when and what was measured."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    today = datetime.now(UTC).date().isoformat()
    return {"date": today, "commit": done.stdout.strip() or None} | figures


if __name__ == "__main__":
    main()
