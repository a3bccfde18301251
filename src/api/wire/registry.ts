/** Registry wire types, spelled as in the Docker Engine API. */

/** `AuthConfig`: the body of POST /auth, and as JSON in base64url the X-Registry-Auth header. */
export interface RegistryLogin {
  username?: string;
  password?: string;
  serveraddress?: string;
  /** Stands for user and password. */
  identitytoken?: string;
  /** A bearer token, used as it is. */
  registrytoken?: string;
}

export interface RegistryLoginReply {
  Status: string;
  IdentityToken?: string;
}

export interface ImageSearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated: boolean;
}
