/** One place where a registry's API may be found. */
export interface Endpoint {
  /** Ends with `/`; `v2/` follows. */
  base: URL;
  kind: 'mirror' | 'origin';
  /** Reached by TLS with a certificate that was verified. */
  secure: boolean;
}

/** What people call Docker Hub, and where it really is. */
export const DOCKER_HUB = 'docker.io';
const HUB_REGISTRY = 'registry-1.docker.io';
/** Where searches go, and what `docker login` calls the hub. */
export const HUB_INDEX = 'index.docker.io';

/** Every way to write Docker Hub's own name means the same registry. */
export function isDockerHub(domain: string): boolean {
  return domain === DOCKER_HUB || domain === HUB_INDEX || domain === HUB_REGISTRY;
}

/** The authority to connect to for the domain in an image's name. */
export function registryHost(domain: string): string {
  return isDockerHub(domain) ? HUB_REGISTRY : domain;
}

/**
 * The host in what people give to `docker login`: a bare host, a URL, or the hub's index URL.
 * @returns the domain as it stands in image names
 */
export function domainOfServer(serverAddress: string): string {
  const host = serverAddress.replace(/^https?:\/\//i, '').split('/')[0]?.toLowerCase() ?? '';
  return host === '' || isDockerHub(host) ? DOCKER_HUB : host;
}
