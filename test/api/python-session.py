"""What a program written with docker-py does in a day. Argument: the engine's address. Says `session complete` at the end."""
import io
import sys
import tarfile
import threading
import time

import docker

client = docker.DockerClient(base_url=sys.argv[1], timeout=30)
# run() reads the output of the drivers json-file and journald only.
kept = docker.types.LogConfig(type=docker.types.LogConfig.types.JSON)
mark = f"py{int(time.time() * 1000)}"

assert client.ping()
assert client.version()["ApiVersion"]
assert client.info()["OSType"] == "linux"

image = client.images.get("busybox:latest")
assert image.id.startswith("sha256:") and image.tag(mark, "one")
assert any(f"{mark}:one" in found.tags for found in client.images.list(name=mark))
client.images.remove(f"{mark}:one")
try:
    client.images.get(f"{mark}:one")
    raise AssertionError("it is still there")
except docker.errors.ImageNotFound:
    pass

assert client.containers.run("busybox", ["echo", "hello"], remove=True, log_config=kept) == b"hello\n"
try:
    client.containers.run("busybox", ["sh", "-c", "echo bad >&2; exit 4"], remove=True, log_config=kept)
    raise AssertionError("no error")
except docker.errors.ContainerError as error:
    assert error.exit_status == 4 and error.stderr == b"bad\n", error

seen = []
events = client.events(decode=True, filters={"label": f"mark={mark}"})
listener = threading.Thread(target=lambda: [seen.append(event["Action"]) for event in events], daemon=True)
listener.start()

volume = client.volumes.create(mark, labels={"mark": mark})
assert [found.name for found in client.volumes.list(filters={"label": f"mark={mark}"})] == [mark]
network = client.networks.create(mark, driver="bridge", labels={"mark": mark})
box = client.containers.run(
    "busybox", ["sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"], detach=True, name=mark, labels={"mark": mark},
    environment={"A": "b"}, volumes={mark: {"bind": "/data", "mode": "rw"}}, network=mark, mem_limit="64m", ports={"80/tcp": None})
box.reload()
assert box.status == "running" and box.name == mark
assert box.attrs["HostConfig"]["Memory"] == 64 << 20
assert mark in box.attrs["NetworkSettings"]["Networks"]
assert int(box.ports["80/tcp"][0]["HostPort"]) > 0
network.reload()
assert [found.id for found in network.containers] == [box.id]

lines = box.logs(stream=True, follow=True)
text = b""
while b"line 3\n" not in text:
    text += next(lines)
assert text.startswith(b"line 1\n"), text
lines.close()
assert box.logs(tail=1).startswith(b"line ")

code, output = box.exec_run(["sh", "-c", "echo $A; echo err >&2; exit 3"], demux=True)
assert (code, output) == (3, (b"b\n", b"err\n")), (code, output)
assert box.exec_run("id -u", user="app") == (0, b"1000\n")
stream = box.exec_run("echo streamed", stream=True).output
assert b"".join(stream) == b"streamed\n"
assert box.top()["Titles"][0]

stats = box.stats(stream=False)
assert stats["memory_stats"]["usage"] > 0 and stats["cpu_stats"]["cpu_usage"]["total_usage"] > 0
several = box.stats(stream=True, decode=True)
assert next(several)["read"] and next(several)["read"]
several.close()

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as tar:
    entry = tarfile.TarInfo("note")
    entry.size = 5
    tar.addfile(entry, io.BytesIO(b"words"))
assert box.put_archive("/data", archive.getvalue())
assert box.exec_run("cat /data/note") == (0, b"words")
chunks, stat = box.get_archive("/data/note")
assert stat["name"] == "note" and stat["size"] == 5
with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
    assert tar.extractfile("note").read() == b"words"
assert any(change["Path"] == "/data" for change in box.diff() or []) or box.diff() is not None

socket = box.attach_socket(params={"stdout": 1, "stream": 1, "logs": 0})
assert socket.read(8)
socket.close()

box.pause()
box.reload()
assert box.status == "paused"
box.unpause()
box.rename(f"{mark}-b")
box.update(mem_limit="32m", memswap_limit="64m")
box.reload()
assert box.name == f"{mark}-b" and box.attrs["HostConfig"]["Memory"] == 32 << 20
assert [found.id for found in client.containers.list(filters={"label": f"mark={mark}"})] == [box.id]
box.stop(timeout=0)
assert box.wait()["StatusCode"] == 137
box.start()
box.restart(timeout=0)
box.kill()
box.remove(v=True)
try:
    client.containers.get(box.id)
    raise AssertionError("it is still there")
except docker.errors.NotFound:
    pass
network.remove()
volume.remove()

deadline = time.time() + 10
while "destroy" not in seen and time.time() < deadline:
    time.sleep(0.05)
for action in ["create", "start", "pause", "unpause", "rename", "update", "kill", "die", "stop", "restart", "destroy"]:
    assert action in seen, (action, seen)
events.close()
assert client.df()["Images"]
assert client.containers.prune()["SpaceReclaimed"] >= 0
print("session complete")
