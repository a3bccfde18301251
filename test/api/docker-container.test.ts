import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Scratch, uniqueName } from '../fixtures/scratch.ts';
import { waitUntil } from '../fixtures/wait-until.ts';
import { onEveryEndpoint } from './endpoint.ts';

const NAME = uniqueName('cli');

/** A command line, its exit status, and what it prints: `~` is the container's name. Text is all of standard output, a pattern finds itself in either stream. */
type Row = readonly [args: string, code: number, prints: string | RegExp];

/** In this order, on one container that prints, sleeps, and ends with 3 on SIGTERM. */
const LIFE: readonly Row[] = [
  ['container ls --filter name=~ --format {{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Networks}}|{{.LocalVolumes}}|{{.Ports}}', 0, /^~\|busybox\|"sh -c 'echo out; ec…"\|running\|bridge\|0\|127\.0\.0\.1:\d+->80\/tcp$/m],
  ['container ls --no-trunc --filter name=~ --format {{.Command}}', 0, /^"sh -c 'echo out; echo err/],
  ['container ls -n 1 --format {{.Names}}', 0, '~\n'], ['container ls -l --format {{.Names}}', 0, '~\n'], ['container ls -a --filter label=cli=1 --format {{.Names}}|{{.Label_"cli"}}|{{.Mounts}}', 0, '~|1|/usr/share\n'],
  ['container ls --filter bogus=x', 1, /invalid filter 'bogus'/i], ['container ls --filter status=bogus', 1, /invalid filter 'status=bogus'/i],
  ['port ~', 0, /^80\/tcp -> 127\.0\.0\.1:\d+\n$/], ['port ~ 80/tcp', 0, /^127\.0\.0\.1:\d+\n$/], ['port ~ 81', 1, /no public port '81(\/tcp)?' published for ~/i],
  ['logs --tail 1 ~', 0, /(out|err)/], ['logs --tail 0 ~', 0, ''], ['logs --since 1h ~', 0, 'out\n'], ['logs --since 2099-01-01T00:00:00Z ~', 0, ''], ['logs --until 1h ~', 0, ''], ['logs -t ~', 0, /^\d{4}-\d\d-\d\dT[\d:.]+Z out$/m],
  ['stats --no-stream --format {{.Name}}|{{.Container}} ~', 0, '~|~\n'], ['stats --no-stream nobody', 1, /no such container: nobody/i],
  ['top ~', 0, /^UID +PID +PPID +C +STIME +TTY +TIME +CMD\n/], ['top ~ -eo pid,comm', 0, /^PID +COMMAND\n\d+ +sh\n/],
  ['exec -e A=1 -w /tmp -u app ~ sh -c echo_$A_$(id_-un)_$(pwd)', 0, '1 app /tmp\n'], ['exec -d ~ touch /tmp/d', 0, ''], ['exec ~ sh -c exit_9', 9, ''], ['exec -t ~ tty', 0, /^\/dev\/pts\/\d+\r\n$/],
  ['exec ~ no-such-program', -126, /no-such-program.*executable file not found/], ['exec -w /nope ~ true', -126, /\/nope/], ['exec -u nobody-at-all ~ true', -126, /nobody-at-all/], ['exec nobody true', 1, /no such container: nobody/i],
  ['cp -q ~:/nope -', 1, /could not find the file \/nope in container ~|no such container:path/i], ['diff ~', 0, /^A \/tmp\/d$/m], ['diff nobody', 1, /no such container: nobody/i],
  ['inspect -s --format {{.SizeRw}} ~', 0, '0\n'], ['inspect --type container --format {{.Name}} ~', 0, '/~\n'], ['inspect --type image ~', 1, /no such image: ~/i], ['inspect --type container busybox', 1, /no such container: busybox/i], ['inspect --format {{.Nope}} ~', 1, /Nope/],
  ['pause ~', 0, '~\n'], ['pause ~', 1, /is already paused/], ['exec ~ true', 1, /is paused, unpause the container before exec/], ['start ~', 1, /cannot start a paused container, try unpause instead/i], ['container ls --filter name=~ --filter status=paused --format {{.Names}}', 0, '~\n'], ['unpause ~', 0, '~\n'], ['unpause ~', 1, /is not paused/],
  ['update --cpu-shares 300 --memory 64m --memory-swap 64m ~', 0, '~\n'], ['inspect --format {{.HostConfig.CpuShares}}|{{.HostConfig.Memory}} ~', 0, '300|67108864\n'], ['update --memory 1k ~', 1, /minimum memory limit allowed is [46]MB/i], ['update --restart no ~', 0, '~\n'],
  ['rename ~ ~-new', 0, ''], ['rename ~-new ~-new', 1, /same name as its current name/], ['rename ~-new ~', 0, ''], ['rename nobody x1', 1, /no such container: nobody/i],
  ['kill -s CHLD ~', 0, '~\n'], ['kill --signal NOPE ~', 1, /invalid signal: NOPE/i], ['container prune --force --filter label=nobody', 0, 'Total reclaimed space: 0B\n'], ['container prune --force --filter until=x', 1, /until|time or duration/],
  ['restart -t 5 ~', 0, '~\n'], ['rm ~', 1, /cannot remove (a running )?container/i], ['stop -t 5 ~', 0, '~\n'], ['inspect --format {{.State.ExitCode}}|{{.State.Status}} ~', 0, '3|exited\n'], ['stop ~', 0, '~\n'], ['wait ~', 0, '3\n'], ['kill ~', 1, /cannot kill container: ~: container [0-9a-f]{64} is not running/i],
  ['attach ~', 1, /cannot attach to a stopped container, start it first/], ['commit -a me -m said -c CMD_["x"] ~ ~-image:1', 0, /^sha256:[0-9a-f]{64}\n$/], ['inspect --format {{.Author}}|{{.Comment}}|{{json_.Config.Cmd}} ~-image:1', 0, 'me|said|["x"]\n'], ['rmi ~-image:1', 0, /^Untagged: ~-image:1\nDeleted: sha256:/],
  ['rm -v ~', 0, '~\n'], ['rm ~', 1, /no such container: ~/i],
];

/** What run says of what it cannot do, before anything runs: 125. */
const REFUSED: readonly (readonly [args: string, says: RegExp])[] = [
  ['--cpus 99', /range of cpus is from 0\.01 to/i], ['--cpuset-cpus 99', /requested cpus are not available/i], ['--memory 1m', /minimum memory limit allowed is [46]MB/i], ['--device /dev/nope', /\/dev\/nope/], ['--security-opt bogus', /bogus/], ['--cap-add BOGUS', /bogus/i],
  ['--log-driver bogus', /bogus/], ['--runtime bogus', /unknown or invalid runtime name: bogus|runtime.*bogus/i], ['--isolation hyperv', /isolation/i], ['--stop-signal NOPE', /invalid signal: NOPE/i], ['--gpus all', /could not select device driver "" with capabilities: \[\[gpu\]\]/],
  ['--volumes-from nobody', /no such container: nobody/i], ['--link nobody', /could not get container for nobody/i], ['--network nobody', /network nobody not found/], ['--pull never --platform linux/s390x', /s390x/],
  ['-w relative', /the working directory 'relative' is invalid|relative/], ['-v relative/x:/y', /includes invalid characters for a local volume name|relative/], ['-p 99999:80', /99999/],
];

onEveryEndpoint('the docker command, container by container', (endpoint) => {
  before(async () => {
    const { docker } = endpoint();
    await docker.ok('run', '-d', '--name', NAME, '--label', 'cli=1', '-p', '127.0.0.1::80', '-v', '/usr/share:/mnt:ro', 'busybox', 'sh', '-c', 'echo out; echo err >&2; trap "exit 3" TERM; while :; do sleep 0.05; done');
    await waitUntil('its words', async () => /out[^]*err|err[^]*out/.test((await docker.run(['logs', NAME])).stdout + (await docker.run(['logs', NAME])).stderr));
  });
  after(() => endpoint().docker.run(['rm', '-f', NAME]));

  const named = (pattern: RegExp): RegExp => new RegExp(pattern.source.replaceAll('~', NAME), pattern.flags);
  /** Blanks part the words; an underscore stands for a blank inside one. */
  const words = (args: string): string[] => args.split(' ').map((word) => word.replaceAll('~', NAME).replaceAll('_', ' '));

  test('the life of one container', { timeout: 180_000 }, async () => {
    for (const [args, code, prints] of LIFE) {
      const result = await endpoint().docker.run(words(args));
      // What cannot be executed: 126 in 20.10, 127 or 128 since, by what was wrong.
      assert.ok(code === -126 ? result.code >= 126 && result.code <= 128 : result.code === code, `${args}: ${String(result.code)} ${result.stderr}${result.stdout}`);
      if (typeof prints === 'string') assert.equal(result.stdout, prints.replaceAll('~', NAME), args);
      else assert.match(result.stdout + result.stderr, named(prints), args);
    }
  });

  test('create takes every limit and every name; start -a and -i, wait and export', async () => {
    const { docker } = endpoint();
    await using scratch = await Scratch.create('export');
    const name = uniqueName('made');
    await docker.ok('create', '--name', name, '--add-host', 'h:1.2.3.4', '--cap-add', 'NET_ADMIN', '--cap-drop', 'MKNOD', '--cpu-shares', '512', '--dns', '9.9.9.9', '--dns-option', 'ndots:2', '--dns-search', 'ex.com', '--domainname', 'dom', '--entrypoint', 'sh',
      '--expose', '99', '--group-add', '55', '--hostname', 'hh', '--init', '-i', '--ipc', 'private', '-l', 'k=v', '--log-driver', 'json-file', '--log-opt', 'max-size=1m', '-m', '64m', '--memory-swap', '128m', '--mount', 'type=tmpfs,target=/t', '--oom-score-adj', '100',
      '--pids-limit', '100', '--security-opt', 'no-new-privileges', '--shm-size', '32m', '--stop-signal', 'SIGINT', '--stop-timeout', '3', '--tmpfs', '/t2', '--ulimit', 'nofile=100:200', '-u', 'app', '-w', '/tmp', 'busybox', '-c', 'read x; echo "got $x"; id -G; hostname; ulimit -n; exit 4');
    const shown = async (format: string): Promise<string> => docker.ok('inspect', '--format', format, name);
    assert.equal(await shown('{{.HostConfig.CpuShares}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}} {{.HostConfig.ShmSize}} {{.HostConfig.OomScoreAdj}} {{.HostConfig.Init}} {{.HostConfig.IpcMode}}'), '512 67108864 134217728 100 33554432 100 true private');
    assert.equal(await shown('{{json .HostConfig.Dns}} {{json .HostConfig.DnsOptions}} {{json .HostConfig.DnsSearch}} {{json .HostConfig.ExtraHosts}} {{json .HostConfig.GroupAdd}} {{json .HostConfig.SecurityOpt}} {{json .HostConfig.Tmpfs}} {{.HostConfig.LogConfig.Type}} {{json .HostConfig.LogConfig.Config}}'),
      '["9.9.9.9"] ["ndots:2"] ["ex.com"] ["h:1.2.3.4"] ["55"] ["no-new-privileges"] {"/t2":""} json-file {"max-size":"1m"}');
    assert.equal(await shown('{{range .Mounts}}{{.Type}}:{{.Destination}} {{end}}{{json .HostConfig.Ulimits}}'), 'tmpfs:/t [{"Name":"nofile","Hard":200,"Soft":100}]');
    assert.equal(await shown('{{.Config.Hostname}} {{.Config.Domainname}} {{.Config.User}} {{.Config.AttachStdin}} {{.Config.AttachStdout}} {{.Config.Tty}} {{.Config.OpenStdin}} {{.Config.StdinOnce}} {{json .Config.ExposedPorts}} {{json .Config.Entrypoint}} {{.Config.StopSignal}} {{.Config.StopTimeout}} {{.Config.WorkingDir}}'),
      'hh dom app true true false true true {"99/tcp":{}} ["sh"] SIGINT 3 /tmp');
    const started = await docker.run(['start', '-a', '-i', name], { input: 'words\n' });
    assert.deepEqual([started.code, started.stdout], [4, 'got words\n1000 55 2000\nhh.dom\n100\n'.replace('hh.dom', started.stdout.includes('hh.dom') ? 'hh.dom' : 'hh')]);
    assert.equal(await docker.ok('wait', name), '4');
    await docker.ok('export', '--output', scratch.file('all.tar'), name);
    assert.equal(await docker.ok('rm', name), name);
  });

  test('what run refuses, and that nothing is left of it', { timeout: 120_000 }, async () => {
    const { docker } = endpoint();
    const before = await docker.ok('ps', '-aq');
    for (const [args, says] of REFUSED) {
      const result = await docker.run(['run', '--rm', ...args.split(' '), 'busybox', 'true']);
      // 127 where the words are those of a file that is not there; 1 where the command itself refuses.
      assert.ok([125, 127, 1].includes(result.code), `${args}: ${String(result.code)} ${result.stderr}`);
      assert.match(result.stderr, says, args);
    }
    assert.equal(await docker.ok('ps', '-aq'), before);
  });
});
