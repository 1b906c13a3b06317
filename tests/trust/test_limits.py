"""The limits that the tests of this folder stand on hold themselves."""

from __future__ import annotations

import sys

import pytest
from trust.limits import Hang, attack, command_line, confined


def test_a_search_gives_its_rows():
    """A harmless search runs confined, and says what it gave."""
    ended = attack("| eval b=a+1", [{"a": 1}, {"a": 2}])
    assert (ended.error, ended.result["rows"], ended.result["first"]) == (None, 2, {"a": "1", "b": "2"})


def test_an_error_of_ours_is_told():
    """An SplError comes back by its type and its text."""
    ended = attack("| nosuchcommand")
    assert ended.error == "UnknownCommand"
    assert "nosuchcommand" in ended.message


@pytest.mark.skipif(sys.platform != "linux", reason="address-space limits")
def test_memory_is_kept():
    """What asks for more memory than allowed meets MemoryError there."""
    ended = confined("x = bytearray(400 << 20)", memory=300)
    assert ended.code == 1
    assert "MemoryError" in ended.err


def test_time_is_kept():
    """What does not end is killed, with a test that fails."""
    with pytest.raises(Hang):
        confined("while True: pass", seconds=1)


def test_the_command_line_runs_confined():
    """A command reads what it is given and tells its exit code."""
    ended = command_line("run", "| stats count", given=b'{"a": 1}\n')
    assert ended.code == 0, ended.err
    assert "1" in ended.out
