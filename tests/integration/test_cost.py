"""What a request costs, counted and not timed."""
import re
import signal
import subprocess

from harness import manifests, ports
from harness.waiting import until

NGINX = """
daemon off; master_process off; error_log stderr crit; pid {directory}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000; client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u;
  scgi_temp_path {directory}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{body}"; }} }}
}}
"""


def load(port, requests):
    done = subprocess.run(["h2load", "--h1", f"-n{requests}", "-c64", f"http://127.0.0.1:{port}/"],
                          capture_output=True, text=True, check=True, timeout=60)
    assert f"{requests} succeeded" in done.stdout, done.stdout


def system_calls(pid, work):
    """How many the process makes during work()."""
    # pylint: disable-next=consider-using-with
    tracer = subprocess.Popen(["strace", "-f", "-c", "-q", "-p", str(pid)], stderr=subprocess.PIPE,
                              text=True)
    until(lambda: "TracerPid:\t0\n" not in open(f"/proc/{pid}/status", encoding="ascii").read(),
          "strace is attached")
    work()
    tracer.send_signal(signal.SIGINT)
    _, text = tracer.communicate(timeout=20)
    return int(re.search(r"^100[.,]00\s+\S+\s+(?:\S+\s+)?(\d+)\s.*total$", text, re.M)[1])


def test_a_small_request_is_four_system_calls(run, tmp_path):
    """Read, write, read, write; what connections cost drops out of the difference."""
    nginx_port, port = ports.free(), ports.free()
    (tmp_path / "nginx").mkdir()
    configuration = tmp_path / "nginx/nginx.conf"
    configuration.write_text(NGINX.format(directory=tmp_path / "nginx", port=nginx_port,
                                          body="x" * 1024), encoding="ascii")
    manifests_dir = tmp_path / "manifests"
    manifests_dir.mkdir()
    manifests.write(manifests_dir / "all.yaml", manifests.gateway(port),
                    manifests.route(("/", "PREFIX", {"web": 1})),
                    manifests.service("web", nginx_port))
    with subprocess.Popen(["/usr/sbin/nginx", "-c", configuration],
                          stderr=subprocess.DEVNULL) as nginx:
        try:
            otemon = run(manifests_dir, "--access-log=off", "--workers=1").wait_ready()
            load(port, 1000)
            pid = otemon.process.pid
            few = system_calls(pid, lambda: load(port, 4000))
            many = system_calls(pid, lambda: load(port, 24000))
        finally:
            nginx.terminate()
    assert (many - few) / 20000 <= 4.2, (few, many)
