#!/usr/bin/env python3
"""The Debian packages, built and put into an empty Debian: they install, work, and go again without
taking what people have. The packages of that Debian are fetched by apt once (build/debian); all else
happens without a network. Skipped where that cannot be: no root, no Debian, no network."""
import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lab"))
import tap  # noqa: E402
from tap import case, check, note  # noqa: E402

REPOSITORY = os.path.join(TOP, "build", "debian")
ROOT = os.path.join(TOP, "build", "debian-root")
NEEDED = ("dh", "mmdebstrap", "lintian", "dpkg-scanpackages", "apt-get")
ALONE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
JULIET = "/home/juliet"
# what a Debian needs to be one, beside what our packages pull in
BASE = ("apt", "mawk", "usr-is-merged", "init-system-helpers")


def run(*argv, timeout=300, **more):
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, check=False, **more)
    except subprocess.TimeoutExpired:
        raise tap.Failure(f"{argv[0]} took over {timeout} s") from None


def must(*argv, **more):
    done = run(*argv, **more)
    check(done.returncode == 0, f"{' '.join(argv)}: {done.stdout[-2000:]}{done.stderr[-6000:]}")
    return done.stdout


def debs(name):
    return glob.glob(f"{TOP}/build/deb/{name}_*.deb")


def inside(script, timeout=120):
    """A shell in that Debian, without a network, ended with everything it started."""
    whole = f'mount -t proc proc "{ROOT}/proc" && ip link set lo up && exec chroot "{ROOT}" sh -c "$1"'
    done = run(*ALONE, "sh", "-c", whole, "sh", script, timeout=timeout,
               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
                    "DEBIAN_FRONTEND": "noninteractive"})
    check(done.returncode == 0, f"{script}: {done.stdout[-2000:]}{done.stderr[-6000:]}")
    return done.stdout


def codename():
    with open("/etc/os-release", encoding="utf-8") as release:
        return re.search(r"^VERSION_CODENAME=(\w+)$", release.read(), re.M)


def build():
    done = run("make", "-C", TOP, "--no-print-directory", "deb", timeout=600,
               env={**os.environ, "MAKEFLAGS": "", "WERROR": ""})
    check(done.returncode == 0, f"make deb: {done.stdout[-3000:]}{done.stderr[-2000:]}")


def wanted():
    """Names of all that our packages depend on, first alternatives, without their own."""
    names = set()
    for path in debs("earshot") + debs("earshot-tray"):
        fields = must("dpkg-deb", "--field", path, "Depends")
        for one in fields.split(","):
            names.add(re.match(r"[a-z0-9.+-]+", one.strip()).group())
    return sorted(name for name in names if not name.startswith(("earshot", "libearshot")))


def fetch():
    """Everything that belongs to an empty Debian and to us, as a repository of its own."""
    pool = f"{REPOSITORY}/pool"
    suite = codename().group(1)
    os.makedirs(f"{pool}/partial", exist_ok=True)
    essential = must("dpkg-query", "-W", "-f", "${Package} ${Essential} ${Priority}\n")
    names = [line.split()[0] for line in essential.splitlines()
             if " yes " in line or line.endswith(" required")]
    done = run("apt-get", "-o", "Dir::State::status=/dev/null", "-o", f"Dir::Cache::archives={pool}",
               "-o", "Debug::NoLocking=1", "--download-only", "-y", "--no-install-recommends",
               "install", *names, *BASE, *wanted(), timeout=300)
    if done.returncode != 0:
        raise tap.Skip(f"apt cannot fetch a Debian: {done.stderr.strip()[-300:]}")
    index = f"{REPOSITORY}/dists/{suite}/main/binary-{must('dpkg', '--print-architecture').strip()}"
    os.makedirs(index, exist_ok=True)
    packages = must("dpkg-scanpackages", "-m", "pool", cwd=REPOSITORY)
    with open(f"{index}/Packages", "w", encoding="utf-8") as file:
        file.write(packages)
    with open(f"{REPOSITORY}/dists/{suite}/Release", "w", encoding="utf-8") as file:
        file.write(f"Origin: test\nSuite: {suite}\nCodename: {suite}\nComponents: main\n"
                   f"Architectures: {os.path.basename(index)[7:]}\n"
                   "Date: Thu, 01 Jan 2026 00:00:00 UTC\n")
    return suite


