/**
 * Which folder may import which. A layer lists every layer that its files may import besides their own; what is not listed is refused.
 * The order of the table is the order of the product, from the ground up: a layer may only name layers above it in this file,
 * which is why it can have no cycle.
 */
export interface Layer {
  name: string;
  /** Path prefixes relative to the repository; the longest prefix over all layers decides where a file belongs. */
  paths: readonly string[];
  imports: readonly string[];
  /** The only files that other layers may import, where a layer has a front door. */
  doors?: readonly string[];
  /** `all`: any `node:` module; `none`: this code also runs where there is no Node. */
  node: 'all' | 'none';
  /** What to do instead when an import is refused. */
  remedy: string;
}

/** What every part of the engine may stand on: tools, contract, and values that parts exchange. */
const ENGINE_GROUND = ['engine/tar', 'base', 'api', 'engine/values', 'engine/linux', 'engine/store', 'engine/events'] as const;

const ENGINE_PARTS = ['engine/archive', 'engine/explorer', 'engine/content', 'engine/snapshots', 'engine/gc', 'engine/registry', 'engine/images', 'engine/runtime', 'engine/logs', 'engine/network', 'engine/volumes'] as const;

export const LAYERS: readonly Layer[] = [
  { name: 'base', paths: ['src/base/'], imports: [], node: 'all', remedy: 'src/base knows no product: pass what it needs as an argument' },
  { name: 'api', paths: ['src/api/'], imports: [], node: 'none', remedy: 'src/api is the contract and runs in browsers too: move code that needs Node or the product to src/api/node or to its caller' },
  { name: 'api/node', paths: ['src/api/node/'], imports: ['api', 'base'], node: 'all', remedy: 'a transport moves bytes and knows no product: keep to src/api and src/base' },

  {
    name: 'engine/values', imports: ['base', 'api'], node: 'all', remedy: 'the values that parts of the engine exchange stand below all of them: keep them plain',
    paths: ['src/engine/snapshots/mount.', 'src/engine/content/digest.', 'src/engine/images/manifest.', 'src/engine/images/untrusted-json.', 'src/engine/images/image-config.', 'src/engine/images/reference.', 'src/engine/images/reference-pattern.', 'src/engine/registry/platform.', 'src/engine/network/cidr.', 'src/engine/filters.ts', 'src/engine/version.'],
  },
  {
    name: 'engine/tar', paths: ['src/engine/archive/tar-', 'src/engine/archive/pax.', 'src/engine/archive/sparse-map.'], imports: ['api'], node: 'all',
    remedy: 'the tar format is shared by engine and command: keep it to bytes in, entries out',
  },
  {
    name: 'engine/dockerfile', imports: ['base', 'api', 'engine/values'], node: 'all', remedy: 'the language of Dockerfiles is pure: text and values in, a graph out; reading files and running steps is for whoever calls it',
    paths: ['src/engine/build/dockerfile/', 'src/engine/build/shell/', 'src/engine/build/instructions/', 'src/engine/build/ignore/', 'src/engine/build/lint/', 'src/engine/build/graph/'],
  },
  { name: 'engine/config', paths: ['src/engine/config.', 'src/engine/config-reload.', 'src/engine/config-network.'], imports: ['base', 'api', 'engine/values'], node: 'all', remedy: 'the configuration is plain data: let main.ts hand it to whoever needs it' },
  { name: 'engine/linux', paths: ['src/engine/linux/'], imports: ['base', 'api', 'engine/values'], node: 'all', remedy: 'src/engine/linux is the door to the kernel and stands on src/base alone: pass values in' },
  { name: 'engine/store', paths: ['src/engine/store/'], imports: ['base', 'api', 'engine/values'], node: 'all', remedy: 'the database stands at the bottom: define the record here or pass it in' },
  { name: 'engine/events', paths: ['src/engine/events/'], imports: ['base', 'api', 'engine/values'], node: 'all', remedy: 'events only announce what has happened: the announcer calls them, never the other way' },
  { name: 'engine/archive', paths: ['src/engine/archive/'], imports: ENGINE_GROUND, node: 'all', remedy: 'reading and writing archives knows no image and no container: pass streams and names in' },
  { name: 'engine/explorer', paths: ['src/engine/explorer/'], imports: [...ENGINE_GROUND, 'engine/archive'], node: 'all', remedy: 'the explorer computes from indexes of layers: read them in images/explore and pass them in' },
  { name: 'engine/content', paths: ['src/engine/content/'], imports: ENGINE_GROUND, node: 'all', remedy: 'blobs know nothing of images or containers: pass a digest in' },
  { name: 'engine/snapshots', paths: ['src/engine/snapshots/'], imports: [...ENGINE_GROUND, 'engine/archive'], node: 'all', remedy: 'snapshots know nothing of images or containers: pass a key in' },
  { name: 'engine/gc', paths: ['src/engine/gc/'], imports: [...ENGINE_GROUND, 'engine/content', 'engine/snapshots'], node: 'all', remedy: 'garbage collection sees roots and edges only: let the owner of a root register it' },
  { name: 'engine/registry', paths: ['src/engine/registry/'], imports: [...ENGINE_GROUND, 'engine/content'], node: 'all', remedy: 'the registry client moves manifests and blobs: let images decide what becomes of them' },
  { name: 'engine/images', paths: ['src/engine/images/'], imports: [...ENGINE_GROUND, 'engine/config', 'engine/archive', 'engine/explorer', 'engine/content', 'engine/snapshots', 'engine/gc', 'engine/registry'], node: 'all', remedy: 'images stand over content and snapshots and know no container: take the fact as an argument or through a seam defined in images/' },
  { name: 'engine/runtime', paths: ['src/engine/runtime/'], imports: ENGINE_GROUND, node: 'all', remedy: 'the runtime is told everything in its request: put it into the spec' },
  { name: 'engine/logs', paths: ['src/engine/logs/'], imports: [...ENGINE_GROUND, 'engine/runtime'], node: 'all', remedy: 'logs know files and what is told of a container: pass its facts in' },
  { name: 'engine/network', paths: ['src/engine/network/'], imports: ENGINE_GROUND, node: 'all', remedy: 'networks know no container: pass what they need to attach()' },
  { name: 'engine/volumes', paths: ['src/engine/volumes/'], imports: [...ENGINE_GROUND, 'engine/archive'], node: 'all', remedy: 'volumes know no container: pass what they need in' },
  { name: 'engine/containers', paths: ['src/engine/containers/'], imports: [...ENGINE_GROUND, 'engine/config', ...ENGINE_PARTS], node: 'all', remedy: 'containers reach the rest through the seams of runtime, network, volumes and images; they know no HTTP and no command' },
  { name: 'engine/build', paths: ['src/engine/build/'], imports: [...ENGINE_GROUND, 'engine/dockerfile', 'engine/config', ...ENGINE_PARTS, 'engine/containers'], node: 'all', remedy: 'builds know no HTTP and no command: hand the result up' },
  { name: 'engine/check', paths: ['src/engine/check/'], imports: [...ENGINE_GROUND, ...ENGINE_PARTS, 'engine/containers'], node: 'all', remedy: 'the check looks at what others keep and is known to nobody below: let the owner offer what it needs to see' },
  { name: 'engine/explain', paths: ['src/engine/explain/'], imports: [...ENGINE_GROUND, ...ENGINE_PARTS, 'engine/containers'], node: 'all', remedy: 'explaining reads what others keep and is known to nobody below: let the owner offer what it needs to see' },
  { name: 'engine/server', paths: ['src/engine/server/', 'src/engine/filters.test.ts'], imports: [...ENGINE_GROUND, 'engine/dockerfile', 'engine/config', ...ENGINE_PARTS, 'engine/containers', 'engine/build', 'engine/check', 'engine/explain'], node: 'all', remedy: 'a route decodes, makes one call into the engine and encodes: put the work into the folder of the engine that owns it' },
  { name: 'engine/main', paths: ['src/engine/main.ts', 'src/engine/engine.ts'], imports: [...ENGINE_GROUND, 'engine/config', ...ENGINE_PARTS, 'engine/containers', 'engine/build', 'engine/check', 'engine/explain', 'engine/server'], node: 'all', remedy: 'the composition root of the engine chooses implementations inside src/engine only' },

  {
    name: 'machine', paths: ['src/machine/'], doors: ['src/machine/client.ts', 'src/machine/machine-config.ts', 'src/machine/machine-control.ts', 'src/machine/machine-peer.ts', 'src/machine/machine-life.ts', 'src/machine/machine-paths.ts', 'src/machine/start-machine.ts'],
    imports: ['base', 'api', 'api/node'], node: 'all', remedy: 'the agent talks to the engine over its socket and to everybody else through src/api/machine.ts',
  },
  { name: 'cli', paths: ['src/cli/'], imports: ['engine/tar', 'base', 'api', 'api/node', 'machine'], node: 'all', remedy: 'the command is a client: it reaches the engine through src/api and the agent through src/machine/machine-life.ts, start-machine.ts and client.ts' },
  { name: 'desktop', paths: ['src/desktop/'], imports: ['base', 'api', 'api/node', 'machine'], node: 'all', remedy: 'the shell is a client: it reaches the engine through src/api and the agent through src/machine/machine-life.ts, start-machine.ts and client.ts' },
  { name: 'renderer', paths: ['renderer/'], imports: ['api'], node: 'none', remedy: 'the interface runs in a browser and reaches the engine only through the Transport of src/api' },

  { name: 'vm-images', paths: ['vm-images/'], imports: ['base'], node: 'all', remedy: 'the guest recipe holds no product logic: copy built files, do not import the sources' },
  { name: 'resources', paths: ['resources/'], imports: ['base'], node: 'all', remedy: 'resources are data; a recipe there stands on src/base alone' },
  { name: 'setup', paths: ['src/setup/'], imports: ['base', 'api', 'api/node', 'machine', 'vm-images', 'resources'], node: 'all', remedy: 'set-up starts programs, it does not import them' },
  { name: 'tooling', paths: ['eslint.config.', 'vite.config.', 'knip.', 'renderer/vite.config.', 'playwright.config.', 'lint/'], imports: [], node: 'all', remedy: 'configuration of tools stands alone' },
  {
    name: 'test', paths: ['test/'],
    imports: [...ENGINE_GROUND, 'engine/dockerfile', 'engine/config', ...ENGINE_PARTS, 'engine/containers', 'engine/build', 'engine/check', 'engine/explain', 'engine/server', 'api/node', 'machine', 'cli', 'desktop', 'renderer', 'vm-images', 'resources', 'setup'],
    node: 'all', remedy: 'a test imports what it tests, and starts programs instead of importing their main.ts',
  },
  { name: 'bench', paths: ['bench/'], imports: ['base', 'api', 'api/node', 'engine/content', 'engine/images', 'test'], node: 'all', remedy: 'benchmarks measure programs from outside: use src/api and test/fixtures; only what a part of unpacking costs is measured inside' },
];

/** Packages and `node:` modules that belong to some layers only. Test files beside the source may use them too where their layer could. */
export const RESERVED: Readonly<Record<string, { layers: readonly string[]; remedy: string }>> = {
  electron: { layers: ['desktop'], remedy: 'only src/desktop imports electron: talk to it over the IPC map of src/api' },
  koffi: { layers: ['engine/linux'], remedy: 'kernel calls live in src/engine/linux: add a function there and call it' },
  'node:sqlite': { layers: ['engine/store'], remedy: 'the database is reached through src/engine/store' },
  ssh2: { layers: ['machine', 'api/node'], remedy: 'ssh is spoken by the agent and by the ssh transport only' },
  vue: { layers: ['renderer'], remedy: 'the interface lives in renderer/' },
  pinia: { layers: ['renderer'], remedy: 'the interface lives in renderer/' },
  'playwright-core': { layers: [], remedy: 'browsers are driven by tests only' },
};
