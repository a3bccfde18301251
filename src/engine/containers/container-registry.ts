import { ConflictError, InvalidArgumentError, NotFoundError } from '../../api/errors.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import { Container } from './container.ts';
import { type ContainerPaths } from './container-paths.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ContainerStore } from './container-store.ts';
import { transition, type ContainerTransition } from './state.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Which containers there are. The only writer of their records; memory and database never differ. */
export class ContainerRegistry {
  readonly lock = new KeyedLock();
  readonly #store: ContainerStore;
  readonly #pathsOf: (id: string) => ContainerPaths;
  readonly #byId = new Map<string, Container>();
  readonly #idByName = new Map<string, string>();
  /** Names of containers that are being created. */
  readonly #reserved = new Map<string, string>();

  constructor(store: ContainerStore, pathsOf: (id: string) => ContainerPaths) {
    this.#store = store;
    this.#pathsOf = pathsOf;
    for (const record of store.list()) this.#remember(record);
  }

  /** Oldest first. */
  list(): readonly Container[] {
    return [...this.#byId.values()];
  }

  /**
   * By id, name or unambiguous beginning of an id.
   * @throws NotFoundError, ConflictError when several ids begin so
   */
  get(idOrName: string): Container {
    const plain = idOrName.startsWith('/') ? idOrName.slice(1) : idOrName;
    const exact = this.#byId.get(plain) ?? this.#byId.get(this.#idByName.get(plain) ?? '');
    if (exact) return exact;
    const matches = /^[0-9a-f]+$/.test(plain) ? this.list().filter((container) => container.id.startsWith(plain)) : [];
    if (matches.length > 1) throw new ConflictError(`multiple IDs found with provided prefix: ${plain}`);
    if (!matches[0]) throw new NotFoundError(`No such container: ${idOrName}`);
    return matches[0];
  }

  find(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  /**
   * Holds a name for a container that is being made, until `add` or `release`.
   * @throws InvalidArgumentError, ConflictError in dockerd's words
   */
  reserveName(name: string, id: string): void {
    if (!NAME.test(name)) throw new InvalidArgumentError(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    const holder = this.#idByName.get(name) ?? this.#reserved.get(name);
    if (holder !== undefined) {
      throw new ConflictError(`Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`);
    }
    this.#reserved.set(name, id);
  }

  /** Whether a container with this id, or one that begins so, exists or is being made. */
  isKnown(idOrBeginning: string): boolean {
    return [...this.#byId.keys(), ...this.#reserved.values()].some((id) => id.startsWith(idOrBeginning));
  }

  isNameFree(name: string): boolean {
    return !this.#idByName.has(name) && !this.#reserved.has(name);
  }

  releaseName(name: string): void {
    this.#reserved.delete(name);
  }

  pathsOf(id: string): ContainerPaths {
    return this.#pathsOf(id);
  }

  /** Saves a new container under its reserved name. */
  add(record: ContainerRecord): Container {
    this.#store.put(record);
    this.#reserved.delete(record.name);
    return this.#remember(record);
  }

  /** Changes and saves a record. Of a container that has been removed meanwhile nothing is saved: its name may be somebody else's. */
  update(container: Container, change: Partial<ContainerRecord>): void {
    const record = { ...container.record, ...change };
    if (this.#byId.get(container.id) !== container) {
      container.record = record;
      return;
    }
    this.#store.put(record);
    if (record.name !== container.record.name) {
      this.#idByName.delete(container.record.name);
      this.#idByName.set(record.name, record.id);
      this.#reserved.delete(record.name);
    }
    container.record = record;
  }

  /** Moves a container on, with further changes of its record in the same write. */
  move(container: Container, change: ContainerTransition, also: Partial<ContainerRecord> = {}): void {
    this.update(container, { ...also, state: transition(container.record.state, change) });
  }

  /** Forgets a container. */
  delete(container: Container): void {
    this.#store.delete(container.id);
    this.#byId.delete(container.id);
    this.#idByName.delete(container.record.name);
  }

  #remember(record: ContainerRecord): Container {
    const container = new Container(record, this.#pathsOf(record.id));
    this.#byId.set(record.id, container);
    this.#idByName.set(record.name, record.id);
    return container;
  }
}
