/** The address of a registry. Two spellings of one address give equal values. */
export interface RegistryAddress {
  /** `https://gitea.example.com` or `http://127.0.0.1:3000`: scheme, lower-case host, port only if not the default. The key of everything we store. */
  readonly origin: string;
  /** `gitea.example.com`, `127.0.0.1:3000`: the registry part of image references. */
  readonly host: string;
  /** Where the web pages and `/api/v1` live: the origin plus the sub-path of the install, no slash at the end. `/v2` is always at the origin. */
  readonly webRoot: string;
}

/** Exceptions from the usual checks, made by the person, for one registry. */
export interface RegistryTrust {
  /** SHA-256 of the server's certificate (DER), 64 lower-case hex digits: accept exactly this one, whatever its issuer. */
  readonly pinnedFingerprint?: string | undefined;
  /** A PEM file with further CAs for this registry. */
  readonly caFile?: string | undefined;
  /** PEM files by which we show the registry who we are, both or none; instead of what `certs.d` folders have. */
  readonly clientCertFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
  /** Must be true for an `http:` origin to be used at all. */
  readonly allowHttp?: boolean | undefined;
}

/** A user and a secret that belong together. The secret is a token (better) or a password. */
export interface Credential {
  readonly username: string;
  readonly secret: string;
}

export interface ProxySettings {
  /** `http://proxy:3128`, may hold credentials; undefined: the environment decides (HTTPS_PROXY, HTTP_PROXY). */
  readonly url: string | undefined;
  /** Hosts that are reached directly, as in NO_PROXY; added to the environment's. */
  readonly bypass: readonly string[];
  /** The value of Proxy-Authorization, before the credentials in a URL. */
  readonly authorization?: string;
  /** Where `url` and `bypass` are configured, for messages. */
  readonly source?: string;
  readonly bypassSource?: string;
}

/** A server's certificate as a person needs to see it before trusting it. */
export interface CertificateDetails {
  readonly subject: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly names: readonly string[];
  /** 64 lower-case hex digits. */
  readonly fingerprint256: string;
  /** Why the usual check refuses it; undefined if it would pass. */
  readonly problem: string | undefined;
  /** What vouches for it: `the file /etc/docker/certs.d/h/ca.crt`; absent if nothing does. */
  readonly trustedBy?: string;
}

/** What a checked sign-in found out. */
export interface SignInResult {
  readonly kind: 'gitea' | 'forgejo' | 'generic';
  /** The server's version, such as `1.26.4`; undefined if it is not public. */
  readonly version: string | undefined;
  /** What the token may do, in the server's spelling (`all`, `write:package`); undefined if unknown. */
  readonly scope: string | undefined;
  /** Scopes that the REST API has asked for in vain at the sign-in, such as read:user. */
  readonly lacks: readonly string[];
  /** The user's name on the server; the one typed in if the server does not give it. */
  readonly username: string;
  /** Where the web pages and `/api/v1` were found: `RegistryAddress.webRoot`, corrected if that was an owner's page. */
  readonly webRoot: string;
  /** The registry needs no sign-in (200 without a challenge): the credential, if any, was not checked. */
  readonly open: boolean;
}
