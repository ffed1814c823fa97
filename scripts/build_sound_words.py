"""Write what the default text embedder makes of the words for sounds, which takes it a while.

python -m scripts.build_sound_words
"""

from pathlib import Path

import numpy as np

from app.encoders.base import model_of
from app.encoders.minilm import MiniLm
from app.encoders.sound_classes import all_words

TARGET = Path(__file__).parents[1] / "app" / "encoders" / "stats" / "audioset-minilm-int8.npz"


def main() -> None:
    """Keep the unit vectors times 127, in the order of the words, and the model's name."""
    model = MiniLm("minilm-int8")
    words = [word for word, _ in all_words()]
    vectors = np.round(127 * model.embed(words)).astype(np.int8)
    np.savez_compressed(TARGET, model=model_of(model), vectors=vectors)


if __name__ == "__main__":
    main()
