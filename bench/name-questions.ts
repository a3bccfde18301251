import { createSocket } from 'node:dgram';

/**
 * A program, run in the network of a container: asks 127.0.0.11 for the name in its arguments, so many questions under way at once, as fast as
 * answers come. Prints questions per second and the 99th percentile of their times, in milliseconds. Source of the format: RFC 1035 §4.
 */
const [name = '', count = '', atOnce = ''] = process.argv.slice(2);
const total = Number(count);
const query = Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, name.length]), Buffer.from(name), Buffer.from([0, 0, 1, 0, 1])]);
const socket = createSocket('udp4');
const sentAt = new Float64Array(65_536);
const times: number[] = [];
let sent = 0;
let beganAt = 0;

function ask(): void {
  if (sent === total) return;
  const id = sent & 65_535;
  query.writeUInt16BE(id, 0);
  sentAt[id] = performance.now();
  sent += 1;
  socket.send(Buffer.from(query));
}

socket.on('message', (answer) => {
  // One address, as it should be: what is measured is answers, not refusals.
  if ((answer[3] ?? 0) % 16 !== 0 || answer.readUInt16BE(6) !== 1) throw new Error(`not resolved: ${answer.toString('hex')}`);
  times.push(performance.now() - (sentAt[answer.readUInt16BE(0)] ?? 0));
  if (times.length < total) { ask(); return; }
  const seconds = (performance.now() - beganAt) / 1000;
  times.sort((one, other) => one - other);
  process.stdout.write(`${JSON.stringify({ perSecond: total / seconds, p99Ms: times[Math.floor(total * 0.99)] })}\n`);
  socket.close();
});
socket.connect(53, '127.0.0.11', () => {
  beganAt = performance.now();
  for (let left = Number(atOnce); left > 0; left -= 1) ask();
});
