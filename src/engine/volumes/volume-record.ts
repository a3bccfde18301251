/** A volume as the store keeps it. */
export interface VolumeRecord {
  name: string;
  driver: 'local';
  /** Milliseconds since the epoch. */
  createdAt: number;
  labels: Readonly<Record<string, string>>;
  options: Readonly<Record<string, string>>;
  /** Made for one container without a name of its own. */
  anonymous: boolean;
}
