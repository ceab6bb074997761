"""Components that change with the step."""

import pytest

from ppgn_core.clock import Clock, Schedule
from ppgn_core.errors import UserError


def test_values_take_turns_and_the_last_stays():
    clock = Clock()
    turn = Schedule("abc", clock, switch_every=3, n_steps=7, key="condition.target")
    seen = ""
    for clock.step in range(12):
        seen += turn.now
    assert seen == "aaabbbcccccc"


def test_a_run_too_short_for_all_of_them():
    with pytest.raises(UserError, match=r"n_steps=6: condition.target has 3 values.*allowed is 7 and more"):
        Schedule("abc", Clock(), switch_every=3, n_steps=6, key="condition.target")


def test_none():
    with pytest.raises(UserError, match=r"condition.target=\[\]"):
        Schedule([], Clock(), 3, 6, "condition.target")
