"""Provide recipes that train the networks: `ppgn train NAME data=DIR`."""

from collections.abc import Callable

from ppgn_core import Register, hookimpl

GIVEN = ("fabric", "data", "seed", "model")
"""Parameters that the training passes to a recipe; all others are config keys."""

EXAMPLE = """ppgn experiment=toy writer=samples out=photographs/train/discs
ppgn experiment=toy writer=samples seed=1 out=photographs/val/discs
ppgn train NAME data=photographs images=2000 # look at training/NAME/picture_000002000.png"""
"""Pictures that the toy model draws stand for photographs, so that nothing has to be fetched."""


@hookimpl
def register_kinds(register: Callable[..., None]) -> None:
    doc = "trainings of networks: factories of `ppgn_train.loop.Recipe`"
    check = "ppgn_train.testing:check_recipe"
    register("recipe", doc, GIVEN, template="ppgn_train.template", check=check, example=EXAMPLE)


@hookimpl
def register_recipes(register: Register) -> None:
    register("encoder", "ppgn_train.encoder:EncoderRecipe")
    register("classifier", "ppgn_train.classifier:ClassifierRecipe")
    register("generator", "ppgn_train.generator:GeneratorRecipe")
    register("generator_joint", "ppgn_train.generator_joint:JointGeneratorRecipe")
    register("captioner", "ppgn_train.captioner:CaptionerRecipe")
    register("dae_x", "ppgn_train.dae:ImageDAERecipe")
    register("dae_h", "ppgn_train.dae:CodeDAERecipe")
    register("score_h", "ppgn_train.score:ScoreRecipe")
    register("patches", "ppgn_train.patches:PatchesRecipe")


@hookimpl
def register_commands(register: Register) -> None:
    register("train", "ppgn_train.command:train")
