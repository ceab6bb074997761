"""List what people call the classes: nouns, their plurals, and where such things are seen."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ppgn_core.errors import UserError

# Synset and nouns, the most common first; after `:` their usage. mass: neither article nor plural; pair: plural only;
# paint: made in any colour; water, sky, grass: what blue or green surroundings would be.
TABLE = """
n01440764 tench, fish : water grass
n01443537 goldfish, fish : water
n01629819 salamander, fire salamander : grass
n01855672 goose, bird : water grass
n01882714 koala, koala bear
n01910747 jellyfish : water
n01917289 brain coral, coral : water mass
n01944390 snail : grass
n01950731 sea slug : water
n02002724 stork, black stork, bird : sky grass
n02056570 penguin, king penguin, bird : water grass
n02058221 albatross, bird, seabird : sky
n02094433 terrier, yorkshire terrier, dog, puppy : grass
n02099601 golden retriever, retriever, dog, puppy : grass
n02102040 springer spaniel, spaniel, dog, puppy : grass
n02123045 tabby cat, tabby, cat : grass
n02123394 persian cat, cat : grass
n02129165 lion : grass
n02132136 bear, brown bear : water grass
n02165456 ladybug, ladybird, beetle, insect : grass
n02206856 bee, insect
n02268443 dragonfly, insect : sky
n02279972 butterfly, monarch butterfly, monarch : sky
n02281406 butterfly, sulphur butterfly : sky
n02410509 bison, buffalo : grass
n02423022 gazelle, antelope : grass
n02437312 camel : sky grass
n02480495 orangutan, ape, monkey : grass
n02504458 elephant, african elephant : grass
n02509815 red panda, panda : grass
n02769748 backpack, rucksack, bag : paint
n02802426 basketball, basketball player, ball
n02814533 station wagon, car : paint
n02814860 lighthouse, beacon, tower : sky
n02823428 beer bottle, bottle, bottle of beer
n02917067 bullet train, train : sky
n02948072 candle : paint
n02979186 cassette player, tape recorder : paint
n03000684 chain saw, chainsaw, saw : paint
n03028079 church, building : sky
n03100240 convertible, car : paint
n03393912 freight car, train, wagon : sky paint
n03394916 french horn, horn
n03417042 garbage truck, truck : paint
n03425413 gas pump, pump : paint
n03445777 golf ball, ball : grass
n03617480 kimono, dress : paint
n03837869 obelisk, monument, tower : sky
n03888257 parachute, chute : sky paint
n03891332 parking meter, meter
n03992509 potter's wheel, potter
n04118538 rugby ball, rugby player, ball : grass
n04133789 sandal, shoe : paint
n04146614 school bus, bus : sky
n04275548 spider web, spider's web, cobweb, web
n04285008 sports car, car : paint
n04356056 sunglasses, glasses : pair
n04398044 teapot, pot : paint
n04399382 teddy bear, teddy, toy : paint
n04465501 tractor : sky grass
n04487081 trolleybus, bus : sky
n04507155 umbrella : paint
n07583066 guacamole, dip : mass
n07614500 ice cream, dessert : mass
n07695742 pretzel
n07715103 cauliflower, vegetable
n07720875 bell pepper, pepper, vegetable
n07734744 mushroom : grass
n07747607 orange, fruit
n07749582 lemon, fruit
n07753592 banana, fruit
n07768694 pomegranate, fruit
n07873807 pizza
n07920052 espresso, coffee, cup of coffee : paint
"""

IRREGULAR = {
    "child": "children", "foot": "feet", "goose": "geese", "man": "men", "mouse": "mice", "person": "people",
    "tooth": "teeth", "wolf": "wolves", "woman": "women", "leaf": "leaves", "knife": "knives", "potato": "potatoes",
    "tomato": "tomatoes", "buffalo": "buffaloes", "bus": "buses", "trolleybus": "trolleybuses", "monarch": "monarchs",
}  # fmt: skip
UNCHANGED = ("fish", "sheep", "deer", "bison", "moose", "glasses", "shears", "salmon", "series", "aircraft")


@dataclass(frozen=True)
class Kind:
    """Describe the things of one class.

    Args:
        nouns: nouns in the singular, the main one first.
        marks: usage marks `mass`, `pair`, `paint`, `water`, `sky`, `grass`, as in `TABLE`.
    """

    nouns: tuple[str, ...]
    marks: frozenset[str] = frozenset()


def plural(noun: str) -> str:
    """Return the plural of a noun.

    >>> [plural(noun) for noun in ("king penguin", "goldfish", "school bus", "butterfly", "cup of coffee", "goose")]
    ['king penguins', 'goldfish', 'school buses', 'butterflies', 'cups of coffee', 'geese']
    """
    head, of, rest = noun.partition(" of ")
    *before, word = head.split(" ")
    if word in IRREGULAR:
        word = IRREGULAR[word]
    elif word.endswith(UNCHANGED):
        pass
    elif word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        word = word[:-1] + "ies"
    elif word.endswith(("s", "x", "z", "ch", "sh")):
        word += "es"
    else:
        word += "s"
    return " ".join((*before, word)) + of + rest


def article(phrase: str) -> str:
    """Put `a` or `an` before a phrase, as it is spoken.

    >>> article("orange"), article("unicorn"), article("umbrella"), article("teapot")
    ('an orange', 'a unicorn', 'an umbrella', 'a teapot')
    """
    sounds_like_you = phrase.startswith(("uni", "use", "eu")) and not phrase.startswith("unin")
    vowel = phrase.startswith(("hour", "honest")) or (phrase[:1] in tuple("aeiou") and not sounds_like_you)
    return f"{'an' if vowel else 'a'} {phrase}"


def kinds(classes: Sequence[str], names: str | Path | None = None) -> list[Kind]:
    """Return the kinds shown in an ImageFolder: from `TABLE`, else from the class list `names`, else by folder name.

    Args:
        names: path of a tab-separated file with the columns `wnid` and `synonyms` (comma-separated).

    Raises:
        UserError: there is no such file.
    """
    table = {}
    for line in TABLE.strip().splitlines():
        synset, _, rest = line.partition(" ")
        nouns_text, _, marks = rest.partition(":")
        table[synset] = Kind(tuple(noun.strip() for noun in nouns_text.split(",")), frozenset(marks.split()))
    listed: dict[str, Kind] = {}
    if names is not None:
        try:
            rows = list(csv.DictReader(Path(names).read_text(encoding="utf-8").splitlines(), delimiter="\t"))
            said_of = {row["wnid"]: row["synonyms"].split(",") for row in rows}
        except (OSError, ValueError, KeyError, AttributeError, csv.Error) as error:
            raise UserError(f"names={names}: allowed is a file of tab-separated wnid and synonyms") from error
        for wnid, synonyms in said_of.items():
            # Skip Latin names: `Carassius auratus` has a capital and a second word.
            nouns = [noun.strip() for noun in synonyms]
            english = [noun.lower() for noun in nouns if noun.islower() or " " not in noun] or [nouns[0].lower()]
            listed[wnid] = Kind(tuple(english))
    return [table.get(c) or listed.get(c) or Kind((c.replace("_", " ").strip().lower(),)) for c in classes]
