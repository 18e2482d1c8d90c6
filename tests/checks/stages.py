#!/usr/bin/env python3
"""A scan in stages reports what a scan reports: stages.py PROGRAM

capture, analyze and merge are run by hand in every order, with shards whose stores are put
together, with pieces of the store lost or damaged; by the real ninja; and by the real Slurm,
one controller and two nodes of one processor on this machine, of which one is killed in the
middle.  The reports must be those of a plain scan, to the byte.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAM = None
FILES, FUNCTIONS = 6, 30


def write_project(folder):
    """Files whose functions call those of earlier files; some of them leak."""
    include = subprocess.run(["python3-config", "--includes"], capture_output=True, text=True,
                             check=True).stdout.split()
    rng, entries = random.Random(3), []
    for file in range(FILES):
        lines = ["#include <Python.h>"]
        for number in range(FUNCTIONS):
            callee = f"f{rng.randrange(file)}_{rng.randrange(FUNCTIONS)}" if file else "PyObject_Str"
            lines.append(f"PyObject *{callee}(PyObject *a);" if file else "")
            last = "return y;" if number % 3 else "Py_DECREF(x); return y;"
            lines.append(f"PyObject *f{file}_{number}(PyObject *a) {{ PyObject *x = {callee}(a); "
                         f"if (!x) return NULL; PyObject *y = PyObject_Repr(x); {last} }}")
        (folder / f"m {file}.c").write_text("\n".join(lines) + "\n")
        entries.append({"directory": str(folder), "file": f"m {file}.c",
                        "arguments": ["cc", *include, "-c", f"m {file}.c"]})
    (folder / "compile_commands.json").write_text(json.dumps(entries))
    time.sleep(0.05)


def run(*command, codes=(0,), **how):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=200, check=False, **how)
    assert done.returncode in codes, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout


def report(folder, command, *options):
    return run(PROGRAM, command, "-p", folder, "--format", "json", *options, codes=(1,))


def stage(folder, command, store, *options):
    run(PROGRAM, command, "-p", folder, "--store", store, *options)


def test_by_hand(folder, plain, work):
    stores = [work / "one", work / "two", work / "three"]
    for number, store in enumerate(stores, 1):
        stage(folder, "capture", store, "--shard", f"{number}/3")
    assert len(list((stores[0] / "units").iterdir())) == FILES // 3
    together = work / "together"
    for store in stores:
        shutil.copytree(store, together, dirs_exist_ok=True)
    assert report(folder, "merge", "--store", together) == plain
    shutil.rmtree(together / "results")
    for turn in (1, 2, 1):
        for shard in (2, 1, 2):
            stage(folder, "analyze", together, "--round", f"{turn}/2", "--shard", f"{shard}/2")
    results = len(list((together / "results").iterdir()))
    assert results == FILES * FUNCTIONS, f"{results} results"
    assert report(folder, "merge", "--store", together) == plain
    part = work / "part"
    stage(folder, "analyze", part, "--round", "1/3", "--shard", "1/2")
    some = len(list((part / "results").iterdir()))
    assert 0 < some < FILES * FUNCTIONS / 2, f"{some} results of a sixth"
    rng = random.Random(1)
    for kind in ("files", "units", "results"):
        for path in sorted((together / kind).iterdir()):
            chance = rng.random()
            if chance < 0.3:
                path.unlink()
            elif chance < 0.6:
                path.write_bytes(path.read_bytes()[:rng.randrange(40)])
    assert report(folder, "merge", "--store", together) == plain
    run(PROGRAM, "merge", "-p", folder, codes=(2,))
    run(PROGRAM, "capture", "-p", folder, "--store", together, "--shard", "3/2", codes=(2,))


def test_ninja(folder, plain, work):
    place = work / "ninja"
    place.mkdir()
    (place / "build.ninja").write_text(run(PROGRAM, "plan", "--ninja", "-p", folder, "--store",
                                           place / "a store", "--tasks", 3))
    run("ninja", "-C", place, "-j2", cwd=place)
    assert (place / "report.json").read_text() == plain
    (place / "report.json").unlink()
    run("ninja", "-C", place, cwd=place)
    assert (place / "report.json").read_text() == plain


# ---- Slurm --------------------------------------------------------------------------------

SLURM_CONF = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctl_port}
AuthType=auth/munge
AuthInfo=socket={work}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={work}/state
SlurmdSpoolDir={work}/spool.%n
SlurmctldPidFile={work}/slurmctld.pid
SlurmdPidFile={work}/slurmd.%n.pid
SlurmctldLogFile={work}/slurmctld.log
SlurmdLogFile={work}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdTimeout=5
MinJobAge=300
SchedulerParameters=sched_interval=1
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port1} CPUs=1
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={port2} CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES State=UP
"""