def remove_root():
    must("rm", "-rf", "--one-file-system", ROOT)


def bootstrap():
    suite = fetch()
    remove_root()
    # in namespaces of its own: what it mounts goes with it, however it ends
    must(*ALONE, "mmdebstrap", "--mode=root", "--variant=apt",
         "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", suite, ROOT,
         f"deb [trusted=yes] copy://{REPOSITORY} {suite} main")
    os.makedirs(f"{ROOT}/packages", exist_ok=True)
    for path in glob.glob(f"{TOP}/build/deb/*.deb"):
        shutil.copy(path, f"{ROOT}/packages")
    shutil.copytree(REPOSITORY, f"{ROOT}/repository", dirs_exist_ok=True)
    with open(f"{ROOT}/etc/apt/sources.list", "w", encoding="utf-8") as file:
        file.write(f"deb [trusted=yes] copy:///repository {suite} main\n")
    shutil.rmtree(f"{ROOT}/etc/apt/sources.list.d", ignore_errors=True)
    inside("apt-get -qq update && useradd --create-home juliet")


@case
def packages_are_built_and_lintian_finds_nothing():
    build()
    names = sorted(os.path.basename(p).split("_")[0] for p in glob.glob(f"{TOP}/build/deb/*.deb")
                   if "-dbgsym" not in p)
    check(names == ["earshot", "earshot-tray", "libearshot-dev", "libearshot0"], f"built: {names}")
    changes = glob.glob(f"{TOP}/build/deb/*.changes")
    done = run("lintian", "--fail-on", "error,warning", *changes)
    check(done.returncode == 0, f"lintian: {done.stdout[-3000:]}")


@case
def daemon_and_command_line_need_no_desktop():
    built()
    depends = must("dpkg-deb", "--field", debs("earshot")[0], "Depends")
    for word in ("gtk", "libx11", "wayland", "appindicator", "earshot-tray"):
        check(word not in depends, f"earshot depends on {word}: {depends}")
    note(f"earshot depends on {depends.strip()}")


def built():
    if not debs("earshot"):
        raise tap.Skip("the packages were not built")


@case
def they_work_in_an_empty_debian_and_leave_peoples_data():
    built()
    bootstrap()
    inside("apt-get -qq -y --no-install-recommends install /packages/earshot_*.deb")
    listed = inside("dpkg-query -W -f '${Package}\\n'")
    check("libgtk-3-0" not in listed.split(), "the daemon brought no GTK with it")
    says = "cd; export XDG_RUNTIME_DIR=/tmp/run-juliet; mkdir -m 700 -p $XDG_RUNTIME_DIR;"
    said = inside(f"su juliet -c '{says} earshot set nick Capulet && earshot who --json && "
                  "earshot daemon stop'")
    check('"Capulet"' in said, f"the daemon answers: {said}")
    inside("man -w earshot 2>/dev/null || ls /usr/share/man/man1/earshot.1.gz "
           "/usr/share/man/man8/earshotd.8.gz /usr/share/man/man7/earshot-ipc.7.gz "
           "/usr/share/man/man5/earshot.conf.5.gz || grep -q path-exclude /etc/dpkg/dpkg.cfg.d/*")
    inside("apt-get -qq -y --no-install-recommends install /packages/earshot-tray_*.deb")
    check(inside("earshot-tray --version").strip() != "", "the tray starts")
    state = f"{JULIET}/.local/state/earshot"
    before = inside(f"ls {state}")
    check("identity.pem" in before, f"her key is there: {before}")
    inside("apt-get -qq -y purge earshot earshot-tray")
    check(inside(f"ls {state}") == before, "her key and history are there as they were")
    left = inside("find / -xdev \\( -path /packages -o -path /repository -o -path /proc -o "
                  "-path /home -o -path /var/cache -o -path /tmp \\) -prune -o -iname '*earshot*' "
                  "-print")
    check(left.strip() == "", f"left behind: {left}")
    remove_root()


def main():
    for program in NEEDED:
        if not shutil.which(program):
            tap.skip_all(f"{program} is not installed")
    if os.geteuid() != 0:
        tap.skip_all("an empty Debian is made by root")
    if not codename():
        tap.skip_all("this is no Debian")
    tap.run()


main()
