import subprocess
import sys

import numpy as np
import pytest

from app import models
from app.encoders import registry, whisper_model
from app.encoders.audioset import class_vector, heard_in, names, scores_in
from app.encoders.base import EncoderError, Likeness
from app.encoders.e5 import E5
from app.encoders.likeness import measured
from app.encoders.minilm import MiniLm
from app.encoders.sound_classes import SoundClasses, all_words
from app.encoders.speaker import CamPlusPlus
from app.encoders.whisper import FasterWhisper
from app.encoders.whisper_states import WhisperStates
from app.search.ask import SCALES
from app.settings import get_settings
from tests.spoken import samples_of, speak
from tests.voices import HIGH, LOW, babble

RATE = 16_000


@pytest.fixture(scope="module")
def whisper():
    return FasterWhisper("faster-whisper:base")


@pytest.fixture(scope="module")
def sound():
    return WhisperStates("whisper:base")


@pytest.fixture(scope="module")
def classes():
    embedder = MiniLm("minilm-int8")
    return SoundClasses("yamnet", lambda: embedder)


@pytest.fixture(scope="module")
def voice():
    return CamPlusPlus("campplus")


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=round(seconds * RATE)) * 0.1).astype(np.float32)


def chord(seconds: float, *hertz: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (sum(np.sin(2 * np.pi * hz * time) for hz in hertz) * 0.1).astype(np.float32)


def bursts(seconds: float) -> np.ndarray:
    """Short clicks of noise in silence."""
    samples = noise(seconds)
    samples[np.arange(len(samples)) % 8000 > 600] = 0
    return samples


@pytest.mark.parametrize(
    "window",
    [np.zeros(30 * RATE, np.float32), noise(30), chord(20, 220, 277, 330), bursts(12), noise(0.3)],
    ids=["silence", "noise", "chord", "bursts", "blink"],
)
@pytest.mark.parametrize(("language", "brief"), [(None, False), ("en", False), (None, True)])
def test_nothing_is_invented_where_nobody_speaks(whisper, window, language, brief):
    assert (
        list(whisper.transcribe(window, language=language, brief=brief, states=not brief).words)
        == []
    )


def test_the_transcribers_states_are_the_embedders(whisper, sound):
    window = chord(7.3, 300, 500)
    heard = whisper.transcribe(window)
    assert sound.shares_encoder_with(whisper)
    assert not sound.shares_encoder_with(FasterWhisper("faster-whisper:tiny.en"))
    assert heard.states.shape == (8, 512)
    np.testing.assert_allclose(heard.states, sound.states(window), atol=1e-5)


def test_language_words_and_states_share_one_encoder_pass(whisper, monkeypatch):
    model = whisper_model.load(whisper.name)
    passes, given = [], []
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda features: passes.append(1) or encode(features))
    monkeypatch.setattr(
        model, "generate_segments", lambda *_, encoder_output: given.append(encoder_output) or []
    )
    assert whisper.transcribe(noise(10)).states.shape == (10, 512)
    assert len(passes) == len(given) == 1


@pytest.fixture
def passes(whisper, monkeypatch):
    """How many seconds each pass of the encoder took in."""
    model, seen = whisper_model.load(whisper.name), []
    encode = model.encode
    monkeypatch.setattr(
        model, "encode", lambda features: seen.append(features.shape[-1] / 100) or encode(features)
    )
    return seen


