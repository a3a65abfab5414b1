"""The policy file as it is now: a change takes effect at the next question, without a restart."""

import threading
from pathlib import Path

from incidents.errors import ManifestError, PolicyUnreadable
from incidents.policy import Policy
from tools.manifests.load import parse_policy
from tools.manifests.yaml_lines import read_bytes


class WatchedPolicy:
    """A `PolicySource` over one file.

    The file's bytes are read at every question (some ten kilobytes, tens of microseconds) and parsed again only when
    they differ. Times and sizes are not trusted: a copy may keep both, and a mounted file may be swapped underneath.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises `ManifestError` where it is wrong: nothing starts on a policy that cannot be read."""
        self._path = path
        self._lock = threading.Lock()
        self._raw = read_bytes(path)
        self._found: Policy | ManifestError = parse_policy(self._raw, str(path))

    def __call__(self) -> Policy:
        """The policy in force now. May be called from any thread.

        Raises:
            PolicyUnreadable: the file is gone, cannot be read or is wrong. The last good policy is not used instead:
                who changed the file meant to change what may run. Once it is right again, it is in force again.
        """
        with self._lock:
            try:
                raw = read_bytes(self._path)
            except ManifestError as error:
                raise PolicyUnreadable(str(error)) from error
            if raw != self._raw:
                self._raw, self._found = raw, self._parsed(raw)
            found = self._found
        if isinstance(found, ManifestError):
            raise PolicyUnreadable(str(found)) from found
        return found

    def _parsed(self, raw: bytes) -> Policy | ManifestError:
        try:
            return parse_policy(raw, str(self._path))
        except ManifestError as error:
            return error
