import type { CertificateKind } from './tls/certificate.ts';
import type { Seed } from './model/seed.ts';

/** In bytes and versions; absent: no limit. Site admins are exempt, as in Gitea. */
export interface Limits {
  /** LIMIT_SIZE_CONTAINER: the size of one blob. */
  readonly blobSize?: number;
  /** LIMIT_TOTAL_OWNER_SIZE: all files of all versions of an owner; shared layers count again. */
  readonly totalSize?: number;
  /** LIMIT_TOTAL_OWNER_COUNT: versions of an owner. */
  readonly totalCount?: number;
  /** Forgejo's own quota: if an owner has more, every request is refused. */
  readonly softQuota?: number;
}

/** How this Gitea is installed. Everything has a sensible default: Gitea 1.26.4 over plain http on a free port. */
export interface FakeGiteaOptions {
  readonly port?: number;
  /** Absent: plain http. */
  readonly tls?: CertificateKind;
  /** `1.26.4`; decides the differences listed in `quirks.ts`. */
  readonly version?: string;
  readonly flavour?: 'gitea' | 'forgejo';
  /** ROOT_URL as an admin wrote it, with sub-path; by default the fake Gitea's address. */
  readonly rootUrl?: string;
  /**
   * PUBLIC_URL_DETECTION (Gitea ≥ 1.26): the host of realms and links. `auto`: the host of the request;
   * `legacy`: that host if a proxy names the scheme, else ROOT_URL; `never`: ROOT_URL. Older versions have one mode each.
   */
  readonly publicUrlDetection?: 'auto' | 'legacy' | 'never';
  /** `[packages] ENABLED`; true by default. If false, there is nothing at /v2. */
  readonly packages?: boolean;
  /** `/gitea`: the web pages and the REST API live below it, `/v2` stays at the root. */
  readonly subPath?: string;
  /** A proxy decodes `%2F` in the paths of pages and REST API, as nginx does whose `proxy_pass` has a path. */
  readonly proxyDecodesSlash?: boolean;
  /** A proxy ends TLS and sends no X-Forwarded-Proto: Gitea assumes plain http. */
  readonly tlsEndsAtProxy?: boolean;
  /** Built with Go's new JSON (GOEXPERIMENT=jsonv2): JSON bodies end without a line feed. */
  readonly newJson?: boolean;
  /** REQUIRE_SIGNIN_VIEW. */
  readonly requireSignIn?: boolean;
  /** ENABLE_BASIC_AUTHENTICATION; true by default. Tokens work either way. */
  readonly passwordSignIn?: boolean;
  /** SERVE_DIRECT: reads of blobs and manifests are redirected to an object store at another origin. */
  readonly serveDirect?: boolean;
  /** Another origin for those redirects, one that cannot be reached. */
  readonly storageEndpoint?: string;
  readonly limits?: Limits;
  /** How long a registry token lives; Gitea's 24 hours by default. */
  readonly tokenLifetimeSeconds?: number;
  readonly seed?: Seed;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}
