"""The condition `alexnet` asks for pictures of a class of a network of the AlexNet family."""

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from ppgn_core import blame
from ppgn_core.clock import Clock, Schedule
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels, Model
from ppgn_core.noise import ChainNoise
from ppgn_core.pictures import load_pictures

# signatures repeat it in full, as they are read without running the module
Gradient = Literal["log_softmax", "softmax", "logit", "target_logit"]


def objective(logits: Tensor, unit: int, gradient: Gradient) -> Tensor:
    """Return log p(unit) `(B,)` from logits `(B, n)`, but with the gradient of the objective that `gradient` names.

    Table S2: `logit` l_y; `softmax` p_y; `log_softmax` log p_y, which Eq. 11 requires. `target_logit`, used by the
    original release, is the part of ∂ log p_y that goes through the target's own logit, (1 − p_y) · ∂l_y.
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
    """Ask for a class: log p(y = class | x), the softmax of a classifier (section 2.1, Eq. 11).

    Args:
        model: bundle with the network of role `classifier` and its labels.
        target: the class: its index, one of its names or its synset id; `init` for the class that the network predicts
            for the picture `init`; a list for several classes in turn, `switch_every` steps each.
        gradient: objective whose gradient is climbed, see `objective`.
        classifier: role of the network.
        shift: largest random shift of the network's input, in pixels, new at every step (`ppgn_core.views`); 0 for the
            picture as it is, null for the value that suits the model's network.

    Raises:
        UserError: there is no such class, `shift` is out of its range, or the network is not a classifier.
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
        self.classes = labels = model.classes(classifier, "condition.classifier")
        targets = target if isinstance(target, list) else [target]
        chosen = [self._named(model, labels, init) if one == "init" else labels.find(one) for one in targets]
        self.remarks = [
            f"condition.target=init: {one}" for one, named in zip(chosen, targets, strict=True) if named == "init"
        ]
        clock = clock or Clock()
        self.labels = Schedule(chosen, clock, switch_every, n_steps, "condition.target")
        self.views = model.views(classifier, shift, noise, clock)

    def _named(self, model: Model, labels: Labels, init: str | None) -> Label:
        if init is None:
            raise UserError("condition.target=init: there is no picture; give init=PATH, or name a class")
        picture = load_pictures(init, model.image_size, "init", at_most=1).to(model.device)
        return labels[int(self._logits(picture).argmax())]

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(y | x), `(B, 3, H, W)` → `(B,)`."""
        return objective(self._logits(self.views(x)), self.labels.now.index, self.gradient)

    def _logits(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)
        shape = (len(x), len(self.classes))
        blame.check_tensor(self.network, "forward", logits, x, shape, "one logit for each class,")
        return logits

    def probability(self, log_prob: Tensor) -> Tensor:
        """Return p(y | x)."""
        return log_prob.exp()
