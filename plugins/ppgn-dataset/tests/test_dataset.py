"""A data set is the same however often, wherever and by how many processes it is made."""

from __future__ import annotations

import collections
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import webdataset
from PIL import Image
from ppgn_dataset.recipe import Recipe, batches, shards
from torchvision.datasets import ImageFolder

from ppgn_core import UserError, sample
from ppgn_core.api import command_line, perform
from ppgn_core.images import to_uint8

PPGN = (sys.executable, "-c", "import sys; from ppgn_core.command.main import main; sys.exit(main())", "dataset")
TOY = ("experiment=toy", "classes=null", "n_chains=4", "per_shard=8", "n_steps=3")
LONG = ("experiment=toy", "classes=null", "n_chains=8", "per_shard=8", "n_steps=150", "per_class=32")
MINI = ("classes=lemon,3", "per_class=3", "n_chains=2", "per_shard=4", "n_steps=2")


def made(out: Path, *more: str, toy: tuple[str, ...] = TOY) -> Path:
    perform("dataset", f"out={out}", *toy, *more)
    return out


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def started(out: Path, *keys: str) -> subprocess.Popen:
    command = [*PPGN, f"out={out}", *keys]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:  # it has just ended
            continue
    return found


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Path:
    """A data set of 20 samples in three shards."""
    return made(tmp_path_factory.mktemp("toy") / "set", "per_class=20")


@pytest.fixture(scope="module")
def mini(tmp_path_factory) -> Path:
    """Samples of two classes of mini."""
    return made(tmp_path_factory.mktemp("mini") / "set", toy=MINI)


def test_the_index_says_what_is_there(toy):
    index = json.loads((toy / "index.json").read_text())
    assert [one["nsamples"] for one in index["shardlist"]] == [8, 8, 4] and index["samples"] == 20
    for one in index["shardlist"]:
        with tarfile.open(toy / one["url"]) as tar:
            assert len(tar.getnames()) == 3 * one["nsamples"]
            assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in tar} == {(0, 0, 0, "", 0o644)}
        assert one["filesize"] == (toy / one["url"]).stat().st_size
    sums = [(toy / "shard-000000.sha256").name, (toy / "shard-000002.sha256").name]
    subprocess.run(["sha256sum", "--check", "--status", *sums], cwd=toy, check=True)
    assert index["recipe"] == json.loads((toy / "recipe.json").read_text())
    parts = [f"shard-00000{k}.{end}" for k in range(3) for end in ("sha256", "tar")]
    assert sorted(path.name for path in toy.iterdir()) == [".lock", "index.json", "recipe.json", *parts]


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_whoever_is_killed_the_shards_are_the_same(tmp_path, kills):
    """Workers and whole commands are killed at random moments, `kills` times; those that are not make the rest."""
    whole, chance = contents(made(tmp_path / "whole", toy=LONG)), random.Random(37)
    killed = rounds = 0
    while killed < kills:
        out, rounds = tmp_path / f"killed{rounds}", rounds + 1
        command = started(out, *LONG, "workers=2")
        while killed < kills and command.poll() is None:
            time.sleep(chance.uniform(0, 8))
            if command.poll() is not None:
                break
            workers = children(command.pid)
            if workers and chance.random() < 0.8:
                os.kill(chance.choice(workers), signal.SIGKILL)
            else:  # its workers end when they notice
                command.kill()
                command.communicate()
                command = started(out, *LONG, "workers=2")
            killed += 1
        said = command.communicate()
        assert command.returncode == 0, said
        assert contents(out) == whole
    print(f"{killed} kills, {rounds} data sets")


