"""What a text embedder's cosines mean, found by putting questions to it whose answers are known."""

import numpy as np

from app.encoders.base import Likeness, TextEmbedder

# By how much MiniLM, whose cosines are the scale, puts the pairs below nearer than others (median).
ANSWERED = 0.36
LEAST_SPREAD = 0.05  # between unlike and alike: a model that tells less apart is no use at all

PAIRS = (
    ("why does bread rise", "Yeast eats the sugar in the dough and gives off gas, which lifts it."),
    ("how do bees find flowers", "A forager dances on the comb to tell the hive where nectar is."),
    ("what causes tides", "The moon pulls at the oceans, and the water follows it twice a day."),
    ("history of the printing press", "Gutenberg cast letters of metal and printed a Bible."),
    ("how to train for a marathon", "Add a few miles each week and rest before the long race."),
    ("are electric cars better for the climate", "Even with dirty power a battery car emits less."),
    ("who painted the night watch", "Rembrandt finished the huge canvas of the militia in 1642."),
    ("what is inflation", "When prices climb year after year, the same wage buys less and less."),
    ("tips for growing tomatoes", "Water the plants at the root, and pinch out the side shoots."),
    ("how does a vaccine work", "It shows the immune system a harmless part of the virus."),
    ("why did Rome fall", "The western empire ran out of money and soldiers, and the Goths came."),
    ("learning the piano as an adult", "Ten minutes of scales a day did more than any teacher."),
    ("what is a black hole", "A star so dense collapses until not even light gets away from it."),
    ("how to ask for a raise", "Before you speak to your boss about salary, write down results."),
    ("do cats understand us", "A kitten knows its owner's voice, and mostly chooses to ignore it."),
    ("how is cheese made", "Rennet curdles the milk, and the curds are pressed and left to age."),
    ("fear of flying", "I hold on to the armrest until the plane has landed, every single time."),
    ("what happens in a court trial", "The jury hears the witnesses, then the judge the verdict."),
    ("how do glaciers move", "Ice flows downhill under its own weight, a few inches every day."),
    ("best way to learn a language", "Talk to native speakers early, and never mind the grammar."),
    ("why do we dream", "In REM sleep the brain replays the day and stores what it wants to keep."),
    ("repairing an old bicycle", "I took off the rusty chain and put new cables on the brakes."),
    ("how are chess computers so strong", "An engine looks at millions of positions a move."),
    (
        "what was the cold war",
        "Washington and Moscow armed for decades, and never fired at each other.",
    ),
)


def measured(embedder: TextEmbedder) -> Likeness:
    """The scale on which it answers the pairs as MiniLM does, and others are unlike."""
    questions = np.stack([embedder.ask(question) for question, _ in PAIRS])
    cosines = questions @ embedder.embed([answer for _, answer in PAIRS]).T
    unlike = float(cosines[~np.eye(len(PAIRS), dtype=bool)].mean())
    answered = float(np.median(np.diag(cosines)))
    spread = max(LEAST_SPREAD, (answered - unlike) / ANSWERED)
    return Likeness(round(unlike, 3), round(unlike + spread, 3))
