"""What the process may use, where files say so that lie in a folder of the test's own."""

import os
import resource

import pytest

from scaling.core.machine import cores, memory_bytes

GB = 10**9


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Makes files of a system with 64 GB and 16 cores: system({path: text}) -> its root."""
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4000, "SC_PHYS_PAGES": 16_000_000}.__getitem__)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY,) * 2)

    def made(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return made


LIMITS = {
    "no control groups": ({}, 64 * GB, 16),
    "no limits": (
        {
            "proc/self/cgroup": "0::/user.slice\n",
            "sys/fs/cgroup/user.slice/memory.max": "max\n",
            "sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
        },
        64 * GB,
        16,
    ),
    "version 2 in a container": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{8 * GB}\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"},
        8 * GB,
        4,
    ),
    "version 2, the outer group is the narrower": (
        {
            "proc/self/cgroup": "0::/pod/job/step\n",
            "sys/fs/cgroup/pod/memory.max": f"{3 * GB}\n",
            "sys/fs/cgroup/pod/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/pod/job/memory.max": f"{6 * GB}\n",
            "sys/fs/cgroup/pod/job/cpu.max": "max 100000\n",
            "sys/fs/cgroup/pod/job/step/memory.max": "max\n",
        },
        3 * GB,
        2,
    ),
    "version 2, the inner group is the narrower": (
        {
            "proc/self/cgroup": "0::/pod/job\n",
            "sys/fs/cgroup/pod/memory.max": f"{6 * GB}\n",
            "sys/fs/cgroup/pod/job/memory.max": f"{3 * GB}\n",
            "sys/fs/cgroup/pod/job/cpu.max": "10000 100000\n",
        },
        3 * GB,
        1,
    ),
    "the host's names, of which only the container's own part is mounted": (
        {
            "proc/self/cgroup": "4:memory:/docker/0f3a\n2:cpu,cpuacct:/docker/0f3a\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{5 * GB}\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "300000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
        5 * GB,
        3,
    ),
    "version 1 without limits": (
        {
            "proc/self/cgroup": "4:memory:/\n2:cpu:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        64 * GB,
        16,
    ),
    "both versions": (
        {
            "proc/self/cgroup": "4:memory:/batch\n1:name=systemd:/\n0::/batch\n",
            "sys/fs/cgroup/memory/batch/memory.limit_in_bytes": f"{9 * GB}\n",
            "sys/fs/cgroup/unified/batch/cpu.max": "700000 100000\n",
        },
        9 * GB,
        7,
    ),
    "a name that leads out of the mount, and files that say nothing": (
        {"proc/self/cgroup": "0::/../other\nodd\n", "sys/fs/cgroup/memory.max": "", "sys/fs/cgroup/cpu.max": "0 0\n"},
        64 * GB,
        16,
    ),
    "more than there is": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{99 * GB}\n", "sys/fs/cgroup/cpu.max": "9900000 100000\n"},
        64 * GB,
        16,
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_machine_within_its_control_groups(name, system):
    files, memory, count = LIMITS[name]
    root = system(files)
    assert (memory_bytes(root), cores(root)) == (memory, count)


def test_machine_within_the_limit_of_the_process(system, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (2 * GB, resource.RLIM_INFINITY))
    assert memory_bytes(system({})) == 2 * GB


def test_machine_that_says_nothing(system, monkeypatch):
    def unknown(name):
        raise ValueError(name)

    monkeypatch.setattr(os, "sysconf", unknown)
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert (memory_bytes(system({})), cores(system({}))) == (float("inf"), 1)


def test_this_machine():
    assert 1 <= cores() <= os.cpu_count()
    assert memory_bytes() > 2**28
