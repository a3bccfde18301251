import { randomBytes } from 'node:crypto';
import { ConflictError, InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import type { EventBus } from '../events/event-bus.ts';
import { directoryBytes } from './usage.ts';
import type { VolumeDriver } from './volume-driver.ts';
import type { VolumeRecord } from './volume-record.ts';
import type { VolumeStore } from './volume-store.ts';

export interface CreateVolumeRequest {
  /** Absent: an anonymous volume with a name of its own. */
  name?: string;
  labels?: Readonly<Record<string, string>>;
  options?: Readonly<Record<string, string>>;
}

/** The volumes of this engine. */
export class Volumes {
  readonly #store: VolumeStore;
  readonly #driver: VolumeDriver;
  readonly #events: EventBus;
  readonly #byName = new Map<string, VolumeRecord>();
  readonly #lock = new KeyedLock();
  /** Who has attached a volume, by its name. */
  readonly #holders = new Map<string, Set<string>>();
  /** Ids of the containers that name a volume, running or not. */
  readonly #usersOf: (name: string) => readonly string[];

  constructor(options: { store: VolumeStore; driver: VolumeDriver; events: EventBus; usersOf: (name: string) => readonly string[] }) {
    this.#store = options.store;
    this.#driver = options.driver;
    this.#events = options.events;
    this.#usersOf = options.usersOf;
    for (const volume of this.#store.list()) this.#byName.set(volume.name, volume);
  }

  list(): readonly VolumeRecord[] {
    return [...this.#byName.values()];
  }

  /** @throws NotFoundError */
  get(name: string): VolumeRecord {
    const volume = this.#byName.get(name);
    if (!volume) throw new NotFoundError(`get ${name}: no such volume`);
    return volume;
  }

  /** Where its data lies on this machine. */
  path(name: string): string {
    return this.#driver.path({ name });
  }

  /** Bytes of its data on this engine's disk; undefined where the data lies elsewhere. */
  async usage(name: string): Promise<number | undefined> {
    return Object.keys(this.get(name).options).length > 0 ? undefined : directoryBytes(this.path(name));
  }

  isUsed(name: string): boolean {
    return this.#usersOf(name).length > 0;
  }

  /** Makes a volume, or returns the one that has this name. @returns also whether it is new. */
  create(request: CreateVolumeRequest): Promise<{ volume: VolumeRecord; created: boolean }> {
    const name = request.name === undefined || request.name === '' ? randomBytes(32).toString('hex') : request.name;
    if (name.length === 1) return Promise.reject(new InvalidArgumentError(`create ${name}: volume name is too short, names should be at least two alphanumeric characters`));
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) {
      return Promise.reject(new InvalidArgumentError(`create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`));
    }
    return this.#lock.run(name, async () => {
      const present = this.#byName.get(name);
      if (present) return { volume: present, created: false };
      const volume: VolumeRecord = { name, driver: this.#driver.name, createdAt: Date.now(), labels: request.labels ?? {}, options: request.options ?? {}, anonymous: request.name === undefined || request.name === '' };
      await this.#driver.create(volume);
      this.#store.put(volume);
      this.#byName.set(name, volume);
      this.#announce('create', name);
      return { volume, created: true };
    });
  }

  /** @throws NotFoundError; ConflictError naming the containers that use it */
  delete(name: string): Promise<void> {
    return this.#lock.run(name, async () => {
      const volume = this.get(name);
      const users = this.#usersOf(name);
      if (users.length > 0) throw new ConflictError(`remove ${name}: volume is in use - [${users.join(', ')}]`);
      if (this.#holders.has(name)) throw new ConflictError(`remove ${name}: volume is in use: its data is being copied`);
      await this.#driver.delete(volume);
      this.#store.delete(name);
      this.#byName.delete(name);
      this.#announce('destroy', name);
    });
  }

  /**
   * Makes a volume's data appear at its path for as long as somebody holds it. Idempotent for one holder.
   * @throws NotFoundError; InternalError when it cannot be mounted
   */
  attach(name: string, holder: string): Promise<void> {
    return this.#lock.run(name, async () => {
      const volume = this.get(name);
      const holders = this.#holders.get(name) ?? new Set();
      if (holders.size === 0) await this.#driver.attach(volume);
      this.#holders.set(name, holders.add(holder));
    });
  }

  /** Idempotent. */
  detach(name: string, holder: string): Promise<void> {
    return this.#lock.run(name, async () => {
      const holders = this.#holders.get(name);
      holders?.delete(holder);
      if (holders !== undefined && holders.size > 0) return;
      this.#holders.delete(name);
      const volume = this.#byName.get(name);
      if (volume) await this.#driver.detach(volume);
    });
  }

  /** Takes over from an engine that is gone what the holder has had attached. */
  adopt(name: string, holder: string): void {
    if (this.#byName.has(name)) this.#holders.set(name, (this.#holders.get(name) ?? new Set()).add(holder));
  }

  /** Detaches whatever nobody holds: an engine that is gone has left it. */
  async detachUnheld(): Promise<void> {
    for (const volume of this.#byName.values()) {
      await this.#lock.run(volume.name, async () => { if (!this.#holders.has(volume.name)) await this.#driver.detach(volume); });
    }
  }

  /** Tells that a container begins or ceases to use a volume. */
  announceMount(action: 'mount' | 'unmount', name: string, attributes: Readonly<Record<string, string>>): void {
    this.#events.publish({ type: 'volume', action, id: name, attributes: { driver: 'local', ...attributes } });
  }

  #announce(action: string, name: string): void {
    this.#events.publish({ type: 'volume', action, id: name, attributes: { driver: this.#driver.name } });
  }
}
