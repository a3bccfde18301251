import type { Digest } from '../../content/digest.ts';
import type { LayerArrival, LayerDeparture, PullProgress, PushProgress } from '../../images/transfer/transfer-progress.ts';
import type { ProgressStream } from '../progress-stream.ts';

/** Twelve digits, as docker shows layers. */
const short = (digest: Digest): string => digest.slice('sha256:'.length, 'sha256:'.length + 12);

const ARRIVAL: Readonly<Record<Exclude<LayerArrival['phase'], 'retrying'>, string>> = {
  queued: 'Pulling fs layer', waiting: 'Waiting', downloading: 'Downloading', verifying: 'Verifying Checksum', downloaded: 'Download complete', extracting: 'Extracting',
  complete: 'Pull complete', exists: 'Already exists',
};

/** Docker's words for a pull: clients wait for some of them. */
export function sayPull(stream: ProgressStream, progress: PullProgress): void {
  switch (progress.kind) {
    case 'source': stream.say({ status: `Pulling from ${progress.path}`, id: progress.tag }); return;
    case 'layer': {
      const { arrival, digest } = progress;
      if (arrival.phase === 'downloading' || arrival.phase === 'extracting') stream.bar(ARRIVAL[arrival.phase], short(digest), arrival.current, arrival.total);
      else if (arrival.phase === 'retrying') stream.say({ status: `Retrying in ${arrival.seconds} second${arrival.seconds === 1 ? '' : 's'}`, progressDetail: {}, id: short(digest) });
      else stream.say({ status: ARRIVAL[arrival.phase], progressDetail: {}, id: short(digest) });
      return;
    }
    case 'warning': stream.say({ status: `WARNING: ${progress.text}` }); return;
    case 'digest': stream.say({ status: `Digest: ${progress.digest}` }); return;
    case 'done':
      stream.say({ status: `Status: ${progress.changed ? 'Downloaded newer image' : 'Image is up to date'} for ${progress.name}` });
  }
}

const DEPARTURE: Readonly<Record<Exclude<LayerDeparture['phase'], 'pushing' | 'mounted'>, string>> = {
  preparing: 'Preparing', waiting: 'Waiting', pushed: 'Pushed', exists: 'Layer already exists',
};

export function sayPush(stream: ProgressStream, progress: PushProgress): void {
  switch (progress.kind) {
    case 'target': stream.say({ status: `The push refers to repository [${progress.repository}]` }); return;
    case 'layer': {
      const { departure, diffId } = progress;
      if (departure.phase === 'pushing') stream.bar('Pushing', short(diffId), departure.current, departure.total);
      else stream.say({ status: departure.phase === 'mounted' ? `Mounted from ${departure.from}` : DEPARTURE[departure.phase], progressDetail: {}, id: short(diffId) });
      return;
    }
    case 'done':
      stream.say({ status: `${progress.tag}: digest: ${progress.digest} size: ${progress.size}` });
      stream.say({ progressDetail: {}, aux: { Tag: progress.tag, Digest: progress.digest, Size: progress.size } });
  }
}