def test_a_brief_hearing_takes_one_short_pass_and_hears_the_same(whisper, passes, tmp_path):
    question = "How do bakers keep the crust of the bread so dark?"
    said = np.pad(samples_of(speak(question, tmp_path / "question.wav")), RATE // 2)
    whole = whisper.transcribe(said)
    passes.clear()
    brief = whisper.transcribe(said, brief=True, states=False)
    assert passes == [18]
    assert brief.states is None
    assert (brief.language, said_in(brief), said_in(whole)) == ("en", question, question)
    for a, b in zip(brief.words, whole.words, strict=True):
        assert a.start_s == pytest.approx(b.start_s, abs=0.3)
        assert 0 <= a.start_s <= a.end_s <= len(said) / RATE


def said_in(heard):
    return "".join(word.text for word in heard.words).strip()


def test_a_brief_hearing_hears_quiet_speech(whisper, tmp_path):
    question = "How do bakers keep the crust of the bread so dark?"
    said = samples_of(speak(question, tmp_path / "question.wav"))
    quiet = np.round(said / np.abs(said).max() * 330) / 32768  # 330 of 32,767: 40 dB below
    heard = whisper.transcribe(quiet.astype(np.float32), brief=True, states=False)
    assert said_in(heard) == question


def test_a_brief_hearing_in_doubt_is_made_again_in_full(whisper, passes):
    whisper.transcribe(noise(5), brief=True, states=False)
    assert passes[:2] == [18, 30]


def test_what_fills_the_encoder_anyway_is_never_brief(whisper, passes):
    whisper.transcribe(noise(25), brief=True, states=False)
    assert passes[0] == 30


def test_a_language_that_was_given_is_kept_and_an_unsure_one_gives_way(whisper):
    assert whisper.transcribe(noise(10), language="fr").language == "fr"
    assert whisper.transcribe(noise(2), likely="ja").language == "ja"


@pytest.mark.parametrize(
    ("window", "says"),
    [
        (np.zeros(31 * RATE, np.float32), "at most 30 s"),
        (np.zeros(0, np.float32), "more than 0"),
        (np.zeros(RATE, np.float64), "float32"),
        (np.zeros((RATE, 2), np.float32), "one dimension"),
        (np.full(RATE, np.nan, np.float32), "not numbers"),
    ],
)
def test_input_that_no_engine_can_take_is_refused(request, window, says):
    embedders = [request.getfixturevalue(name) for name in ("sound", "classes", "voice")]
    whisper = request.getfixturevalue("whisper")
    for engine in (whisper.transcribe, *(embedder.states for embedder in embedders)):
        with pytest.raises(EncoderError, match=says):
            engine(window)


def test_like_sounds_are_nearer_than_unlike_ones(sound):
    rain, more_rain, music = noise(6), noise(6, seed=1), chord(6, 220, 277, 330)
    a, b, c = (sound.pool(sound.states(window)) for window in (rain, more_rain, music))
    assert float(np.linalg.norm(a)) == pytest.approx(1, abs=1e-5)
    assert a @ b > 0.9 > a @ c


@pytest.mark.parametrize("engine", ["sound", "classes", "voice"])
def test_states_of_another_encoder_are_refused(request, engine):
    embedder = request.getfixturevalue(engine)
    width = embedder.states(noise(1)).shape[1]
    for shape in ((3, 384), (0, width)):
        with pytest.raises(EncoderError, match=str(width)):
            embedder.pool(np.zeros(shape, np.float32))


@pytest.mark.parametrize("engine", ["sound", "classes", "voice"])
@pytest.mark.parametrize("seconds", [0.01, 0.3, 1.0, 7.3, 30.0])
def test_there_is_a_row_a_second_and_a_unit_vector(request, engine, seconds):
    embedder = request.getfixturevalue(engine)
    states = embedder.states(noise(seconds))
    assert len(states) == int(np.ceil(seconds))
    assert states.dtype == np.float32
    np.testing.assert_array_equal(states, embedder.states(noise(seconds)))
    assert embedder.pool(states).shape == (embedder.dims,)
    assert float(np.linalg.norm(embedder.pool(states))) == pytest.approx(1, abs=1e-5)


def test_sounds_are_told_by_name(classes):
    music, hum = chord(8, 220, 277, 330), chord(8, 110, 220, 330, 440)
    for window in (music, hum):
        heard = classes.pool(classes.states(window))
        assert scores_in(heard)[names().index("Speech")] < 0.3
    silence = classes.pool(classes.states(np.zeros(5 * RATE, np.float32)))
    assert names()[int(scores_in(silence).argmax())] == "Silence"
    assert heard_in(silence) == []


def test_what_is_heard_for_a_moment_is_not_lost_in_the_rest(classes):
    quiet = np.zeros(20 * RATE, np.float32)
    quiet[12 * RATE : 14 * RATE] = chord(2, 440, 554, 659)
    rows = classes.states(quiet)
    whole, alone = scores_in(classes.pool(rows)), scores_in(classes.pool(rows[12:14]))
    loudest = int(alone.argmax())
    assert whole[loudest] > 0.3 * alone[loudest]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("applause", "Applause"),
        ("someone sneezing", "Sneeze"),
        ("a downpour on the roof", "Rain on surface"),
        ("cello", "Cello"),
        ("people who laugh", "Laughter"),
    ],
)
def test_a_text_asks_for_the_classes_that_it_names(classes, text, name):
    scores = np.full(len(names()), 0.01, np.float32)
    scores[names().index(name)] = 0.8
    asked = classes.ask(text)
    assert asked.shape == (classes.dims,)
    assert float(np.linalg.norm(asked)) == pytest.approx(1, abs=1e-5)
    assert asked @ class_vector(scores) > 0.5


