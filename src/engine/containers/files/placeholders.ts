/** What starts of containers make in their root file systems to have something mounted on: no change of the container's, unless it was used. */
export const PLACEHOLDERS: readonly string[] = [
  'dev', 'dev/console', 'dev/mqueue', 'dev/pts', 'dev/shm', 'etc', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf', 'proc', 'sys',
];
