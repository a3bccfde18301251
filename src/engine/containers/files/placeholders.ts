/** What starts of containers make in their root file systems to have something mounted on: no change of the container's, unless it was used. */
export const PLACEHOLDERS: readonly string[] = [
  '.dockerenv', 'dev', 'dev/console', 'dev/mqueue', 'dev/pts', 'dev/shm', 'etc', 'etc/hostname', 'etc/hosts', 'etc/mtab', 'etc/resolv.conf', 'proc', 'sys',
];
