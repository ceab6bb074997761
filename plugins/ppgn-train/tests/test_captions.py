"""Captions of painted images: their colours, their plurals, and that a seed draws them again."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from ppgn_train.captions import BUSY, MIXED, Captions
from ppgn_train.captions_colour import NAMES, UNNAMED, Colours, measure, plausible
from ppgn_train.captions_nouns import TABLE, Kind, article, kinds, plural

PAINTS = {
    "red": (205, 25, 25), "orange": (245, 130, 20), "yellow": (245, 215, 40), "green": (40, 140, 50),
    "blue": (40, 80, 190), "purple": (110, 40, 150), "pink": (245, 140, 180), "brown": (110, 65, 35),
    "white": (250, 250, 250), "grey": (128, 128, 128), "black": (10, 10, 10),
}  # fmt: skip


def paint(disc: str, ground: str) -> torch.Tensor:
    """A disc of one colour on another, with shading and grain, uint8 `(3, 64, 64)`."""
    at = torch.linspace(-1, 1, 64)
    inside = at[:, None].square() + at.square() < 0.4
    one, other = (torch.tensor(PAINTS[name], dtype=torch.float32)[:, None, None] for name in (disc, ground))
    grain = 6 * torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(0)) + 8 * at
    return (torch.where(inside, one, other) + grain).clamp(0, 255).byte()


@pytest.mark.parametrize("name", PAINTS)
def test_a_disc_and_its_background_are_named(name: str) -> None:
    grounds = [ground for ground in PAINTS if ground != name]
    found = measure(torch.stack([paint(name, ground) for ground in grounds]))
    assert [NAMES[i] for i in found.object] == [name] * len(grounds)
    assert [NAMES[i] for i in found.background] == grounds


def test_what_cannot_be_told_apart_is_left_unnamed() -> None:
    stripes = torch.cat([paint(name, name)[:, :, :16] for name in ("red", "green", "blue", "yellow")], 2)
    found = measure(torch.stack([paint("red", "red"), stripes]))
    assert found.object.tolist() == [UNNAMED, UNNAMED]
    assert found.background[0] == NAMES.index("red") and found.background[1] == UNNAMED


def test_what_is_above_is_told_from_what_is_behind() -> None:
    image = paint("red", "blue")
    image[:, 40:] = paint("red", "green")[:, 40:]
    found = measure(image[None])
    assert NAMES[found.above] == "blue" and found.background == UNNAMED


def test_colours_that_a_class_hardly_ever_has_are_mistakes() -> None:
    labels = torch.tensor([0] * 50 + [1] * 2)
    objects = torch.tensor([1] * 49 + [4] + [4, UNNAMED])
    known = plausible(objects, labels, 2)
    assert known[0].nonzero().flatten().tolist() == [1]
    assert known[1].nonzero().flatten().tolist() == [4]


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("ladybug", "ladybugs"),
        ("king penguin", "king penguins"),
        ("bus", "buses"),
        ("goldfish", "goldfish"),
        ("butterfly", "butterflies"),
        ("toy", "toys"),
        ("spider's web", "spider's webs"),
        ("bottle of beer", "bottles of beer"),
        ("goose", "geese"),
        ("sandwich", "sandwiches"),
        ("sunglasses", "sunglasses"),
        ("monarch", "monarchs"),
    ],
)
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_articles() -> None:
    assert [article(word) for word in ("orange teapot", "umbrella", "unicorn", "bus")] == [
        "an orange teapot", "an umbrella", "a unicorn", "a bus"
    ]  # fmt: skip


def captions_of(kind: Kind, colours: Sequence[str], n: int = 4000) -> list[str]:
    indices = [torch.tensor([NAMES.index(c) if c else UNNAMED]).expand(n) for c in colours]
    return Captions([kind]).draw(torch.zeros(n, dtype=torch.long), Colours(*indices), torch.Generator().manual_seed(0))


def test_what_people_type_is_said() -> None:
    table = {kind.nouns[0]: kind for kind in kinds([line.split()[0] for line in TABLE.strip().splitlines()])}
    teapots = captions_of(table["teapot"], ("red", "white", "white"))
    assert {"a teapot", "a red teapot", "a red teapot on a white background", "red teapots", "red teapot"} <= set(
        teapots
    )
    assert "a goldfish in blue water" in captions_of(table["goldfish"], ("orange", "blue", "blue"))
    assert {"oranges", "an orange", "orange"} <= set(captions_of(table["orange"], ("orange", "", "")))
    buses = captions_of(table["school bus"], ("yellow", "", ""))
    assert {"a school bus", "a yellow school bus", "yellow buses"} <= set(buses)
    assert "a yellow butterfly" in captions_of(table["butterfly"], ("yellow", "", ""))
    assert "a pair of sunglasses" in captions_of(table["sunglasses"], ("", "", ""))


def test_no_colour_is_said_that_was_not_measured_nor_twice() -> None:
    plain = captions_of(Kind(("teapot",), frozenset({"paint"})), ("", "", ""))
    assert not {word for text in plain for word in text.split()} & set(NAMES)
    assert not any("orange orange" in text for text in captions_of(Kind(("orange",)), ("orange", "white", "")))
    mass = captions_of(Kind(("guacamole",), frozenset({"mass"})), ("green", "", ""))
    assert {"guacamole", "green guacamole", "some guacamole"} <= set(mass)
    assert not any(text.startswith("a g") for text in mass)


def test_a_caption_without_colours_says_nothing_of_whether_they_could_be_told() -> None:
    def share(*colours: str) -> float:
        said = captions_of(Kind(("bus",)), colours)
        return sum("yellow" not in text and "multi" not in text and "ground" not in text for text in said) / len(said)

    assert share("yellow", "white", "white") == pytest.approx(share("", "", ""), abs=0.03)


def test_a_seed_draws_the_same_again_and_another_others() -> None:
    captions, n = Captions(kinds(["n04398044", "n01443537"])), 64
    labels, colours = torch.arange(n) % 2, Colours(*(torch.arange(n) % 11 for _ in range(3)))
    first, again, other = (captions.draw(labels, colours, torch.Generator().manual_seed(seed)) for seed in (7, 7, 8))
    assert first == again != other


def test_every_word_said_is_in_the_list_of_words() -> None:
    captions = Captions(kinds([line.split()[0] for line in TABLE.strip().splitlines()]))
    generator = torch.Generator().manual_seed(0)
    n = 20_000
    labels = torch.randint(len(captions.kinds), (n,), generator=generator)
    colours = Colours(*(torch.randint(-1, len(NAMES), (n,), generator=generator) for _ in range(3)))
    said = {word for text in captions.draw(labels, colours, generator) for word in text.split()}
    words = captions.words()
    assert said <= set(words) and 150 < len(words) < 300
    assert len(said) > 0.97 * len(words)


def test_things_are_told_apart_by_the_words_that_begin_what_they_are_called() -> None:
    captions = Captions(kinds(["n02509815", "n04146614", "n07583066", "n07747607"]))
    one, many, colours, around = captions.alternatives()
    assert one == [["panda"], ["bus", "school"], ["dip", "guacamole"], ["fruit", "orange"]]
    assert many == [["pandas"], ["buses", "school"], ["fruits", "oranges"]]
    assert [*NAMES, MIXED, BUSY] == sorted((c for (c,) in colours), key=[*NAMES, MIXED, BUSY].index)
    assert around == [["background"], ["grass"], ["sky"], ["water"]]
    assert {word for kind in captions.alternatives() for entry in kind for word in entry} <= set(captions.words())


def test_beginnings_are_words_as_the_vocabulary_has_them() -> None:
    one, many, *_ = Captions([Kind(("St. Bernard",)), Kind(("red fox", "fox"))]).alternatives()
    assert (one, many) == ([["st"], ["fox"]], [["st"], ["foxes"]])


def test_folders_without_a_table_are_nouns_themselves(tmp_path: Path) -> None:
    names = tmp_path / "classes.tsv"
    names.write_text("group\twnid\tname\tsynonyms\nx\tn1\tzebra\tzebra, Equus burchelli\nx\tn2\tLego\tLego\n")
    assert [kind.nouns for kind in kinds(["n1", "n2", "Fire_Engine", "n04398044"], names)] == [
        ("zebra",), ("lego",), ("fire engine",), ("teapot", "pot")
    ]  # fmt: skip
    assert "fire engines" in captions_of(kinds(["Fire_Engine"])[0], ("", "", ""))
