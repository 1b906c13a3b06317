"""Files that are written whole or not at all, one process at a time, whatever their name is and whoever ends the
process meanwhile.

A file is made beside the one that it replaces and put in its place when it is complete. Its name says that it is ours
and not finished: what a process that was killed left behind goes with the next write, which holds the lock of the
folder and so is the only one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from splmini.errors import KnowledgeError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = ".splmini.lock"
_PREFIX, _SUFFIX = ".splmini-", ".tmp"
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(?:[.:].*)?\Z", re.IGNORECASE)
MOST_NAME = 255
"""Bytes that the name of a file may have: what every file system that is in use takes."""


def check_name(name: str) -> None:
    """Refuse what is no name of a file in a folder, on any system: a run that writes gives the same everywhere.

    Raises:
        KnowledgeError: for separators, `..`, names of devices, names that are too long or cannot be encoded.

    >>> check_name("table.csv")
    """
    problem = _problem(name)
    if problem is not None:
        shown = name if len(name) <= 80 else f"{name[:79]}…"
        shown = shown.encode("utf-8", "backslashreplace").decode()
        raise KnowledgeError(f"'{shown}' {problem}.", name=shown, path=shown)


def _problem(name: str) -> str | None:
    if not name or "/" in name or "\\" in name or name in (".", "..") or any(each < " " for each in name):
        return "is not a plain file name"
    if _DEVICES.match(name):
        return "is the name of a device on Windows, not that of a file"
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return "cannot be the name of a file: it holds half of a character"
    return f"is too long for the name of a file ({size} bytes; {MOST_NAME} are possible)" if size > MOST_NAME else None


@contextmanager
def file_errors(path: Any, doing: str) -> Iterator[None]:
    """Turn what the system says about a file into a KnowledgeError that names it; `doing`: read, written, removed."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise KnowledgeError(f"The file cannot be {doing}: it is no UTF-8 text.", path=str(path)) from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise KnowledgeError(f"The file cannot be {doing}: {reason}.", path=str(path)) from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a crash leaves the old or the new content; its folder is made where it is not there yet.

    Raises:
        KnowledgeError: naming the file, where it cannot be written; the old content stands.
    """
    with file_errors(path, "written"), locked(path.parent):
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        _replace(path, content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))


def _replace(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_PREFIX, suffix=_SUFFIX)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(OSError):
            os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(path: Path) -> int:
    """The rights of the file that is replaced, or those that a new file gets."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


@contextmanager
def locked_below(path: Path) -> Iterator[None]:
    """Hold the folder of a file, from the reading of what it holds to the writing of what it shall hold."""
    with file_errors(path, "written"), locked(path.parent):
        yield


def write_output(path: str | os.PathLike[str], text: str | bytes) -> None:
    """Write what somebody asked for to the file that they named: whole or not at all where it is a file; to a device
    or a pipe as it comes. Half of a pair of surrogates, which JSON events may hold, becomes an escape.

    Raises:
        KnowledgeError: naming the file, where it cannot be written.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    with file_errors(path, "written"):
        if _is_whole_file(path):
            target = Path(os.path.realpath(path))
            try:
                with locked(target.parent, make=False):
                    _replace(target, data)
                return
            except OSError as error:
                if not target.is_file() or error.errno not in _NOT_REPLACED:
                    raise
        with open(path, "wb") as stream:
            stream.write(data)


def write_new(path: str | os.PathLike[str], text: str) -> None:
    """Write a file that must not be there yet, whole or not at all.

    Raises:
        KnowledgeError: naming the file, where it is there or cannot be written.
    """
    target = Path(os.path.abspath(path))
    with file_errors(path, "written"), locked(target.parent, make=False):
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "it is there already")
        _replace(target, text.encode("utf-8", "backslashreplace"))


_NOT_REPLACED = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS, errno.EXDEV})
"""What is said of a folder in which no file can be made, or of a file that is mounted by itself."""


def _is_whole_file(path: str | os.PathLike[str]) -> bool:
    """Say whether a name is that of a file, or of one that can be made; devices and what is open already are none."""
    absolute = os.path.abspath(path)
    return not absolute.startswith(("/dev/", "/proc/")) and (os.path.isfile(absolute) or not os.path.lexists(absolute))


# ---- one at a time -------------------------------------------------------------------------------------------------

_locks: dict[str, Any] = {}
_depths: dict[str, int] = {}
_guard = threading.Lock()


@contextmanager
def locked(folder: Path, make: bool = True) -> Iterator[None]:
    """Hold a folder for one thread of one process: whoever else wants to write there waits. Holding it nests.

    The system lets go of the lock when the process ends, however it ends. `make`: the folder is made where it is not
    there yet.
    """
    if make:
        folder.mkdir(parents=True, exist_ok=True)
    key = os.path.realpath(folder)
    with _guard:
        own = _locks.setdefault(key, threading.RLock())
    with own:
        if _depths.get(key):
            yield
            return
        handle = _lock(folder)
        _depths[key] = 1
        try:
            if handle is not None:
                _remove_left_behind(folder)
            yield
        finally:
            _depths[key] = 0
            if handle is not None:
                os.close(handle)


if sys.platform == "win32":

    def _lock(folder: Path) -> int | None:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
                return handle
            except OSError as error:  # it waits for ten seconds
                if error.errno != 36:
                    os.close(handle)
                    raise

else:

    def _lock(folder: Path) -> int | None:
        """Lock the folder itself; a file in it where folders cannot be locked (NFS), nothing where neither can."""
        for path, flags in ((folder, os.O_RDONLY), (folder / LOCK, os.O_RDWR | os.O_CREAT)):
            try:
                handle = os.open(path, flags | os.O_CLOEXEC, 0o666)
            except OSError:
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                return handle
            except OSError:
                os.close(handle)
        return None


def _remove_left_behind(folder: Path) -> None:
    """Remove what processes that were killed did not finish: whoever holds the lock is the only one that writes."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
