"""Write what the packaged text embedders make of the words for sounds, which takes them a while.

python -m scripts.build_sound_words
"""

from pathlib import Path

import numpy as np

from app.encoders.base import TextEmbedder, model_of
from app.encoders.e5 import E5
from app.encoders.minilm import MiniLm
from app.encoders.sound_classes import all_words, kept_words

STATS = Path(__file__).parents[1] / "app" / "encoders" / "stats"
ENGINES: tuple[TextEmbedder, ...] = (MiniLm("minilm-int8"), E5("e5-small"))


def main() -> None:
    """Keep the unit vectors times 127, in the order of the words, and the model's name."""
    words = [word for word, _ in all_words()]
    for model in ENGINES:
        vectors = np.round(127 * np.stack([model.ask(word) for word in words])).astype(np.int8)
        np.savez_compressed(STATS / kept_words(model.name), model=model_of(model), vectors=vectors)


if __name__ == "__main__":
    main()
