"""Learn in which directions E5's vectors of one text differ by its language alone.

    python -m scripts.learn_languages

The same ten sentences are put to it in seven languages, as passages; the directions span the
differences of the languages' means (Yang et al., arXiv:2109.04727).
"""

import json
from pathlib import Path

import numpy as np

from app.encoders.e5 import E5

SENTENCES = Path(__file__).with_name("parallel_sentences.json")
TARGET = Path(__file__).parents[1] / "app" / "encoders" / "stats" / "e5-small.npz"


def main() -> None:
    """Keep one direction less than there are languages."""
    model = E5("e5-small")
    means = np.stack(
        [
            np.mean([model.with_language(f"passage: {one}") for one in sentences], axis=0)
            for sentences in json.loads(SENTENCES.read_text()).values()
        ]
    )
    _, strengths, directions = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    print("strengths:", np.round(strengths, 3))
    np.savez_compressed(TARGET, directions=directions[:-1].astype(np.float32))


if __name__ == "__main__":
    main()
