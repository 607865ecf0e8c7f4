"""What a person types: words, flags, exit statuses, and the sentence for each mistake."""
import os
import shutil

import pytest

from harness import manifests, ports
from harness.otemon import PROGRAM, ROOT
from harness.shell import run as shell

DONE, FAILED, USAGE = 0, 1, 2


def otemon(*words, **options):
    return shell(PROGRAM, *words, **options)


@pytest.mark.parametrize("words, sentence", [
    (["rnu"], "otemon: there is no command \"rnu\"; did you mean run; otemon --help lists the "
              "commands"),
    (["generate", "tls"], "otemon generate: there is no command \"tls\"; otemon generate --help "
                          "lists the commands"),
    (["--run"], "otemon: run is a command, not a flag: otemon run"),
    (["run", "--version"], "otemon run: there is no flag --version; otemon run --help lists the "
                           "flags"),
    (["-v"], "otemon: there is no flag -v; otemon --help lists the flags"),
    (["validate"], "otemon validate: PATH... is missing; usage: otemon validate [flags] PATH..."),
    (["validate", "-o", "xml", "a"], "otemon validate: --output is one of text|json, not \"xml\""),
    (["validate", "a", "-o"], "otemon validate: --output needs a value: text|json"),
    (["convert", "--to", "kumactl", "a"],
     "otemon convert: --to is one of universal|kubernetes, not \"kumactl\""),
    (["validate", "-x", "a"], "otemon validate: there is no flag -x; otemon validate --help lists "
                              "the flags"),
    (["version", "now"], "otemon version: \"now\" is one argument too many; usage: otemon version"),
    (["run"], "otemon run: DIR is missing; usage: otemon run [flags] DIR"),
    (["run", "a", "b"], "otemon run: \"b\" is one argument too many; usage: otemon run [flags] "
                        "DIR"),
    (["run", "--adress=::1", "a"], "otemon run: there is no flag --adress; did you mean --address; "
                                   "otemon run --help lists the flags"),
    (["run", "a", "--admin"], "otemon run: --admin needs a value: ADDRESS:PORT|off"),
    (["run", "a", "--workers=0"], "otemon run: --workers is a number from 1 to 256, not \"0\""),
    (["run", "a", "--workers=two"], "otemon run: --workers is a number from 1 to 256, not \"two\""),
    (["run", "a", "--watch=no"], "otemon run: --watch is true or false, not \"no\""),
    (["run", "a", "--access-log=xml"], "otemon run: --access-log is one of text|json|off, not "
                                       "\"xml\""),
    (["run", "a", "--address=localhost"], "otemon run: --address is an IP address, not "
                                          "\"localhost\""),
    (["run", "a", "--health=9902"], "otemon run: --health: \"9902\" is not an IP address and "
                                    "port: write it like 127.0.0.1:9902"),
    (["run", "a", "--health=localhost:9902"],
     "otemon run: --health: \"localhost:9902\" is not an IP address and port: write it like "
     "127.0.0.1:9902"),
    (["run", "a", "--admin=0.0.0.0:9901"],
     "otemon run: --admin: \"0.0.0.0\" is not a loopback address: the admin address shows the "
     "configuration, so it has to be of 127.0.0.0/8 or ::1"),
])
def test_what_is_not_understood(words, sentence):
    """One sentence on standard error, with the right word where there is one; status 2."""
    done = otemon(*words)
    assert (done.returncode, done.stdout, done.stderr) == (USAGE, "", sentence + "\n")


@pytest.mark.parametrize("words", [[], ["run"], ["generate"], ["generate", "tls-certificate"],
                                   ["validate"], ["convert"], ["version"]])
def test_help_at_each_level(words):
    """The page of a command, which fits 80 columns, and names each flag and exit status."""
    done = otemon(*words, "--help")
    assert (done.returncode, done.stderr) == (DONE, "")
    path = " ".join(["otemon", *words])
    assert done.stdout.startswith(f"NAME\n       {path} - ")
    for heading in ("SYNOPSIS", "DESCRIPTION"):
        assert f"\n\n{heading}\n       " in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert not any(line.endswith(" ") for line in done.stdout.splitlines())
    for same in (["help", *words], [*words, "-h"]):
        assert otemon(*same).stdout == done.stdout


@pytest.mark.parametrize("words", [[], ["generate"]])
def test_a_command_with_commands_shows_its_page(words):
    assert otemon(*words).stdout == otemon(*words, "--help").stdout


def test_the_page_of_run():
    page = otemon("run", "--help").stdout
    for flag in ("dataplane=NAME", "address=IP", "watch[=true|false]", "workers=N",
                 "health=ADDRESS:PORT|off", "admin=ADDRESS:PORT|off", "access-log=text|json|off",
                 "drain-delay=SECONDS", "drain-time=SECONDS"):
        assert f"\n       --{flag}" in page
    for status in range(3):
        assert f"\n       {status}  " in page
    assert "\n       otemon run examples/quickstart\n" in page


def test_the_page_of_validate():
    page = otemon("validate", "--help").stdout
    assert "\n       otemon validate [flags] PATH...\n" in page
    assert "\n       -o, --output=text|json  (default text)\n" in page
    for status in range(3):
        assert f"\n       {status}  " in page


@pytest.mark.parametrize("program, words", [
    ("otemon", ["version"]), ("otemon", ["--version"]), ("otemon-proxy", ["--version"]),
    ("otemon-operator", ["--version"]),
])
def test_version(program, words):
    """All programs are of one product, and say so in the same words."""
    done = shell(PROGRAM.with_name(program), *words)
    assert (done.returncode, done.stderr) == (DONE, "")
    version = (ROOT / "CMakeLists.txt").read_text().split("VERSION ", 2)[2].split()[0].strip(")")
    assert done.stdout == f"otemon {version}\n"


