from app.evaluation.derived import derive, name, phrase
from app.evaluation.folder import Passage, Question

HEARD = {
    "clean": [
        Passage("1", "e", "the analytical engine of Ada Lovelace had no patron", "en"),
        Passage("2", "e", "a steam engine has a patron and a boiler", "en"),
        Passage("3", "e", "nothing at all is said of it here", "en"),
    ],
    "misheard": [
        Passage("1", "e", "the analytical engine of a to loveless had no patron", "en"),
        Passage("2", "e", "a steam engine has a patron and a boiler", "en"),
        Passage("3", "e", "nothing at all is said of it here", "en"),
    ],
}
ASKED = Question("q", "What engine did Ada Lovelace describe?", {"1": 1.0})


def test_each_class_is_made_of_the_question() -> None:
    made = {question.kind: question for question in derive([ASKED], HEARD)}
    assert made["name"].text == "Ada Lovelace"
    assert made["keywords"].text == "ada lovelace describe"
    assert made["phrase"].text == '"the analytical engine"'
    assert {question.id for question in made.values()} == {"q-name", "q-keywords", "q-phrase"}
    assert all(question.judged == ASKED.judged for question in made.values())


def test_the_word_that_begins_a_question_is_no_name() -> None:
    assert name("Where is it?") == ""
    assert name("Where did the Old Vic stand?") == "Old Vic"


def test_a_phrase_is_said_in_every_condition() -> None:
    texts = [" the old mill burned down ", " the old mill burnt down "]
    assert phrase("When did the mill burn down?", texts, len) == '"the old mill"'
    assert phrase("Who was it?", [" the old mill burned down "], len) == ""


def test_what_was_derived_is_not_derived_from_again() -> None:
    assert derive(derive([ASKED], HEARD), HEARD) == []
