# ruff: noqa: F401 - the names are for the program on the board
from vfs import VfsFat, VfsLfs2, mount, umount