def fails(directory, *flags, prefix=()):
    """Standard error of a run that ends with 1."""
    words = [*prefix, PROGRAM, "run", "--health=off", "--admin=off", *flags, directory]
    done = shell(*words)
    assert done.returncode == FAILED, done.stdout + done.stderr
    return done.stderr


def test_a_missing_directory(tmp_path):
    assert fails(tmp_path / "no") == f"otemon: there is no directory {tmp_path}/no\n"


def test_a_file_is_no_directory(tmp_path):
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(8080))
    assert fails(tmp_path / "gateway.yaml") == f"otemon: {tmp_path}/gateway.yaml is no directory\n"


def test_an_empty_directory(tmp_path):
    assert fails(tmp_path) == (f"otemon: {tmp_path} holds no MeshGateway; manifests are files "
                               "named *.yaml, *.yml or *.json\n")


def test_a_directory_without_a_gateway(tmp_path):
    manifests.write(tmp_path / "services.yaml", manifests.service("web", 9001))
    assert "holds no MeshGateway; manifests are files named" in fails(tmp_path)
    manifests.write(tmp_path / "routes.yaml", manifests.route(("/", "PREFIX", {"web": 1})))
    assert "holds no MeshGateway that can be served here; the findings above" in fails(tmp_path)


def test_a_directory_whose_gateway_is_broken(tmp_path):
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(0))
    assert fails(tmp_path) == (f"otemon: {tmp_path} has no listener that can be served; the "
                               "findings above say why\n")


def test_an_address_of_another_machine(tmp_path):
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(8080))
    done = otemon("run", "--health=off", "--admin=off", "--address=192.0.2.1", tmp_path)
    assert done.returncode == FAILED
    assert ("error: --address 192.0.2.1 is not an address of this machine; choose one that is, "
            "such as 127.0.0.1\n") in done.stdout
    assert "192.0.2.1:8080 is not an address of this machine" in done.stderr


def test_a_second_run_of_the_same_directory(run, tmp_path):
    """It takes nothing from the first, whose health and admin addresses it leaves alone, too."""
    port = ports.free()
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(port))
    first = run(tmp_path, plain=True).wait_ready()
    second = run(tmp_path, plain=True)
    assert second.wait_end() == FAILED
    assert second.err == [f"otemon: not served: listener edge:HTTP:{port}: 127.0.0.1:{port} is in "
                          "use by another process"]
    assert first.get_health("/ready")[0] == 200


def test_two_directories_at_once(run, tmp_path):
    """The default health and admin addresses are the first's; the second goes on without."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        manifests.write(tmp_path / name / "gateway.yaml", manifests.gateway(ports.free()))
    run(tmp_path / "one", plain=True).wait_ready()
    second = run(tmp_path / "two", plain=True)
    second.wait_said("ADDRESS")
    second.wait_said("going on without --admin")
    assert second.err == [
        "otemon: going on without --health: port 9902 of 127.0.0.1 is in use by another process",
        "otemon: going on without --admin: port 9901 of 127.0.0.1 is in use by another process"]


@pytest.mark.parametrize("flag", ["health", "admin"])
def test_an_address_that_was_asked_for_has_to_be_free(run, tmp_path, flag):
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(ports.free()))
    first = run(tmp_path).wait_ready()
    (tmp_path / "two").mkdir()
    manifests.write(tmp_path / "two/gateway.yaml", manifests.gateway(ports.free()))
    done = otemon("run", f"--{flag}=127.0.0.1:{first.health}", tmp_path / "two")
    assert done.returncode == FAILED
    assert done.stderr == (f"otemon: --{flag}: port {first.health} of 127.0.0.1 is in use by "
                           "another process\n")


# Who may not everything: root becomes such a user, others are.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
          "--bounding-set=-all") if os.getuid() == 0 else ()


@pytest.fixture(name="open_path")
def fixture_open_path(tmp_path):
    """A directory that every user can reach, with a copy of the program."""
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and path.stat().st_mode & 0o005 != 0o005:
            path.chmod(path.stat().st_mode | 0o055)
    shutil.copy(PROGRAM, tmp_path / "otemon")
    return tmp_path


def test_no_permission_for_a_port(open_path):
    directory = open_path / "manifests"
    directory.mkdir()
    manifests.write(directory / "gateway.yaml", manifests.gateway(80))
    done = shell(*NOBODY, open_path / "otemon", "run", "--health=off", "--admin=off", directory)
    assert done.returncode == FAILED
    assert done.stderr == (
        "otemon: not served: listener edge:HTTP:80: 127.0.0.1:80: no permission for this port; "
        "ports below the sysctl net.ipv4.ip_unprivileged_port_start (1024) need root or "
        "CAP_NET_BIND_SERVICE\n")


def test_no_permission_for_the_directory(open_path):
    directory = open_path / "manifests"
    directory.mkdir(mode=0)
    done = shell(*NOBODY, open_path / "otemon", "run", directory)
    assert done.returncode == FAILED
    assert done.stderr == f"otemon: no permission to read the directory {directory}\n"


def test_no_permission_for_a_file(open_path):
    """The other files are served."""
    directory = open_path / "manifests"
    directory.mkdir()
    manifests.write(directory / "gateway.yaml", manifests.gateway(0))
    manifests.write(directory / "secret.yaml", "type: Mesh\nname: default\n")
    (directory / "secret.yaml").chmod(0)
    done = shell(*NOBODY, open_path / "otemon", "run", "--health=off", "--admin=off", directory)
    assert done.returncode == FAILED
    assert (f"{directory}/secret.yaml: error: {directory}/secret.yaml: permission denied. Nothing "
            "of this file is used") in done.stdout