def free_ports(count):
    holders = [socket.socket() for _ in range(count)]
    for holder in holders:
        holder.bind(("127.0.0.1", 0))
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


class Slurm:
    """A controller and two nodes, with a munged of their own."""

    def __init__(self, work):
        self.work, self.processes = work, []
        ctl, one, two = free_ports(3)
        os.chmod(work, 0o755)
        (work / "state").mkdir()
        self.conf = work / "slurm.conf"
        self.conf.write_text(SLURM_CONF.format(host=socket.gethostname().split(".")[0], work=work,
                                               ctl_port=ctl, port1=one, port2=two))
        self.env = {**os.environ, "SLURM_CONF": str(self.conf)}
        key = work / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self.start("munged", "--foreground", "--force", f"--key-file={key}",
                   f"--socket={work}/munge.socket", f"--log-file={work}/munged.log",
                   f"--pid-file={work}/munged.pid", f"--seed-file={work}/munged.seed",
                   "--num-threads=2")
        self.wait(lambda: (work / "munge.socket").exists())
        self.start("slurmctld", "-D", "-f", self.conf)
        self.nodes = [self.start("slurmd", "-D", "-f", self.conf, "-N", name)
                      for name in ("n1", "n2")]
        self.wait(lambda: self.sinfo().count("idle") == 2)

    def start(self, *command):
        log = open(self.work / f"out.{len(self.processes)}", "w")
        process = subprocess.Popen([str(word) for word in command], env=self.env, stdout=log,
                                   stderr=log, cwd=self.work)
        self.processes.append(process)
        return process

    def sinfo(self):
        done = subprocess.run(["sinfo", "-N", "-h", "-o", "%N %T"], env=self.env, text=True,
                              capture_output=True, check=False)
        return done.stdout

    def queue(self):
        return subprocess.run(["squeue", "-h", "-r", "-o", "%j %T %N"], env=self.env, text=True,
                              capture_output=True, check=False).stdout.splitlines()

    def wait(self, ready, seconds=60):
        end = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < end, self.trouble()
            time.sleep(0.2)

    def trouble(self):
        logs = [f"{path.name}: {path.read_text(errors='replace')[-1500:]}"
                for path in sorted(self.work.glob("*.log"))]
        return "\n".join([self.sinfo(), *self.queue(), *logs])

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def test_slurm(folder, plain, work):
    place = work / "slurm"
    place.mkdir()
    slurm = Slurm(place)
    try:
        store = place / "store"
        script = run(PROGRAM, "plan", "--slurm", "-p", folder, "--store", store, "--tasks", 4)
        run("sh", "-s", "--", "--chdir", place, input=script, env=slurm.env)
        slurm.wait(lambda: any("RUNNING n2" in line for line in slurm.queue()))
        slurm.nodes[1].send_signal(signal.SIGKILL)
        slurm.wait(lambda: len(list((store / "units").glob("*"))) > 1, 120)
        slurm.nodes[1] = slurm.start("slurmd", "-D", "-f", slurm.conf, "-N", "n2")
        slurm.wait(lambda: not slurm.queue(), 240)
        assert (store / "report.json").read_text() == plain, slurm.trouble()
    finally:
        slurm.stop()


def leave_out(test, why):
    """Continuous integration leaves nothing out."""
    assert "STRAYREF_TEST_ALL" not in os.environ, f"{test.__name__} cannot run: {why}"
    print(f"{test.__name__} is left out: {why}")


def main():
    global PROGRAM
    if len(sys.argv) != 2:
        sys.exit("usage: stages.py PROGRAM")
    PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
    tests = [test_by_hand]
    for tool, test in (("ninja", test_ninja), ("slurmctld", test_slurm)):
        if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin"):
            tests.append(test)
        else:
            leave_out(test, f"{tool} is not installed")
    os.environ["PATH"] += ":/usr/sbin"
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        folder = work / "the project"
        folder.mkdir()
        write_project(folder)
        plain = report(folder, "scan", "--no-cache")
        assert len(json.loads(plain)["findings"]) > 50
        for test in tests:
            if test is test_slurm and os.geteuid() != 0:
                leave_out(test, "Slurm is started by root only")
                continue
            test(folder, plain, work)


if __name__ == "__main__":
    main()
