"""A small file system that can be full: a tmpfs in a mount namespace of our own, so it is gone when we are.

Full means shrunk to what it holds; nothing has to be written for that, and PostgreSQL's next new block is refused with
ENOSPC. Only data lies here, none of the write-ahead log, for which a full disk is a crash.
"""
import ctypes
import os
import subprocess

from rig import place

CLONE_NEWNS = 0x20000
SIZE = "6g"
BLOCK = 4096

libc = ctypes.CDLL(None, use_errno=True)


class SmallDisk:
    """with SmallDisk() as disk: disk.folder is PostgreSQL's; None where we may not mount. To be entered before there
    are threads, which would stay outside."""

    folder = None

    def __enter__(self):
        folder = place.server_folder("disk")
        if libc.unshare(CLONE_NEWNS) != 0:
            folder.rmdir()
            return self
        if self._mount("--make-rprivate", "/") and self._mount("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder):
            identity = place.server_identity()
            os.chown(folder, identity.get("user", -1), identity.get("group", -1))
            self.folder = folder
        return self

    def __exit__(self, *_):
        if self.folder:
            subprocess.run(["umount", "--lazy", self.folder])
            self.folder.rmdir()

    def fill(self):
        """From now on nothing more fits."""
        usage = os.statvfs(self.folder)
        used = (usage.f_blocks - usage.f_bfree) * usage.f_frsize
        return self._mount("-o", f"remount,size={max(used, BLOCK)}", self.folder)

    def empty(self):
        return self._mount("-o", f"remount,size={SIZE}", self.folder)

    @staticmethod
    def _mount(*words):
        return subprocess.run(["mount", *map(str, words)], capture_output=True).returncode == 0
