import type { FakeGiteaOptions } from './options.ts';

/** The differences between versions that a push client can see. */
export interface Quirks {
  readonly version: string;
  readonly forgejo: boolean;
  /** Wrong credentials: a challenge (Gitea ≥ 1.26, Forgejo ≥ 14.0.3), a text without one, or silently nobody (1.17, #20563). */
  readonly authFailure: 'challenge' | 'ghost' | { readonly text: string };
  /** 1.26.0 offers Basic to everybody; later ones where sign-in is required or the owner is not public. */
  readonly basicChallenge: 'never' | 'always' | 'whenHidden' | 'sameHeader';
  /** Before 1.26 Basic worked below /v2/ but not on /v2/ itself. */
  readonly basicOnPing: boolean;
  /** #28039, #31002: the source of the realm. Up to 1.22.0 and in Forgejo it includes the sub-path. */
  readonly realm: 'requestHost' | 'requestHostIfForwarded' | 'rootUrl';
  readonly subPathInRealm: boolean;
  /** Token scopes count on the registry since 1.22.2 (#31967). */
  readonly scopesEnforced: boolean;
  /** Gitea refuses a token without a package scope at /v2/token; Forgejo at the request that needs it. */
  readonly scopesCheckedAtToken: boolean;
  readonly postTokenIs404: boolean;
  readonly requireSignInCoversToken: boolean;
  /** `Range: 0-0` on a new upload, off by one in the status, `0--1` for nothing. */
  readonly legacyRange: boolean;
  /** 1.24.1: a PATCH answer has Range only if the request had Content-Range (#34792). */
  readonly rangeOnlyIfAsked: boolean;
  readonly uploadStatus: boolean;
  /** Up to 1.18.0 a mount without `from` is answered with 201 and stores nothing; with `from` it is an ordinary upload. */
  readonly mountIsFalse: boolean;
  readonly mountChecksVisibility: boolean;
  /** 1.25.0–1.25.2: a manifest that names a missing layer is a panic (#36021). */
  readonly missingLayerIs500: boolean;
  readonly config: 'anything' | 'jsonOrEmpty' | 'json';
  readonly blobRanges: boolean;
  readonly linkApi: boolean;
  readonly packageApi: boolean;
  readonly deletePackageApi: boolean;
  readonly scopesInRefusal: boolean;
  /** Before 1.19 tokens have no scopes; 1.19 has other names for them than 1.20. */
  readonly scopeNames: 'none' | '1.19' | 'today';
  /** Since 1.22 a new token is answered with its scopes, and must have one. */
  readonly scopesOfNewToken: boolean;
  /** Up to 1.20 a token for another user is made for whoever asks. */
  readonly ownTokensAlone: boolean;
  /** Up to 1.20 a list of no teams is `null`. */
  readonly noTeamsAreNull: boolean;
  /** Since 1.24 a team that is no administrators' has rights for each unit alone. */
  readonly rightsByUnit: boolean;
  readonly renameApi: boolean;
  /** Up to 1.18 a path with repeated slashes, and a manifest by another digest than sha256, are refused. */
  readonly laxPaths: boolean;
  /** Forgejo ≥ 14.0.3 closes the connection after it has refused credentials, and does not announce that. */
  readonly closesAfterRefusal: boolean;
  /** Up to 1.18, and in Forgejo ≥ 11, the REST API shows public packages to everybody. */
  readonly packagesNeedSignIn: boolean;
  /** Forgejo ≥ 11 makes no token for another token. */
  readonly tokensByPassword: boolean;
  /** Up to 1.19 the registry takes the password alone of a user with a second factor. */
  readonly secondFactorAtRegistry: boolean;
  /** Forgejo's registry looks at the scope public-only since 9. */
  readonly publicOnly: boolean;
  /** The member `html_url` of a package. */
  readonly htmlUrl: boolean;
  /** Before 1.24 the size of a package's file is `Size`. */
  readonly sizeOfFile: 'size' | 'Size';
  /** The REST API says that a one-time code is missing; 1.26 says the same as for a wrong password. */
  readonly saysMissingCode: boolean;
  /** 1.26.3 accepts a one-time password once. */
  readonly oneTimePasswordsOnce: boolean;
}

export function quirksOf(options: FakeGiteaOptions): Quirks {
  const forgejo = options.flavour === 'forgejo';
  const version = options.version ?? (forgejo ? '16.0.0+gitea-1.22.0' : '1.26.4');
  const from = (least: string): boolean => compareVersions(version, least) >= 0;
  return forgejo ? forgejoQuirks(version, from) : giteaQuirks(version, from);
}

