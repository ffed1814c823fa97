"""Learn the mean and deviation that make an encoder's pooled states comparable.

    python -m scripts.learn_audio_stats whisper:base FOLDER [FOLDER ...]

Each folder holds audio, in sub-folders by class where there are classes (speakers, kinds of
sound). Writes app/encoders/stats/NAME.npz for packaged weights, or the file beside the weights of
a folder, and prints how often the nearest other recording is of the same class.
"""

from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from app.audio.decode import decode
from app.encoders import whisper_states
from app.encoders.weights import weights_folder
from app.encoders.whisper_states import WhisperStates

AUDIO = {".mp3", ".m4a", ".ogg", ".opus", ".flac", ".wav"}
STRETCH_S = 5  # of the length that segments of sound have; longer ones differ less


def states_of(path: Path, engine: WhisperStates) -> np.ndarray:
    """A recording's rows, one a second."""
    windows = decode(path, window_s=30.0)
    return np.concatenate([engine.states(w) for w in windows if len(w) > 1600])


def stretches(rows: np.ndarray) -> list[np.ndarray]:
    """Means of STRETCH_S rows each."""
    return [rows[at : at + STRETCH_S].mean(axis=0) for at in range(0, len(rows), STRETCH_S)]


def nearest(vectors: np.ndarray, labels: list[str]) -> float:
    """The share of recordings whose nearest other one has their label, by cosine."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -np.inf)
    found = likeness.argmax(axis=1)
    return float(np.mean([labels[i] == labels[j] for i, j in enumerate(found)]))


@click.command()
@click.argument("name")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def main(name: str, folders: tuple[Path, ...]) -> None:
    engine = WhisperStates(name)
    heard = {
        folder: {
            path: states_of(path, engine)
            for path in tqdm(
                sorted(p for p in folder.rglob("*") if p.suffix in AUDIO), desc=folder.name
            )
        }
        for folder in folders
    }
    # Every folder weighs the same, whether it holds minutes or hours.
    groups = [
        np.array([s for rows in files.values() for s in stretches(rows)])
        for files in heard.values()
    ]
    mean = np.mean([group.mean(axis=0) for group in groups], axis=0)
    deviation = np.sqrt(np.mean([((group - mean) ** 2).mean(axis=0) for group in groups], axis=0))
    for folder, files in heard.items():
        labels = [str(path.parent) for path in files]
        if len(set(labels)) > 1:
            pooled = np.array([rows.mean(axis=0) for rows in files.values()])
            raw, standard = nearest(pooled, labels), nearest((pooled - mean) / deviation, labels)
            print(
                f"{name} {folder.name}: nearest of the same class {raw:.2f} raw, "
                f"{standard:.2f} standardised, n={len(labels)}"
            )
    out = target(name)
    out.parent.mkdir(exist_ok=True)
    np.savez(out, mean=mean.astype(np.float32), deviation=deviation.astype(np.float32))
    print(f"wrote {out}")


def target(name: str) -> Path:
    if "/" in name:
        return weights_folder(name) / whisper_states.STATS_FILE
    return Path(whisper_states.__file__).parent / "stats" / f"{name.replace(':', '-')}.npz"


if __name__ == "__main__":
    main()