@pytest.mark.parametrize("text", ["democracy", "interest rates", "relativity", "pasta"])
def test_a_text_that_names_no_sound_asks_for_nothing(classes, text):
    assert classes.ask(text) is None


@pytest.mark.parametrize("model", [MiniLm("minilm-int8"), E5("e5-small")], ids=lambda m: m.name)
def test_the_kept_vectors_are_those_of_the_words(model):
    words = [word for word, _ in all_words()]
    engine = SoundClasses("yamnet", lambda: model)
    _, vectors = engine._words
    for number in range(0, len(words), 97):
        assert vectors[number] @ model.ask(words[number]) > 0.998


def test_another_text_embedder_reads_the_words_itself():
    class Letters:
        """A unit vector by the first letter."""

        name, version, dims = "letters", "1", 26

        likeness = Likeness()

        def ask(self, text):
            return np.eye(26, dtype=np.float32)[ord(text.lower()[0]) % 26]

    asked = SoundClasses("yamnet", Letters).ask("zebra")
    assert names()[int(asked.argmax())] == "Zither"


def test_a_voice_is_known_by_its_speaker_and_not_by_what_it_says(voice):
    low, low_else, high = (
        voice.pool(voice.states(babble(4, speaker, seed)))
        for speaker, seed in ((LOW, 0), (LOW, 5), (HIGH, 5))
    )
    assert low @ low_else > low @ high + 0.1


def test_pauses_are_no_voice_and_spoil_none(voice):
    said = babble(6, LOW)
    around = np.concatenate([said[: 3 * RATE], np.zeros(4 * RATE, np.float32), said[3 * RATE :]])
    states = voice.states(around)
    assert np.isnan(states[:, 0]).tolist() == [False] * 3 + [True] * 4 + [False] * 3
    assert voice.pool(states) @ voice.pool(voice.states(said)) > 0.9
    assert np.isnan(voice.pool(states[3:7])).all()
    assert np.isnan(voice.states(np.zeros(2 * RATE, np.float32))).all()


def test_no_transcriber_shares_the_voice_embedders_encoder(voice, whisper):
    assert not voice.shares_encoder_with(whisper)


def test_sentences_of_like_meaning_are_near():
    model = MiniLm("minilm-int8")
    vectors = model.embed(
        ["How do I bake bread?", "A recipe for a sourdough loaf", "The match ended in a draw", ""]
    )
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert model.embed([]).shape == (0, 384)


@pytest.fixture(scope="module")
def e5():
    return E5("e5-small")


TALK = [
    "Im Winter steigen sie jeden Morgen in den zugefrorenen See: Eisbaden härtet ab.",
    "Der Sauerteig braucht Wärme und Geduld, dann wird das Brot locker.",
    "Die Gletscher in den Alpen verlieren jedes Jahr mehr Eis.",
    "Der Bundestag hat gestern über die Rente abgestimmt.",
    "Le chien du voisin aboie toute la nuit et personne ne dort.",
    "Los bomberos apagaron el incendio del bosque antes del amanecer.",
]
ASKED = {
    "cold water swimming": 0,
    "how to make bread rise": 1,
    "climate change in the mountains": 2,
    "pension reform in parliament": 3,
    "a noisy dog next door": 4,
    "putting out a forest fire": 5,
}


def test_a_question_finds_what_is_said_in_another_language(e5):
    passages = e5.embed(TALK)
    for question, answer in ASKED.items():
        near = e5.likeness.of(passages @ e5.ask(question))
        assert int(near.argmax()) == answer, question
        assert near[answer] >= SCALES["meaning"].alone, question
    assert e5.ask("cold water swimming") @ e5.ask("Eisbaden") > 0.8


def test_what_no_passage_is_about_stays_below_what_counts_as_a_hit(e5):
    passages = e5.embed(TALK)
    for question in ("stock market crash of 1929", "how do I tune a guitar", "Fußballergebnisse"):
        assert (e5.likeness.of(passages @ e5.ask(question)) < SCALES["meaning"].alone).all()


