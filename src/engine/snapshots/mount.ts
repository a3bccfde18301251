/** The value that the storage side and the runtime side exchange: one mount(2) call, not yet made. Source: mount(2). */
export interface Mount {
  /** `overlay`, `bind`, `tmpfs`, or any other file system's name. */
  type: string;
  source: string;
  /** Options as in fstab: flags (`ro`, `nosuid`, `rbind`) and file-system data (`lowerdir=…`), unparsed. */
  options: readonly string[];
  /**
   * The directory that relative paths among the options start from; absent where all are absolute. The kernel reads at most 4,095 bytes of
   * options, and a hundred layers with absolute paths are longer than that.
   */
  directory?: string;
}
