"""What `otemon run` prints: which dataplanes, the table, and how it fits a terminal."""
from harness import manifests, ports, wire
from harness.backend import says


def test_a_dataplane_is_derived(run, tmp_path, backend):
    """With no Dataplane for it, a gateway gets one on loopback, and the first line says so."""
    port = ports.free()
    manifests.write(tmp_path / "all.yaml", manifests.gateway(port, "foo.example.com", name="edge"),
                    manifests.route(("/", "PREFIX", {"web": 1}), name="foo"),
                    manifests.service("web", backend(says("from web")).port))
    otemon = run(tmp_path).wait_ready()
    assert otemon.out[0] == ("dataplane edge (mesh default) on 127.0.0.1, "
                             "derived from the first selector of the MeshGateway")
    assert otemon.table() == {(f"127.0.0.1:{port}", "foo.example.com"): {
        "sign": "", "address": f"127.0.0.1:{port}", "hostname": "foo.example.com",
        "protocol": "HTTP", "certificate": "-", "routes": "foo", "backends": "web (1)"}}
    assert otemon.findings() == []
    assert wire.ask(port, host="foo.example.com").body == b"from web"
    otemon.wait_said(" 200 GET foo.example.com/ ")
    otemon.stop()
    assert otemon.err == []