def test_the_scale_of_likeness_is_what_the_pairs_say(e5):
    found = measured(e5)
    assert found.unlike == pytest.approx(e5.likeness.unlike, abs=0.02)
    assert found.alike == pytest.approx(e5.likeness.alike, abs=0.04)
    assert measured(MiniLm("minilm-int8")) == pytest.approx(Likeness(0, 1), abs=0.05)


def test_a_sound_is_named_in_another_language(e5):
    classes = SoundClasses("yamnet", lambda: e5)
    for text, name in [
        ("Applaus", "Applause"),
        ("Regen auf dem Dach", "Rain on surface"),
        ("lluvia", "Rain"),
    ]:
        assert names()[int(classes.ask(text).argmax())] == name
    for topic in ("democracy", "Steuererklärung", "Quantenphysik"):
        assert classes.ask(topic) is None


def test_importing_the_engines_loads_none():
    code = (
        "import sys, app.encoders.registry, app.audio.speech, app.windows, app.segments\n"
        "app.encoders.registry.describe()\n"
        "heavy = {'ctranslate2', 'onnxruntime', 'torch', 'faster_whisper', 'tokenizers'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_registry_describes_what_is_installed():
    roles = registry.describe()
    assert {role: d.present for role, d in roles.items()} == dict.fromkeys(roles, True)
    assert [roles[role].dims for role in ("text", "audio_whisper", "audio_classes", "voice")] == [
        384,
        512,
        522,
        192,
    ]
    assert registry.transcriber() is registry.transcriber()


@pytest.fixture
def empty_models(monkeypatch, tmp_path):
    monkeypatch.setenv("EARMARK_MODELS_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.usefixtures("empty_models")
def test_absent_weights_say_how_to_get_them():
    with pytest.raises(EncoderError, match=r"python -m app\.models install whisper-base"):
        FasterWhisper("faster-whisper:base").transcribe(noise(1))
    roles = registry.describe()
    assert "install minilm-int8" in roles["text"].reason
    assert roles["audio_whisper"].dims == 512  # mappings need it before the weights are there


def test_voices_need_not_be_told_apart(monkeypatch):
    monkeypatch.setenv("EARMARK_VOICE_EMBEDDER", "off")
    get_settings.cache_clear()
    assert registry.voice_embedder() is None
    assert "voice" not in registry.describe()
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EARMARK_TRANSCRIBER", "nonsense"),
        ("EARMARK_TEXT_EMBEDDER", "nonsense"),
        ("EARMARK_AUDIO_EMBEDDER", "nonsense:base"),
        ("EARMARK_VOICE_EMBEDDER", "nonsense"),
    ],
)
def test_an_unknown_engine_is_named(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    get_settings.cache_clear()
    with pytest.raises(EncoderError, match=f"{variable} is '{value}'"):
        registry.describe()
    monkeypatch.undo()
    get_settings.cache_clear()


def test_weights_may_come_from_a_folder(whisper):
    folder = models.path("whisper-base")
    same = FasterWhisper(f"faster-whisper:{folder}")
    assert same.transcribe(chord(3, 300)).states.shape == (3, 512)
    with pytest.raises(EncoderError, match="no statistics"):
        _ = WhisperStates(f"whisper:{folder}").dims
    with pytest.raises(EncoderError, match=r"no model\.bin"):
        FasterWhisper("faster-whisper:/no/such/folder").transcribe(noise(1))
    with pytest.raises(EncoderError, match="absolute folder"):
        FasterWhisper("faster-whisper:enormous").transcribe(noise(1))


def test_audio_engines_stand_side_by_side_each_in_its_own_field(monkeypatch):
    monkeypatch.setenv("EARMARK_AUDIO_EMBEDDER", " yamnet , whisper:base, ")
    get_settings.cache_clear()
    assert {field: one.name for field, one in registry.audio_embedders().items()} == {
        "audio_classes": "yamnet",
        "audio_whisper": "whisper:base",
    }
    for value, says in [("whisper:base,whisper:tiny.en", "one field"), (",", "names no engine")]:
        monkeypatch.setenv("EARMARK_AUDIO_EMBEDDER", value)
        get_settings.cache_clear()
        with pytest.raises(EncoderError, match=says):
            registry.audio_embedders()
    monkeypatch.undo()
    get_settings.cache_clear()