@pytest.mark.long
def test_two_commands_share_the_work(mini, tmp_path):
    commands = [started(tmp_path / "set", *MINI) for _ in range(2)]
    said = [command.communicate() for command in commands]
    assert [command.returncode for command in commands] == [0, 0], said
    assert contents(tmp_path / "set") == contents(mini)


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_sigterm_keeps_what_is_finished(tmp_path):
    command = started(tmp_path / "set", *LONG, "workers=2", "n_steps=100000000")
    while not (tmp_path / "set" / ".lock").exists() or len(children(command.pid)) < 2:
        time.sleep(0.05)
        assert command.poll() is None, command.communicate()
    workers = children(command.pid)
    time.sleep(1)
    command.terminate()
    assert "interrupted; what was finished is kept" in command.communicate(timeout=600)[1]
    assert command.returncode == 130
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    assert {path.name for path in (tmp_path / "set").iterdir()} == {".lock", "recipe.json"}


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone", "checksum"])
def test_a_damaged_shard_is_made_again(toy, tmp_path, capsys, harm):
    out = tmp_path / "set"
    out.mkdir()
    whole = contents(toy)
    for name, data in whole.items():
        (out / name).write_bytes(data)
    shard = out / "shard-000001.tar"
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    {
        "flipped": lambda: shard.write_bytes(damaged),
        "cut": lambda: shard.write_bytes(damaged[:-512]),
        "gone": shard.unlink,
        "checksum": lambda: (out / "shard-000001.sha256").write_text("\0"),
    }[harm]()
    before = (out / "shard-000000.tar").stat().st_mtime_ns
    made(out, "per_class=20")
    assert contents(out) == whole
    assert (out / "shard-000000.tar").stat().st_mtime_ns == before
    assert capsys.readouterr().out.count("is made again") == 1


def test_finished_work_is_not_done_again(toy):
    before = {path: path.stat().st_mtime_ns for path in toy.iterdir()}
    made(toy, "per_class=20", "workers=2")
    assert {path: path.stat().st_mtime_ns for path in toy.iterdir()} == before


def test_webdataset_reads_it(mini):
    urls = str(mini / "shard-{000000..000001}.tar")
    seen = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False).decode("rgb8"))
    assert [one["cls"] for one in seen] == [59, 59, 3, 3, 59, 3]
    assert all(one["png"].shape == (64, 64, 3) for one in seen)
    facts = [one["json"] for one in seen]
    assert [one["label"] for one in facts] == ["lemon", "lemon", "koala", "koala", "lemon", "koala"]
    assert len({(one["seed"], one["chain"]) for one in facts}) == 6
    assert len({one["png"].tobytes() for one in seen}) == 6
    for one in facts:
        assert one["step"] == 2 and one["probability"] == pytest.approx(np.exp(one["log_prob"]), rel=1e-4)


def test_a_sample_can_be_drawn_again(mini):
    (one,) = [s for s in webdataset.WebDataset(str(mini / "shard-000001.tar"), shardshuffle=False) if s["cls"] == b"3"]
    facts = json.loads(one["json"])
    threads = torch.get_num_threads()
    torch.set_num_threads(facts["recipe"]["threads"])
    result = sample(*facts["recipe"]["overrides"])
    torch.set_num_threads(threads)
    with tarfile.open(mini / "shard-000001.tar") as tar:
        file = tar.extractfile(f"{one['__key__']}.png")
        assert file is not None and np.array_equal(
            np.asarray(Image.open(file)), to_uint8(result.images)[facts["chain"]]
        )


def test_unpacked_it_is_an_image_folder(mini, tmp_path):
    for shard in mini.glob("*.tar"):
        with tarfile.open(shard) as tar:
            tar.extractall(tmp_path / "folders", filter="data")
    folder = ImageFolder(str(tmp_path / "folders"))
    assert folder.classes == ["00003_koala", "00059_lemon"]
    assert collections.Counter(folder.targets) == {0: 3, 1: 3}


def test_captions(tmp_path):
    keys = ("captions=[oranges,a red teapot]", "per_class=1", "n_steps=1", "format=jpg")
    out = made(tmp_path / "set", toy=keys)
    seen = list(webdataset.WebDataset(str(out / "shard-000000.tar"), shardshuffle=False).decode("pil"))
    assert [(one["cls"], one["json"]["caption"]) for one in seen] == [(0, "oranges"), (1, "a red teapot")]
    assert [one["jpg"].size for one in seen] == [(64, 64)] * 2


def test_samples_that_keep_leaves_out_are_missing(toy, tmp_path, capsys):
    data = webdataset.WebDataset(str(toy / "shard-{000000..000002}.tar"), shardshuffle=False).decode()
    numbers = {one["__key__"]: one["json"]["log_prob"] for one in data}
    least = sorted(numbers.values())[14]
    out = made(tmp_path / "set", "per_class=20", f"keep=log_prob>={least}")
    assert "6 samples in 3 shards" in (said := capsys.readouterr().out) and "14 more are missing" in said
    data = webdataset.WebDataset(str(out / "shard-{000000..000002}.tar"), shardshuffle=False, empty_check=False)
    assert {one["__key__"] for one in data} == {key for key, value in numbers.items() if value >= least}


