"""One machine for all tests of this folder, with trueup installed as its documentation says."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.deploy.machine import Machine, booted, why_not

NO_MACHINE = why_not()
CONFIG = """\
version: 1
instance: {name}
company: {{display_name: Acme, timezone: UTC, home_currency: USD}}
state_dir: /var/lib/trueup/{name}
control: {{socket: /run/trueup/{name}.sock}}
qbo:
  environment: sandbox
  base_url: http://127.0.0.1:9
  token_url: http://127.0.0.1:9/token
  realm_id: "1"
  client_id: {{credential: qbo-client-id}}
  client_secret: {{credential: qbo-client-secret}}
dear:
  account_id: "1"
  application_key: {{credential: dear-application-key}}
  base_url: http://127.0.0.1:9
  native_link: none
reload: {{watch: false}}
"""
LOGS = """\
[Service]
StandardOutput=append:/run/%i.log
StandardError=append:/run/%i.log
RestartSec=200ms
"""


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Booted and installed, with the log of each company in a file."""
    if NO_MACHINE:
        pytest.skip(NO_MACHINE)
    with booted(tmp_path_factory.mktemp("machine")) as one:
        program = "/opt/trueup/bin/trueup"
        one.trueup("service", "install", "--executable", program, "--yes", ok=True)
        one.run("systemd-sysusers", "/etc/sysusers.d/trueup.conf", ok=True)
        one.run("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/trueup.conf", ok=True)
        one.write("/etc/systemd/system/trueup@.service.d/test.conf", LOGS)
        one.systemctl("daemon-reload")
        yield one


class Company:
    """One instance of the unit on the machine."""

    def __init__(self, machine: Machine, name: str, more: str = "", *, drop_in: str = "") -> None:
        self.machine = machine
        self.name = name
        self.unit = f"trueup@{name}.service"
        self.file = f"/etc/trueup/{name}.yaml"
        self.configure(more)
        if drop_in:
            machine.write(f"/etc/systemd/system/{self.unit}.d/more.conf", f"[Service]\n{drop_in}\n")
            machine.systemctl("daemon-reload")

    def configure(self, more: str) -> None:
        self.machine.write(self.file, CONFIG.format(name=self.name) + more)

    def start(self) -> "Company":
        self.machine.systemctl("start", self.unit)
        return self

    def end(self) -> None:
        self.machine.systemctl("stop", f"trueup@{self.name}.socket", self.unit)

    def shown(self, name: str) -> str:
        return self.machine.shown(self.unit, name)

    @property
    def is_active(self) -> bool:
        return self.shown("ActiveState") == "active"

    @property
    def status(self) -> str:
        return self.shown("StatusText")

    @property
    def log(self) -> str:
        return self.machine.path(f"/run/{self.name}.log").read_text()

    def ask(self, *args: str, uid: int | None = None) -> subprocess.CompletedProcess[str]:
        return self.machine.trueup(*args, "--config", self.file, uid=uid)
