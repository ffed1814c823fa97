"""Learn the directions that a reader's token vectors are projected on.

    python -m scripts.learn_token_basis colbert-small FOLDER

The principal directions, about the origin, of the tokens of every segments*.jsonl in the folder
(fields ``text``); questions and judgements are not looked at. Writes app/encoders/stats/NAME.npz.
"""

import json
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from app.encoders.late_interaction import LateInteraction
from app.search.spoken import said

STATS = Path(__file__).resolve().parents[1] / "app" / "encoders" / "stats"


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def main(name: str, folder: Path) -> None:
    """Write the basis of the reader NAME, learned from FOLDER."""
    reader = LateInteraction(name)
    texts = [
        json.loads(line)["text"]
        for file in sorted(folder.glob("segments*.jsonl"))
        for line in file.read_text().splitlines()
    ]
    total, spread = 0, np.zeros((0, 0))
    for text in tqdm(texts, disable=None):
        rows = reader.passage_states(said(text)).astype(np.float64)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        spread = rows.T @ rows + (spread if total else 0.0)
        total += len(rows)
    values, directions = np.linalg.eigh(spread / total)
    basis = directions[:, ::-1][:, : LateInteraction.dims]
    np.savez_compressed(STATS / f"{name}.npz", basis=basis.astype(np.float16))
    kept = values[::-1][: LateInteraction.dims].sum() / values.sum()
    print(
        f"{total} tokens of {len(texts)} texts; {kept:.3f} of their energy in {basis.shape[1]} dimensions"
    )


if __name__ == "__main__":
    main()
