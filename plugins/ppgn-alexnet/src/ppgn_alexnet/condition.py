"""The condition `alexnet`: pictures of a class that a network of the AlexNet family tells apart."""

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from ppgn_core.clock import Clock, Schedule
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels, Model
from ppgn_core.noise import ChainNoise
from ppgn_core.pictures import load_pictures

# written out in signatures, which are read without running the module
Gradient = Literal["log_softmax", "softmax", "logit", "target_logit"]


def objective(logits: Tensor, unit: int, gradient: Gradient) -> Tensor:
    """log p(unit) `(B,)` of logits `(B, n)` in value, with the gradient of what `gradient` names.

    Table S2: `logit` l_y; `softmax` p_y; `log_softmax` log p_y, the one that Eq. 11 asks for. `target_logit` is the
    original release's: of ∂ log p_y only the part that goes through the target's own logit, (1 − p_y) · ∂l_y.
    """
    log_p = F.log_softmax(logits, 1)[:, unit]
    if gradient == "log_softmax":
        return log_p
    own = logits[:, unit]
    climbed = {
        "softmax": lambda: log_p.exp(),
        "logit": lambda: own,
        "target_logit": lambda: (1 - log_p.detach().exp()) * own,
    }[gradient]()
    return log_p.detach() + climbed - climbed.detach()


class ClassCondition:
    """log p(y = class | x), the softmax of a classifier (section 2.1, Eq. 11).

    Args:
        model: with a network of role `classifier` and its labels.
        target: the class: its index, one of its names or its synset id; `init` for the one that the network names in
            the picture `init`; a list for one class after another, `switch_every` steps each.
        gradient: what is climbed, see `objective`.
        classifier: role of the network.
        shift: pixels that the network sees the picture moved by at most, at every step anew (`ppgn_core.views`); 0 for
            the picture as it is, null for what suits the model's network.

    Raises:
        UserError: no such class, `shift` is out of its range, or that network tells none apart.
    """

    def __init__(
        self,
        model: Model,
        target: int | str | list[int | str] = "goldfish",
        gradient: Literal["log_softmax", "softmax", "logit", "target_logit"] = "log_softmax",
        classifier: str = "classifier",
        shift: int | None = None,
        noise: ChainNoise | None = None,
        clock: Clock | None = None,
        switch_every: int = 200,
        n_steps: int = 200,
        init: str | None = None,
    ) -> None:
        self.network = model.network(classifier, key="condition.classifier")
        self.gradient = gradient
        labels = model.classes(classifier, "condition.classifier")
        targets = target if isinstance(target, list) else [target]
        chosen = [self._named(model, labels, init) if one == "init" else labels.find(one) for one in targets]
        clock = clock or Clock()
        self.labels = Schedule(chosen, clock, switch_every, n_steps, "condition.target")
        self.views = model.views(classifier, shift, noise, clock)

    def _named(self, model: Model, labels: Labels, init: str | None) -> Label:
        if init is None:
            raise UserError("condition.target=init: there is no picture; give init=PATH, or name a class")
        picture = load_pictures(init, model.image_size, "init", at_most=1).to(model.device)
        return labels[int(self.network(picture).argmax())]

    def log_prob(self, x: Tensor) -> Tensor:
        """`(B, 3, H, W)` → `(B,)`."""
        return objective(self.network(self.views(x)), self.labels.now.index, self.gradient)

    def probability(self, log_prob: Tensor) -> Tensor:
        """p(y | x)."""
        return log_prob.exp()
