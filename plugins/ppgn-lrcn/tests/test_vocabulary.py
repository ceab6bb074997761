"""Words to numbers and back, and what is said of words that are not known."""

import pytest
from ppgn_lrcn.vocabulary import Vocabulary, tokenize
from ppgn_lrcn.words import show

from ppgn_core.errors import UserError

VOCABULARY = Vocabulary(["<eos>", "<unk>", "a", "orange", "oranges", "teapot", "spider's"])


def test_words_are_numbered_the_end_included_and_come_back() -> None:
    assert VOCABULARY.encode("A teapot, oranges.") == [2, 5, 4, 0]
    assert VOCABULARY.decode([2, 5, 4, 0, 3, 3]) == "a teapot oranges"


def test_apostrophes_and_hyphens_stay_in_words() -> None:
    assert tokenize("A spider’s well-lit web!") == ["a", "spider's", "well-lit", "web"]


def test_an_unknown_word_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError) as error:
        VOCABULARY.encode("a tepot and orangees")
    message = str(error.value)
    assert message.startswith("condition.text='a tepot and orangees'")
    assert "'tepot' is not in the vocabulary, nearest: teapot" in message
    assert "'orangees' is not in the vocabulary, nearest: oranges, orange" in message
    assert "'a' is not" not in message and "<" not in message and "\n" not in message


def test_special_words_cannot_be_typed_and_nothing_is_no_caption() -> None:
    for text in ("", "?!"):
        with pytest.raises(UserError, match=r"condition.text=.*no words"):
            VOCABULARY.encode(text)
    with pytest.raises(UserError, match="'unk' is not in the vocabulary"):
        VOCABULARY.encode("<unk>")


def test_accents_may_be_written_either_way() -> None:
    vocabulary = Vocabulary(["<eos>", "café"])
    assert vocabulary.encode("cafe\u0301") == vocabulary.encode("CAFÉ") == [1, 0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no words"),
        (" \n\t", "no words"),
        ("…—!?", "no words"),
        ("\0", "no words"),
        ("🍊" * 1000, "no words"),
        ("\u202eתפוז", "not in the vocabulary"),
        ("teapot\0x", "not in the vocabulary"),
        ("\ud800 teapots", "not in the vocabulary"),
        ("a " * 100_000, "it has 100000 words; allowed are 100"),
        (" ".join(f"w{i}" for i in range(90)), "and 85 more"),
        ("x" * 10**6, "not in the vocabulary"),
    ],
)
def test_odd_captions_are_told_of_in_a_short_line(text: str, told: str) -> None:
    with pytest.raises(UserError, match=rf"condition.text=.*{told}") as error:
        VOCABULARY.encode(text)
    assert str(error.value).isprintable() and len(str(error.value)) < 1000


@pytest.mark.parametrize("words", [[], ["a", "<eos>"], ["<eos>", "a", "a"]])
def test_a_vocabulary_is_distinct_words_and_the_end_first(words: list[str]) -> None:
    with pytest.raises(ValueError, match="<eos> first"):
        Vocabulary(words)


def test_rivals_are_of_the_same_kind_and_no_synonyms() -> None:
    words = ["<eos>", "a", "goldfish", "fish", "trout", "orange", "fruit", "lemon", "red"]
    things = [["goldfish", "fish"], ["trout", "fish"], ["orange", "fruit"], ["lemon", "fruit"]]
    vocabulary = Vocabulary(words, [things, [["orange"], ["red"]]])

    def rivals(word: str) -> set[str]:
        return {words[i] for i in vocabulary.rivals(words.index(word))}

    assert rivals("goldfish") == {"trout", "orange", "fruit", "lemon"}
    assert rivals("fish") == {"orange", "fruit", "lemon"}
    assert rivals("orange") == {"goldfish", "fish", "trout", "lemon", "red"}  # a thing and a colour
    assert rivals("a") == rivals("<eos>") == set()
    with pytest.raises(KeyError, match="pear"):
        Vocabulary(words, [[["pear"]]])


def test_words_are_listed_by_their_beginning(capsys: pytest.CaptureFixture) -> None:
    show("teapot")
    assert capsys.readouterr().out.split() == ["teapot", "teapots"]
