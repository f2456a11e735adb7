"""The shipped units under a real systemd: what an administrator relies on, each as one test."""

import json
from collections.abc import Iterator

import pytest

from tests.deploy.conftest import CONFIG, Company
from tests.deploy.machine import Machine, until

ROLES = "roles: {view: trueup-viewers, operate: trueup-operators, admin: trueup-admins}\n"
MENDED = "names: hold\n"
WRONG = "names: hld\n"
UNITS = ("trueup@acme.service", "trueup@acme.socket", "trueup.target", "trueup-failed@acme.service")


@pytest.fixture(scope="module")
def acme(machine: Machine) -> Iterator[Company]:
    """A company that runs, with nobody at the other end of its connections."""
    one = Company(machine, "acme").start()
    yield one
    one.end()


def test_users_groups_and_folders_are_as_the_files_say(machine: Machine) -> None:
    groups = machine.run("id", "-Gn", "trueup", ok=True).stdout.split()
    assert groups == ["trueup", "trueup-socket"]
    for group in ("viewers", "operators", "admins"):
        machine.run("getent", "group", f"trueup-{group}", ok=True)
    for folder in ("/run/trueup", "/etc/trueup"):
        told = machine.run("stat", "--format=%a %U:%G", folder, ok=True)
        assert told.stdout.strip() == "755 root:root"


def test_the_units_are_sound_and_closed(machine: Machine) -> None:
    told = machine.run("systemd-analyze", "verify", "--man=no", *UNITS, ok=True)
    assert (told.stdout, told.stderr) == ("", "")
    for unit in (UNITS[0], UNITS[3]):
        machine.run("systemd-analyze", "security", "--offline=yes", "--threshold=15", unit, ok=True)


def test_33_started_means_ready_and_a_dead_quickbooks_is_no_reason_to_restart(
    acme: Company,
) -> None:
    assert "ready instance=acme" in acme.log
    assert acme.is_active
    until(lambda: "no whole cycle yet" in acme.status, "the status line tells of the cycle")
    assert "drift 0, waiting 0, conflicts 0" in acme.status
    assert acme.shown("NRestarts") == "0"
    told = acme.machine.run("stat", "--format=%a %U:%G", "/run/trueup/acme.sock", ok=True)
    assert told.stdout.strip() == "660 root:trueup-socket"
    state = acme.machine.run("stat", "--format=%a %U", "/var/lib/trueup/acme", ok=True)
    assert state.stdout.strip() == "700 trueup"


def test_29_a_bad_file_fails_at_once_is_named_and_not_tried_again(machine: Machine) -> None:
    bad = Company(machine, "bad", WRONG)
    assert machine.systemctl("start", bad.unit, ok=False).returncode != 0
    assert (bad.shown("ExecMainStatus"), bad.shown("NRestarts")) == ("78", "0")
    assert bad.shown("ActiveState") == "failed"
    line = CONFIG.count("\n") + 1
    assert f"{bad.file}:{line}:1: names: must be one of" in bad.status
    shown = machine.systemctl("status", "--no-pager", bad.unit, ok=False)
    assert f"{bad.file}:{line}:1" in shown.stdout
    told = "trueup-failed@bad.service"
    until(lambda: machine.shown(told, "ExecMainExitTimestamp"), "somebody was told")
    machine.systemctl("stop", "trueup@bad.socket")


def test_a_client_that_keeps_asking_does_not_make_a_bad_file_a_loop(machine: Machine) -> None:
    bad = Company(machine, "worse", WRONG, drop_in="[Unit]\nStartLimitBurst=2")
    machine.systemctl("start", "trueup@worse.socket")
    assert bad.ask("status").returncode != 0
    until(
        lambda: machine.shown("trueup@worse.socket", "ActiveState") == "failed",
        "systemd gave up",
    )
    assert bad.shown("ExecMainStatus") == "78"
    bad.configure("")
    machine.systemctl("reset-failed", "trueup@worse.socket", bad.unit)
    assert bad.start().is_active
    bad.end()


def test_an_instance_with_the_file_of_another_is_refused(machine: Machine) -> None:
    wrong = Company(machine, "borealis")
    machine.write(wrong.file, CONFIG.format(name="cetus"))
    assert machine.systemctl("start", wrong.unit, ok=False).returncode != 0
    assert wrong.shown("ExecMainStatus") == "78"
    assert "is cetus, and was started as borealis" in wrong.status
    wrong.end()


def test_a_socket_elsewhere_than_configured_is_refused_with_its_place(machine: Machine) -> None:
    astray = Company(machine, "astray")
    text = CONFIG.format(name="astray").replace("/run/trueup/astray.sock", "/run/trueup/a.sock")
    machine.write(astray.file, text)
    assert machine.systemctl("start", astray.unit, ok=False).returncode != 0
    assert "set control.socket: /run/trueup/astray.sock" in astray.status
    assert machine.path("/run/trueup/astray.sock").is_socket(), "it is not ours to remove"
    astray.end()


