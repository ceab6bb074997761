"""Classes are found by every spelling that their list has, and a name of several is refused."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from torchvision.models import AlexNet_Weights

from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels

ODD = [
    "snake_case",
    "snake case",
    "7",
    "007",
    "1e3",
    "1_000",
    "null",
    "true",
    "Null Island",
    "crème brûlée",
    "Straße",
    "jack-o'-lantern",
    "a/c (outdoor), no. 5",
    "-1",
    "²",
    "日本",
    "two  spaces",
    "Tab\there",
    "#hash",
    "İstanbul",
]


@pytest.mark.parametrize("names", [ODD, AlexNet_Weights.IMAGENET1K_V1.meta["categories"]], ids=["odd", "ImageNet"])
def test_every_name_finds_its_own_class_however_its_accents_are_written(names: list[str]) -> None:
    labels = Labels.named(names)
    for i, name in enumerate(names):
        found = [j for j, other in enumerate(names) if other == name]
        if found == [i]:
            assert labels.find(name).index == i
            assert labels.find(unicodedata.normalize("NFD", name)).index == i
            assert labels.find(f" {name}\n").index == i


def test_case_and_underscores_do_not_matter_where_the_list_tells_nothing_apart_by_them() -> None:
    labels = Labels.named(["School Bus", "Cardigan", "cardigan", "STRASSE"])
    assert [labels.find(name).index for name in ("school_bus", "SCHOOL BUS", "Cardigan", "cardigan", "straße")] == [
        *(0, 0, 1, 2, 3)
    ]
    with pytest.raises(UserError, match=r"condition.target=CARDIGAN: 2 classes have that name.*1 \(Cardigan\), 2 \(c"):
        labels.find("CARDIGAN")


def test_a_name_of_several_classes_is_refused_with_their_indices() -> None:
    labels = Labels([Label(0, "n1", ("crane",)), Label(1, "n2", ("crane", "derrick")), Label(2, "n3", ("maillot",))])
    with pytest.raises(
        UserError, match=r"judge.among=crane: 2 .*by its index or synset id: 0 \(n1, crane\), 1 \(n2, cr"
    ):
        labels.find("crane", "judge.among")
    assert labels.find("derrick") is labels.find("crane, derrick") is labels.find("n2") is labels.find(1) is labels[1]


def test_digits_are_a_name_where_the_list_has_it_and_else_an_index() -> None:
    labels = Labels.named(["3", "1", "four"])
    assert [labels.find(target).index for target in ("3", 1, 2, "2", "0")] == [0, 1, 2, 2, 0]
    for wrong in (-1, 4, "9" * 5000, "²", "٣", "1_0"):
        with pytest.raises(UserError, match=r"condition.target="):
            labels.find(wrong)


def test_what_yaml_made_of_a_name() -> None:
    labels = Labels.named(ODD)
    for value, name in ((1e3, "1e3"), (None, "null"), (True, "true"), (7, "7")):
        assert labels.find(value).names == (name,)  # type: ignore[arg-type]
    for wrong in (float("nan"), 2.5, [1], {"a": 1}):
        with pytest.raises(UserError, match=r"condition.target="):
            labels.find(wrong)  # type: ignore[arg-type]


def test_the_nearest_are_told_in_a_short_line() -> None:
    labels = Labels.named(["School Bus", "goldfish"])
    with pytest.raises(UserError, match="no such class; nearest: School Bus"):
        labels.find("scool bus")
    for odd in ("", "x" * 10**6, "\0\n", "🍊"):
        with pytest.raises(UserError, match="no such class") as error:
            labels.find(odd)
        assert len(str(error.value)) < 400 and str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("n1 goldfish\n", "line 1: 1 columns"),
        ("n1\tgoldfish\nn2\tlemon\tlime\n", "line 2: 3 columns"),
        ("n1\tgoldfish, \n", "line 1: a name is empty"),
        ('n1\t"goldfish\n', "line 1: unexpected end"),
        (f"n1\t{'x' * 200_000}\n", "line 1: field larger"),
        ("\0\0\0", "not a text file"),
        (None, "No such file"),
    ],
)
def test_a_damaged_list(tmp_path: Path, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / "classes.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=f"model.folder=.*classes.tsv: {told}"):
        Labels.read(tmp_path / "classes.tsv", "model.folder")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_list_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "classes.tsv").write_text("n1\tcrème, café\r\n\tlemon\r\n", encoding=encoding, newline="")
    labels = Labels.read(tmp_path / "classes.tsv")
    assert [label.names for label in labels] == [("crème", "café"), ("lemon",)]
    assert labels[1].synset == "" and labels.find("CAFÉ") is labels[0]


def test_many_classes_without_a_synset():
    """Each is compared with its namesakes alone: with all the others, this would take minutes."""
    labels = Labels.named(f"class {i % 19_999}" for i in range(20_000))
    assert labels.find("class 8999").index == 8999 and labels.find(17).index == 17
    with pytest.raises(UserError, match="2 classes have that name"):
        labels.find("class 0")


def test_a_word_of_another_kind_names_what_it_is_related_to():
    labels = Labels([Label(0, "n02099601", ("golden retriever",)), Label(1, "n07749582", ("lemon",))])
    with pytest.raises(UserError, match=r"target=dog: no such class; by WordNet these are related: golden retriever$"):
        labels.find("dog")
    with pytest.raises(UserError, match=r"; `ppgn -m condition.target=lemon,golden_retriever` makes a run of each$"):
        labels.find("lemon,golden_retriever")
