/** What the units need to know of this machine. */
export interface ServiceFacts {
  /** Absolute path of `bin/stratad`. */
  stratad: string;
  /** Whose members may use the engine beside root. */
  group: string;
}

/**
 * The two systemd units by their file names: the socket, which costs nothing and starts the engine with the first client, and the engine.
 * Pure. Source: systemd.service(5), systemd.socket(5), systemd.exec(5).
 */
export function serviceUnits({ stratad, group }: ServiceFacts): ReadonlyMap<string, string> {
  return new Map([
    ['strata.socket', `[Unit]
Description=Socket of the Strata container engine

[Socket]
ListenStream=/run/strata/engine.sock
SocketMode=0660
SocketUser=root
SocketGroup=${group}

[Install]
WantedBy=sockets.target
`],
    ['strata.service', `[Unit]
Description=Strata container engine
After=network-online.target nss-lookup.target strata.socket
Wants=network-online.target
Requires=strata.socket

[Service]
Type=notify
ExecStart=${quoted(stratad)} --host fd://
ExecReload=/bin/kill -s HUP $MAINPID
Restart=always
RestartSec=2
TimeoutStartSec=infinity
# Containers outlive an engine that is killed, and are found again.
KillMode=process
Delegate=yes
OOMScoreAdjust=-500
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`],
  ]);
}

/** A path as ExecStart takes it: quoted where it must be, `%` and `$` meaning themselves. */
function quoted(path: string): string {
  const plain = path.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w./+,:@%$-]+$/.test(plain) ? plain : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