def test_30_reload_takes_a_good_file_and_fails_visibly_on_a_bad_one(acme: Company) -> None:
    machine, first = acme.machine, acme.shown("MainPID")
    acme.configure(WRONG)
    assert machine.systemctl("reload", acme.unit, ok=False).returncode != 0
    assert acme.is_active
    until(lambda: "names: must be one of" in acme.status, "the status line names the problem")
    answer = acme.ask("reload", "--json")
    assert answer.returncode == 78
    assert json.loads(answer.stdout)["ok"] is False
    assert "did you mean hold?" in acme.ask("status").stdout

    acme.configure(MENDED + "ledger: {backup: {keep: 5}}\n")
    machine.systemctl("reload", acme.unit)
    answer = acme.ask("reload", "--wait", "--json")
    told = json.loads(answer.stdout)
    assert (told["ok"], told["in_force"], told["applied"]) == (True, True, [])
    assert told["restart"] == ["ledger.backup.keep"]
    acme.configure("")
    told = json.loads(acme.ask("reload", "--wait", "--json").stdout)
    assert (told["applied"], told["restart"], told["in_force"]) == (["names"], [], True)
    until(lambda: acme.status.startswith("qbo"), "the status line is about the company again")
    assert acme.shown("MainPID") == first, "no restart"


def test_a_hangup_reloads_and_usr1_writes_down_what_goes_on(acme: Company) -> None:
    before = acme.log.count("configuration read by=signal")
    acme.machine.systemctl("kill", "--kill-whom=main", "--signal=HUP", acme.unit)
    until(lambda: acme.log.count("configuration read by=signal") > before, "it was read")
    acme.machine.systemctl("kill", "--kill-whom=main", "--signal=USR1", acme.unit)
    until(lambda: "task name=watchdog" in acme.log, "the tasks are in the log")
    assert "task name=cycles" in acme.log
    assert acme.is_active


def test_33_a_loop_that_stands_still_is_ended_and_started_anew(machine: Machine) -> None:
    stuck = Company(machine, "stuck", drop_in="WatchdogSec=3s").start()
    first = stuck.shown("MainPID")
    stuck.machine.run("kill", "-STOP", first, ok=True)
    until(lambda: stuck.shown("NRestarts") == "1" and stuck.is_active, "it was started anew")
    assert stuck.shown("MainPID") != first
    stuck.end()


def test_31_killed_outright_it_comes_back_and_requests_wait_for_it(acme: Company) -> None:
    restarts = int(acme.shown("NRestarts"))
    acme.machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", acme.unit)
    assert acme.ask("status").returncode == 0, "the socket is systemd's, and the request waits"
    assert int(acme.shown("NRestarts")) == restarts + 1
    assert acme.ask("ledger", "verify").returncode == 0


def test_a_request_wakes_a_stopped_daemon_and_a_stopped_socket_lets_it_rest(
    machine: Machine,
) -> None:
    dorado = Company(machine, "dorado").start()
    machine.systemctl("stop", dorado.unit)
    assert dorado.ask("status").returncode == 0
    assert dorado.is_active
    machine.systemctl("stop", "trueup@dorado.socket")
    assert dorado.shown("ActiveState") == "inactive"
    assert not machine.path("/run/trueup/dorado.sock").exists()
    assert dorado.ask("status").returncode == 3


def test_34_a_second_daemon_on_the_same_ledger_is_refused_by_name(acme: Company) -> None:
    machine = acme.machine
    twin = Company(machine, "twin", drop_in="ReadWritePaths=/var/lib/trueup/acme\nRestart=no")
    text = CONFIG.format(name="twin").replace("/var/lib/trueup/twin", "/var/lib/trueup/acme")
    machine.write(twin.file, text)
    assert machine.systemctl("start", twin.unit, ok=False).returncode != 0
    assert f"process {acme.shown('MainPID')}" in twin.status
    assert twin.shown("ExecMainStatus") == "75"
    assert acme.is_active
    twin.end()


def test_57_the_kernel_says_who_asks_through_all_the_hardening(machine: Machine) -> None:
    people = ("u mira 2001", "m mira trueup-socket", "m mira trueup-operators")
    others = ("u jon 2002", "m jon trueup-socket", "m jon trueup-viewers", "u eve 2003")
    machine.run("systemd-sysusers", "--inline", *people, *others, ok=True)
    fleet = Company(machine, "fleet", ROLES).start()
    assert "you are mira (uid 2001), operator" in fleet.ask("status", uid=2001).stdout
    assert fleet.ask("pause", "--reason", "stocktaking", uid=2001).returncode == 0
    assert fleet.ask("pause", "--reason", "no", uid=2002).returncode == 77
    assert fleet.ask("status", uid=2003).returncode in {3, 77}, "eve may not open the socket"
    assert fleet.ask("reload", uid=2001).returncode == 77
    assert fleet.ask("reload", uid=machine.uid_of("trueup")).returncode == 0
    machine.systemctl("reload", fleet.unit)
    listed = fleet.ask("ledger", "list", "--json").stdout
    assert "mira (uid 2001)" in listed
    assert "jon (uid 2002)" in listed, "a refused attempt is noted"
    fleet.end()
