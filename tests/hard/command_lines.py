"""Command lines that nobody would type, and some that somebody might: made from a seed out of what is installed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from ppgn_core.config.keys import TOP
from ppgn_core.options import plugins
from ppgn_core.options.kinds import KINDS

TEXT = """
0 1 2 -1 3.5 1e3 1e-300 1e400 -1e400 inf nan .nan 18446744073709551616 -9223372036854775809 0x10 1_0 true no null ~
name _target_ random default uniform center max fc6 conv5 encoder classifier captioner lemon goldfish oranges
picture.jpg nowhere.png folder /dev/null / . .. ~/x pipe cut.png /proc/self/mem upconv identity clamped cpu cuda:9 meta
mps probability>0.5 step> >1 log_prob>=1e400 range(3) choice(1,2) glob(*) [] [1,2] [[1]] {} {a:1} {a:{name:alexnet}}
[a {x a] ' " 'a a'b a,b a=b # ! (1).jpg a(1) $ ${x} ${oc.env:HOME} ??? - -- % é 照片 🍊 \u202eabc
"""
SPACED = ["", "a b", "a red teapot", "a\nb", "a\tb"]
LONG = ["9" * 400, "a" * 300, "x" * 12000]
VALUES = TEXT.split() + SPACED + LONG
FLAGS_TEXT = """
--cfg job --info --resolve -m --multirun --package --hydra-help -c hydra --config-dir=nowhere --config-name=none
--config-path=x --experimental-rerun=x.pickle --help -h
"""
FLAGS = FLAGS_TEXT.split()
ODD_TEXT = """
= == a a= =a +a=1 ++a=1 ~a ~condition + ~ n_step=1 condition condition= condition.=1 .a=1 a.b.c=1 hydra.run.dir=x
hydra/launcher=0.55 hydra.mode=X hydra.sweep.dir=/ hydra/job_logging=x ~writer ~model +experiment=in_turn +writer=mp4
experiment=[] writer=[] model=null writer=null sampler=null prior=null condition=null generator=null experiment=null
condition@x=alexnet writer=grid writer=[grid,grid] without=x resume=folder out=folder/x
"""
ODD = [*ODD_TEXT.split(), ""]


def cases(seed: int, n: int) -> Iterator[list[str]]:
    """`n` command lines of `python -m ppgn_core`."""
    registry = plugins.registry()
    chance = random.Random(seed)
    options = {kind: registry.names(kind) for kind in KINDS if kind != "model"}
    keys = {
        (kind, name): [key.name for key in registry.find(kind, name).signature.keys]
        for kind, names in options.items()
        for name in names
    }
    for _ in range(n):
        line = ["n_steps=1", "n_chains=1", f"out=out{chance.randrange(3)}", "writer=[grid,trace,codes,record]"]
        chosen = {kind: chance.choice(names) for kind, names in options.items() if chance.random() < 0.4}
        chosen.pop("writer", None)
        line += [f"{kind}={name}" for kind, name in chosen.items()]
        for _ in range(chance.choice([1, 1, 2, 3])):
            line.append(_one(chance, chosen, keys, options))
        chance.shuffle(line)
        yield line


def _one(chance: random.Random, chosen: dict, keys: dict, options: dict) -> str:
    sort = chance.random()
    if sort < 0.35:
        return f"{chance.choice(list(TOP))}={chance.choice(VALUES)}"
    if sort < 0.8:
        kind = chance.choice(list(chosen) or ["condition"])
        named = keys.get((kind, chosen.get(kind, "alexnet")), [])
        key = chance.choice(named) if named and chance.random() < 0.95 else chance.choice(["nope", "name", "_target_"])
        return f"{kind}.{key}={chance.choice(VALUES)}"
    if sort < 0.86:
        kind = chance.choice(list(options))
        return f"{kind}={chance.choice([*options[kind], *VALUES])}"
    return chance.choice(ODD if sort < 0.95 else FLAGS)
