# SPDX-License-Identifier: GPL-2.0
"""Write an initramfs (cpio, newc format): the same bytes for the same content."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

CHARACTER = stat.S_IFCHR


class Archive:
    """Members are added in call order; parent directories first, as needed."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._seen: set[str] = set()
        self._inode = 0

    def _member(self, name: str, mode: int, data: bytes, device: int = 0) -> None:
        self._inode += 1
        encoded = name.encode() + b"\0"
        major, minor = (os.major(device), os.minor(device)) if device else (0, 0)
        fields = [self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor]
        fields += [len(encoded), 0]
        head = b"070701" + b"".join(b"%08X" % value for value in fields) + encoded
        self._parts.append(head + b"\0" * (-len(head) % 4))
        self._parts.append(data + b"\0" * (-len(data) % 4))

    def folder(self, name: str) -> None:
        """Add a directory, mode 0755, and its parents unless they exist."""
        parts = PurePosixPath(name.strip("/")).parts
        for count in range(1, len(parts) + 1):
            path = "/".join(parts[:count])
            if path not in self._seen:
                self._seen.add(path)
                self._member(path, stat.S_IFDIR | 0o755, b"")

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Add a regular file; ignored if the name exists."""
        path = name.strip("/")
        self.folder(str(PurePosixPath(path).parent))
        if path in self._seen:
            return
        self._seen.add(path)
        self._member(path, stat.S_IFREG | mode, data)

    def copy(self, source: Path, name: str) -> None:
        """Add a file of the host, executable as it is there. OSError if unreadable."""
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        self.file(name, source.read_bytes(), mode)

    def tree(self, source: Path, name: str) -> None:
        """Add all files below a directory; symbolic links are followed."""
        for path in sorted(source.rglob("*")):
            if path.is_file():
                self.copy(path, f"{name}/{path.relative_to(source).as_posix()}")

    def console(self) -> None:
        """Add /dev/console, which the kernel opens for PID 1, and /dev/null."""
        self.folder("dev")
        for name, device in (("console", (5, 1)), ("null", (1, 3))):
            self._member(f"dev/{name}", CHARACTER | 0o600, b"", os.makedev(*device))

    def bytes(self) -> bytes:
        """The archive with its trailer, padded to 512 bytes; members may follow."""
        self._member("TRAILER!!!", 0, b"")
        data = b"".join(self._parts)
        self._parts.pop()
        self._parts.pop()
        return data + b"\0" * (-len(data) % 512)
