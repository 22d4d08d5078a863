#!/usr/bin/env python3
"""`make install` and `make uninstall` into a folder of their own: what belongs to a desktop and to
a shell is valid, and what came goes again."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lab"))
import tap  # noqa: E402
from tap import Skip, case, check  # noqa: E402

BUILD = os.path.join(TOP, os.environ.get("EARSHOT_BUILD", "build/release"))
HAS_TRAY = os.path.exists(f"{BUILD}/earshot-tray")


def run(*argv, env=None):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**os.environ, **(env or {})}, timeout=120, check=False)


class Installed:
    """`with Installed() as root`"""
    # whatever compiler and flags it was built with: nothing is to be built again
    as_built = ("-o", "all", "-o", f"{os.path.relpath(BUILD, TOP)}/earshot")

    def __enter__(self):
        self.root = tempfile.mkdtemp()
        self.make("install")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def make(self, target):
        done = run("make", "-C", TOP, "--no-print-directory", f"DESTDIR={self.root}",
                   f"B={os.path.relpath(BUILD, TOP)}", *self.as_built, target,
                   env={"MAKEFLAGS": ""})
        check(done.returncode == 0, f"make {target}: {done.stdout}{done.stderr}")

    def files(self, pattern=""):
        found = glob.glob(f"{self.root}/**/*", recursive=True)
        return sorted(path for path in found
                      if not os.path.isdir(path) and re.search(pattern, path))


def each(program, *argv, files):
    """The program says of every file that it is right."""
    if not shutil.which(program):
        raise Skip(f"{program} is not installed")
    check(files, f"there is something for {program}")
    for path in files:
        done = run(program, *argv, path)
        said = done.stdout + done.stderr
        check(done.returncode == 0, f"{os.path.basename(path)}: {said}")


@case
def what_is_installed_is_uninstalled(root):
    there = root.files()
    names = " ".join(there)
    for name in ("bin/earshot", "bin/earshotd", "libexec/earshot/earshot-mdns", "earshot.pc",
                 "earshotd.socket", "earshotd.service", "completions/earshot", "earshot.fish"):
        check(name in names, f"{name} is installed")
    if shutil.which("scdoc"):
        for page in ("earshot.1", "earshotd.8", "earshot.conf.5", "earshot-ipc.7"):
            check(f"/{page}" in names, f"{page} is installed")
    root.make("uninstall")
    left = root.files()
    check(left == [], f"left behind: {left}")


@case
def manual_pages_are_clean(root):
    if not shutil.which("mandoc") or not shutil.which("scdoc"):
        raise Skip("scdoc or mandoc is not installed")
    for page in root.files(r"/man/man\d/"):
        said = run("mandoc", "-T", "lint", "-W", "warning", page).stdout.splitlines()
        # scdoc itself writes more paragraph macros than mandoc finds necessary
        said = [line for line in said if "skipping paragraph macro" not in line]
        check(said == [], f"{page}: {said}")


@case
def completions_are_scripts_of_their_shells(root):
    each("bash", "-n", files=root.files("bash-completion"))


@case
def libraries_are_found(root):
    pc = root.files(r"earshot\.pc$")
    done = run("pkg-config", "--libs", "--cflags", "earshot",
               env={"PKG_CONFIG_PATH": os.path.dirname(pc[0]), "PKG_CONFIG_SYSROOT_DIR": root.root})
    check(done.returncode == 0 and "-learshot" in done.stdout, f"{done.stdout}{done.stderr}")


@case
def desktop_files_are_valid(root):
    if not HAS_TRAY:
        raise Skip("earshot-tray is not built")
    each("desktop-file-validate", files=root.files(r"\.desktop$"))


@case
def appstream_data_is_valid(root):
    if not HAS_TRAY:
        raise Skip("earshot-tray is not built")
    each("appstreamcli", "validate", "--no-net", "--pedantic", files=root.files(r"metainfo\.xml$"))


@case
def icons_of_the_desktop_files_are_there(root):
    if not HAS_TRAY:
        raise Skip("earshot-tray is not built")
    for path in root.files(r"\.desktop$"):
        with open(path, encoding="utf-8") as file:
            name = re.search(r"^Icon=(.+)$", file.read(), re.M).group(1)
        check(root.files(rf"/icons/hicolor/.*/{re.escape(name)}\.(svg|png)$"), f"icon {name}")


@case
def units_are_understood_by_systemd(root):
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd is not installed")
    with tempfile.TemporaryDirectory() as folder:
        for path in root.files(r"systemd/user/"):
            with open(path, encoding="utf-8") as file:
                text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", file.read(), flags=re.M)
            with open(f"{folder}/{os.path.basename(path)}", "w", encoding="utf-8") as file:
                file.write(text)
        done = run("systemd-analyze", "--user", "--man=no", "--recursive-errors=yes", "verify",
                   *glob.glob(f"{folder}/*"), env={"XDG_RUNTIME_DIR": folder})
        check(done.returncode == 0, done.stderr)


if __name__ == "__main__":
    tap.run(Installed)
