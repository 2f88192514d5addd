"""Application bundles: the files of a user's program, in one file that boards install over the air.

    data = make_bundle("1.1.0", {"main.py": b"...", "lib/door.mpy": b"..."})

A bundle is a `.tar.gz` that any tool can list: a plain ustar of regular files, the first of which is `manifest.json`,
compressed with a window of 1 KiB, so that a board reads it in that little memory. The same files make the same bytes.
`python -m tools.bundle` is `make bundle`, `python -m tools.bundle.keys` is `make keys`.
"""

from tools.bundle.archive import BundleError, make_bundle, manifest_of, pack, read_manifest, signature_file

__all__ = ["BundleError", "make_bundle", "manifest_of", "pack", "read_manifest", "signature_file"]
