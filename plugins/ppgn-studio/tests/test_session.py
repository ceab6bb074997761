"""A session without any page: the same chains as the library's, steered while they run."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_studio import view
from ppgn_studio.limits import Limits
from ppgn_studio.session import BUILDING, FINISHED, PAUSED, RUNNING, Session
from ppgn_studio.settings import read
from ppgn_studio.turn import Turn

from ppgn_core import UserError, sample
from ppgn_core.__main__ import main
from ppgn_core.api import assembled, configured
from ppgn_core.run_folder import saved_samples

LIMITS = Limits()
TOY = ("experiment=toy",)
FEW: dict[str, Any] = {"n_chains": 3, "n_steps": 6, "save_every": 1}


def session(limits=LIMITS, base=TOY, **values):
    made = Session(read({**FEW, **values}, base, limits, {}), limits)
    assert made.wait(lambda: made.status != BUILDING and bool(made.history.frames or made.error))
    return made


def finished(made):
    assert made.wait(lambda: made.status == FINISHED), made.error
    return made


def at_step(made, step):
    assert made.wait(lambda: made.step >= step), made.error
    return made


def test_a_session_draws_what_the_library_draws():
    made = finished(session())
    assert made.history.held() == list(range(7)) and made.step == 6
    assert torch.equal(made.history.last.state.h, sample(*TOY, **FEW).codes)


def test_the_numbers_are_those_of_the_trace():
    made, trace = finished(session()), sample(*TOY, **FEW).trace
    assert made.history.steps == trace.step.tolist()
    for name in ("log_prob", "prior_norm", "condition_norm"):
        ours = torch.tensor([row[name] for row in made.history.rows])
        assert torch.allclose(ours, getattr(trace, name), equal_nan=True)


def test_weights_moved_while_it_runs_hold_from_the_next_step_on():
    made = session(n_steps=2000)
    made.pause()
    made.move(epsilon1=0.5, epsilon2=0.25)
    made.move(epsilon3=0.0, **{"sampler.step_size": 0.5})
    step = made.step
    made.go_on()
    at_step(made, step + 1)
    made.pause()
    first, second = made.history.frames[step : step + 2]
    delta = 0.5 * first.state.prior_score + 0.25 * first.state.condition_score
    assert torch.allclose(second.state.h, first.state.h + 0.5 * delta)
    (move,) = made.moves
    assert (move.step, len(move.keys)) == (step, 4)
    made.close()


def test_guidance_moved_in_the_noise_holds_from_the_next_step_on_and_epsilon_does_not():
    made = session(base=(*TOY, "sampler=annealed", "sampler.steps=1500", "sampler.bound=1e6"), n_steps=2000)
    at_step(made, 1)
    made.pause()
    made.move(epsilon2=0.25, **{"sampler.guidance": 7.0, "sampler.step_size": 0.5})
    step = made.step
    made.go_on()
    at_step(made, step + 1)
    made.pause()
    first, second = made.history.frames[step : step + 2]
    sigma, after = (made.chains.sampler.sigma_at(step + k) for k in (0, 1))
    delta = sigma**2 * (first.state.prior_score + 7 * first.state.condition_score)
    assert torch.allclose(second.state.h, first.state.h + (1 - after / sigma) * delta)
    assert "until step 1501 only guidance counts" in view.status(made)
    made.close()


def test_the_status_tells_of_guidance_until_the_noise_ends():
    made = session(base=(*TOY, "sampler=annealed", "sampler.steps=3"), n_steps=4)
    assert "guidance" not in view.status(finished(made))
    short = finished(session(base=(*TOY, "sampler=annealed", "sampler.steps=3"), n_steps=3))
    assert "until step 4 only guidance counts" in view.status(short)
    assert "guidance" not in view.status(finished(session()))


def test_a_paused_session_waits_and_goes_on():
    made = session(n_steps=2000)
    made.pause()
    assert made.status == PAUSED
    made.wait(lambda: False, 0.05)  # the step that was being computed
    here = made.step
    assert not made.wait(lambda: made.step > here, 0.2)
    made.go_on()
    assert at_step(made, here + 3).status == RUNNING
    made.close()


def test_a_finished_session_may_take_more_steps():
    made = finished(session())
    made.move(n_steps=8)
    assert made.wait(lambda: made.status == FINISHED and made.step == 8)
    assert torch.equal(made.history.last.state.h, sample(*TOY, **{**FEW, "n_steps": 8}).codes)


def test_a_branch_goes_on_from_an_earlier_frame_and_can_be_undone():
    made = finished(session())
    whole = made.history
    made.branch(2)
    finished(made)
    assert torch.equal(made.history.last.state.h, whole.last.state.h) and made.moves == []
    made.branch(2, chain=1)
    finished(made)
    assert all(torch.equal(h, whole.frames[2].state.h[1]) for h in made.history.frames[2].state.h)
    assert made.history.rows[2]["log_prob"] == [whole.rows[2]["log_prob"][1]] * 3
    assert not torch.equal(made.history.last.state.h[0], made.history.last.state.h[1])
    made.back()
    assert torch.equal(made.history.last.state.h, whole.last.state.h) and made.moves == []


def test_old_frames_make_room():
    frames = session(n_chains=1, n_steps=2000)
    size = sum(v.numel() * 4 for v in vars(frames.history.last.state).values() if isinstance(v, torch.Tensor))
    frames.close()
    made = session(Limits(history=20 * size), n_chains=1, n_steps=100)
    held = finished(made).history.held()
    assert len(held) <= 20 and held[0] == 0 and held[-1] == 100 and len(made.history.rows) == 101
    made.branch(held[5])
    assert finished(made).step == 100
    with pytest.raises(UserError, match=r"^step=1: there is no frame of it; allowed are 0, "):
        made.branch(1)


def test_what_is_saved_is_a_run_folder_without_the_discarded_chains(tmp_path):
    made = finished(session())
    made.discard([1])
    folder = made.save(tmp_path / "run")
    assert {path.name for path in folder.iterdir()} >= {"run.json", "grid.png", "trace.jsonl", "codes.safetensors"}
    assert {(chain, step) for chain, step, _ in saved_samples(folder / "samples")} == {
        (chain, step) for chain in (0, 2) for step in range(7)
    }
    with pytest.raises(UserError, match="already holds a run"):
        made.save(tmp_path / "run")
    made.discard([0, 1, 2])
    with pytest.raises(UserError, match="every chain is discarded"):
        made.save(tmp_path / "none")


def test_the_command_line_and_the_python_make_it_again(tmp_path):
    made = finished(session(seed=3))
    assert main([*shlex.split(made.command())[3:], f"out={tmp_path / 'again'}"]) == 0
    made.save(tmp_path / "run")
    ours, theirs = ((tmp_path / name / "codes.safetensors").read_bytes() for name in ("run", "again"))
    assert ours == theirs
    names: dict = {}
    exec(made.python(), names)
    assert torch.equal(names["result"].codes, made.history.last.state.h)


def test_what_was_moved_by_hand_is_said_and_repeated(tmp_path):
    made = finished(session())
    made.branch(3, chain=2)
    made.move(epsilon2=0.5)
    finished(made)
    assert made.command().startswith("# moved by hand, which a command line cannot repeat")
    names: dict = {}
    exec(made.python(), names)
    assert torch.equal(names["last"].state.h, made.history.last.state.h)
    record = json.loads((made.save(tmp_path / "run") / "run.json").read_text())
    assert record["moves"][0]["chains"] == [2, 2, 2]


def test_a_component_that_fails_is_told_of_in_a_line():
    made = session(epsilon1=-1.0)
    assert made.wait(lambda: made.status == "failed")
    assert made.error == "epsilon1=-1.0: must be a number from 0"
    with pytest.raises(UserError, match="the chains have not begun: epsilon1"):
        made.save(Path("nowhere"))


def test_too_many_pixels_are_refused():
    made = session(Limits(values=1000))
    assert made.wait(lambda: made.status == "failed") and "values of pictures are too many" in made.error


def test_sessions_take_turns():
    turn, made = Turn(), []
    for _ in range(4):
        made.append(Session(read({**FEW, "n_steps": 2000}, TOY, LIMITS, {}), LIMITS, turn))
    for one in made:
        at_step(one, 20)
    steps = [one.step for one in made]
    for one in made:
        one.close()
    assert max(steps) <= 20 + 20 * 4  # the first has not run away while the last waited


def test_a_closed_session_frees_what_it_held():
    made = session(n_steps=2000)
    made.close()
    made._thread.join(10)
    assert not made._thread.is_alive() and made.history.frames == [] and made.chains is None


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"prior": "nobody"}, "prior=nobody: allowed are blur, "),
        ({"prior": ["gaussian"]}, "prior="),
        ({"out": "/tmp/x"}, "out: no such key"),
        ({"init": "/etc/passwd"}, "init: no such key"),
        ({"writer.grid.gap": 3}, "writer.grid.gap: no such key"),
        ({"n_chains": 10_000}, "n_chains=10000: must be a whole number from 1 to 16"),
        ({"n_steps": True}, "n_steps=true: must be a whole number"),
        ({"epsilon2": "1"}, "epsilon2=1: must be a number"),
        ({"condition.nothing": 1}, "condition.nothing: no such key of condition=toy_colour"),
        ({"condition": "lrcn", "condition.text": "${oc.env:HOME}"}, "condition.text=${oc.env:HOME}: a file is named"),
        ({"condition": "lrcn", "condition.text": "../../x"}, "condition.text=../../x: a file is named"),
        ({"condition": "lrcn", "condition.text": "a\x00b"}, "condition.text=a\\x00b: allowed is printable text"),
        ({"condition": "lrcn", "condition.text": "a" * 10_000}, "condition.text="),
        ({"condition": "scores", "condition.folder": "x"}, "condition.folder: no such key of condition=scores"),
        ({"condition": "product", "condition.terms": "x"}, "condition.terms: no such key of condition=product"),
        ({"condition.rgb": {"a": 1}}, "condition.rgb={'a': 1}: allowed are numbers, text, true and false"),
    ],
)
def test_hostile_values(values, told):
    with pytest.raises(UserError) as error:
        read(values, TOY, LIMITS, {})
    assert str(error.value).startswith(told) and "\n" not in str(error.value)


def test_what_is_as_before_is_not_said():
    first = configured(*TOY)
    values = {key: first[key] for key in ("n_steps", "seed", "epsilon1", "epsilon2")}
    values |= {"sampler.step_size": 1.0, "condition": "toy_colour", "condition.sigma": 0.05, "n_chains": 2}
    assert read(values, TOY, LIMITS, {}).keys == {"n_chains": 2}


def test_a_file_that_the_command_line_named_is_no_file_of_the_pages():
    base = ("condition=torchvision", "condition.weights=/a/w.pt")
    assert read({"condition.weights": "/a/w.pt", "condition.target": "lemon"}, base, LIMITS, {}).keys == {
        "condition.target": "lemon"
    }
    with pytest.raises(UserError, match=r"^condition\.weights=/b/w\.pt: a file is named on the studio's command line"):
        read({"condition.weights": "/b/w.pt"}, base, LIMITS, {})


def test_values_of_every_kind_reach_the_component():
    settings = read({"condition.rgb": "[1, 0, 0]", "condition.sigma": 0.5, "epsilon1": 2}, TOY, LIMITS, {})
    config = assembled(*settings.base, **settings.keys).config
    assert config.condition.rgb == [1, 0, 0] and config.condition.sigma == 0.5 and config.epsilon1 == 2