def test_batches_have_seeds_of_their_own_and_shards_have_many_classes():
    def recipe(seed: int, per_class: int = 50) -> Recipe:
        classes = [{"index": k, "label": str(k), "asked": k} for k in range(64)]
        return Recipe("condition.target", classes, per_class, 16, 256, seed, "png", 1, [], {}, {})

    every = [batch for seed in (0, 1) for batch in batches(recipe(seed))]
    assert len({batch.seed for batch in every}) == len(every) == 2 * 4 * 64
    plan = shards(recipe(0))
    samples = [batch.first + k for shard in plan for batch in shard for k in range(batch.size)]
    assert samples == list(range(64 * 50))
    assert max(sum(batch.size for batch in shard) for shard in plan) <= 256
    assert min(len({batch.asked for batch in shard}) for shard in plan[:-1]) >= 16
    assert [batch.size for batch in batches(recipe(0, 3))] == [3] * 64


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["classes=lemon,loin"], "classes=loin: no such class; "),
        (["classes=[64]"], "classes=64: allowed are 0 to 63"),
        (["classes=[]"], "classes=[]: "),
        (["classes=lemon", "captions=oranges"], "captions=['oranges']: allowed are classes or captions"),
        (["captions=[oranges,a zyxw]"], "zyxw"),
        (["captions=[oranges,oranges]"], "each once"),
        (["classes=all", "experiment=toy"], "classes: this condition has none; allowed are"),
        (["writer=grid"], "writer: a data set takes none"),
        (["captions=[]"], "captions=[]: allowed are one or more"),
        (["condition=lrcn"], "classes: this condition has none"),
        (["captions=oranges", "condition=alexnet"], "captions: this condition has none"),
        (["condition.target=lemon"], "condition.target: a data set takes none; give classes or captions"),
        (["n_chains=8", "per_shard=4"], "per_shard=4: allowed are n_chains=8 or more"),
        (["n_steps=0"], "n_steps=0"),
        (["per_class=0"], "per_class=0"),
        (["format=bmp"], "format=bmp: allowed are png, jpg"),
        (["prior=none", "hasty=1"], "hasty"),
    ],
)
def test_what_is_not_allowed_is_told_in_a_line(tmp_path, capsys, keys, told):
    assert command_line("dataset", [f"out={tmp_path / 'set'}", *keys]) == 2
    err = capsys.readouterr().err
    assert told in err and err.startswith("ppgn dataset: ") and err.count("\n") == 1
    assert not (tmp_path / "set").exists()


def test_another_data_set_is_not_overwritten(toy):
    before = contents(toy)
    for keys, told in (
        (["per_class=24"], "another data set (per_class=20 there, 24 here); allowed is another folder"),
        (["per_class=20", "seed=1"], "seed=0 there, 1 here"),
        (["per_class=20", "epsilon1=0.01"], "overrides=.* there, .* here"),
    ):
        with pytest.raises(UserError, match=told.replace("(", r"\(").replace(")", r"\)")):
            made(toy, *keys)
    assert contents(toy) == before


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(UserError, match=r"it holds other files \(thesis.tex\)"):
        made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on files")
def test_without_room_it_says_so_and_leaves_nothing_half_written(tmp_path, capsys):
    """A limit on the size of files fails as a full disk does: in the middle of a write."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9000, before[1]))
    try:
        code = command_line("dataset", [f"out={tmp_path / 'set'}", "per_class=4", *TOY])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    err = capsys.readouterr().err
    assert code == 2 and err.count("\n") == 1
    assert f"out={tmp_path / 'set'}: File too large; what was finished is kept" in err
    assert {path.name for path in (tmp_path / "set").iterdir()} == {".lock", "recipe.json"}
    assert contents(made(tmp_path / "set", "per_class=4")) == contents(made(tmp_path / "whole", "per_class=4"))


@pytest.mark.skipif(os.name != "posix", reason="needs locks")
def test_a_lock_keeps_others_away_and_ends_with_its_process(tmp_path):
    from ppgn_dataset.locks import Locks

    code = f"""
import sys, time
from pathlib import Path
from ppgn_dataset.locks import Locks
with Locks(Path({str(tmp_path)!r})).held(3) as mine:
    print(mine, flush=True)
    time.sleep(600)
"""
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline() == "True\n"
    locks = Locks(tmp_path)
    with locks.held(3) as mine, locks.held(4) as next_one:
        assert not mine and next_one
    other.kill()
    other.wait()
    with locks.held(3) as mine:
        assert mine
    locks.close()
