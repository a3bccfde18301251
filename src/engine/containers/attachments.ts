import type { Duplex } from 'node:stream';
import { ConflictError } from '../../api/errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { AttachOptions, ProcessStreams } from '../runtime/runtime.ts';
import { announce } from './container-events.ts';
import type { Container } from './container.ts';
import { joinStreams } from './join-streams.ts';

export interface AttachRequest extends AttachOptions {
  detachKeys: Buffer;
}

/**
 * Connects a client to a container's streams: at once if it runs, otherwise at its next start, before the first byte of output.
 * `open` is called when everything is checked, and gives the client's connection.
 * @throws ConflictError for a paused container
 */
export async function attachClient(container: Container, request: AttachRequest, events: EventBus, open: () => Duplex): Promise<void> {
  if (container.record.state.phase === 'paused') throw new ConflictError(`container ${container.id} is paused, unpause the container before attach`);
  if (container.record.state.phase === 'restarting') throw new ConflictError(`container ${container.id} is restarting, wait until the container is running`);
  const tty = container.record.config.Tty === true;
  const stdin = request.stdin && container.record.config.OpenStdin === true;
  const join = (client: Duplex) => async (streams: ProcessStreams): Promise<void> => {
    const process = await streams.attach({ stdin, stdout: request.stdout, stderr: request.stderr });
    void joinStreams(client, process, { stdin, ...(tty && stdin ? { detachKeys: request.detachKeys } : {}) }).then((end) => {
      if (end === 'detached') announce(events, container.record, 'detach');
    });
  };
  if (container.process) {
    const process = container.process;
    const client = open();
    announce(events, container.record, 'attach');
    await join(client)(process);
    return;
  }
  const client = open();
  const early = { connect: join(client), abandon: () => { client.destroy(); } };
  client.once('close', () => container.earlyClients.delete(early));
  container.earlyClients.add(early);
  announce(events, container.record, 'attach');
}
