import type { VolumeRecord } from './volume-record.ts';

/** Keeps the data of volumes of one kind. */
export interface VolumeDriver {
  readonly name: VolumeRecord['driver'];
  /** Where the volume's data lies, whether or not it has been made. */
  path(volume: Pick<VolumeRecord, 'name'>): string;
  /** Makes the place for its data. Idempotent. @throws InvalidArgumentError for options that the driver does not have */
  create(volume: VolumeRecord): Promise<void>;
  /** Makes the data appear at the path, where it does not lie there anyway. Whoever has attached a volume detaches it. */
  attach(volume: VolumeRecord): Promise<void>;
  /** Idempotent. Who has the data open keeps it. */
  detach(volume: VolumeRecord): Promise<void>;
  /** Removes the data. Idempotent. The caller has made sure that nobody uses it. */
  delete(volume: VolumeRecord): Promise<void>;
}