function giteaQuirks(version: string, from: (least: string) => boolean): Quirks {
  return {
    version,
    forgejo: false,
    authFailure: giteaAuthFailure(from),
    basicChallenge: from('1.26.1') ? 'whenHidden' : from('1.26.0') ? 'always' : 'never',
    basicOnPing: from('1.26.0'),
    realm: giteaRealm(from),
    subPathInRealm: !from('1.22.1'),
    scopesEnforced: from('1.22.2'),
    scopesCheckedAtToken: from('1.22.2'),
    postTokenIs404: from('1.21.3'),
    requireSignInCoversToken: from('1.21.5'),
    legacyRange: !from('1.24.1'),
    rangeOnlyIfAsked: from('1.24.1') && !from('1.24.2'),
    uploadStatus: from('1.18.0'),
    mountIsFalse: !from('1.18.1'),
    mountChecksVisibility: from('1.20.0'),
    missingLayerIs500: from('1.25.0') && !from('1.25.3'),
    config: from('1.25.0') ? 'anything' : from('1.24.0') ? 'jsonOrEmpty' : 'json',
    blobRanges: false,
    linkApi: from('1.24.0'),
    packageApi: from('1.24.0'),
    deletePackageApi: from('1.26.0'),
    scopesInRefusal: from('1.23.0'),
    scopeNames: from('1.20.0') ? 'today' : from('1.19.0') ? '1.19' : 'none',
    scopesOfNewToken: from('1.22.0'),
    ownTokensAlone: from('1.21.0'),
    noTeamsAreNull: !from('1.21.0'),
    rightsByUnit: from('1.24.0'),
    renameApi: from('1.24.0'),
    laxPaths: from('1.19.0'),
    closesAfterRefusal: false,
    packagesNeedSignIn: from('1.19.0'),
    tokensByPassword: false,
    secondFactorAtRegistry: from('1.20.0'),
    publicOnly: from('1.22.2'),
    htmlUrl: from('1.20.0'),
    sizeOfFile: from('1.24.0') ? 'size' : 'Size',
    saysMissingCode: !from('1.26.0'),
    oneTimePasswordsOnce: from('1.26.3'),
  };
}

function forgejoQuirks(version: string, from: (least: string) => boolean): Quirks {
  return {
    version,
    forgejo: true,
    authFailure: from('14.0.3') ? 'challenge' : { text: 'authGroup.Verify' },
    basicChallenge: from('14.0.3') && !from('14.0.4') ? 'sameHeader' : 'never',
    basicOnPing: from('14.0.3'),
    realm: 'rootUrl',
    subPathInRealm: true,
    scopesEnforced: true,
    scopesCheckedAtToken: false,
    postTokenIs404: true,
    requireSignInCoversToken: true,
    legacyRange: true,
    rangeOnlyIfAsked: false,
    uploadStatus: true,
    mountIsFalse: false,
    mountChecksVisibility: true,
    missingLayerIs500: false,
    config: from('12.0.0') ? 'jsonOrEmpty' : 'json',
    blobRanges: true,
    linkApi: from('11.0.0'),
    packageApi: false,
    deletePackageApi: false,
    scopesInRefusal: false,
    scopeNames: 'today',
    scopesOfNewToken: from('9.0.0'),
    ownTokensAlone: true,
    noTeamsAreNull: false,
    rightsByUnit: false,
    renameApi: from('11.0.0'),
    laxPaths: true,
    closesAfterRefusal: from('14.0.3'),
    packagesNeedSignIn: !from('11.0.0'),
    tokensByPassword: from('11.0.0'),
    secondFactorAtRegistry: true,
    publicOnly: from('9.0.0'),
    htmlUrl: true,
    sizeOfFile: 'Size',
    saysMissingCode: true,
    oneTimePasswordsOnce: false,
  };
}

function giteaAuthFailure(from: (least: string) => boolean): Quirks['authFailure'] {
  if (from('1.26.0')) return 'challenge';
  if (from('1.24.0')) return { text: 'Failed to authenticate user' };
  if (from('1.19.0')) return { text: 'authGroup.Verify' };
  return from('1.18.0') ? { text: 'Verify' } : 'ghost';
}

function giteaRealm(from: (least: string) => boolean): Quirks['realm'] {
  if (from('1.26.0')) return 'requestHost';
  return from('1.22.0') ? 'requestHostIfForwarded' : 'rootUrl';
}

/** Compares the first three numbers: `1.26.0` < `1.26.4`, `1.27.0+dev-1` = `1.27.0`. */
export function compareVersions(left: string, right: string): number {
  const numbers = (text: string): number[] => (text.split(/[+-]/)[0] ?? '').split('.').map(Number);
  const [a, b] = [numbers(left), numbers(right)];
  for (let part = 0; part < 3; part++) {
    const difference = (a[part] ?? 0) - (b[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
