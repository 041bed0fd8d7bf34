/** The first version of each product that has something; absent: no version has it. */
export interface Since {
  readonly gitea?: string;
  readonly forgejo?: string;
}

const everyForgejo = '7.0.0';

/** Which server has what the tests ask for (docs/gitea.md §7). Each line was seen on both sides of it, or in the source. */
export const since = {
  /** Wrong credentials are refused; before, they get an anonymous token. */
  refusal: { gitea: '1.18.0', forgejo: everyForgejo },
  /** GET and DELETE of an upload session. */
  uploadState: { gitea: '1.18.0', forgejo: everyForgejo },
  /** A mount that is answered with 201 has stored something. */
  mount: { gitea: '1.18.1', forgejo: everyForgejo },
  mountOfVisible: { gitea: '1.20.0', forgejo: everyForgejo },
  /** The registry too refuses the password alone of a user with a second factor. */
  secondFactorAtRegistry: { gitea: '1.20.0', forgejo: everyForgejo },
  /** A path may have repeated slashes; a manifest may be named by a digest other than sha256. */
  laxPaths: { gitea: '1.19.0', forgejo: everyForgejo },
  /** The REST API shows public packages only to those who have signed in. */
  packagesNeedSignIn: { gitea: '1.19.0', forgejo: everyForgejo },
  /** Forgejo shows them to everybody since 11. */
  packagesOpen: { forgejo: '11.0.0' },
  /** A token is made with a password alone: not with another token. */
  tokensByPassword: { forgejo: '11.0.0' },
  /** The member `html_url` of a package. */
  htmlUrl: { gitea: '1.20.0', forgejo: everyForgejo },
  /** Scopes of personal tokens as they are called today; 1.19 has other names, before there are none. */
  tokenScopes: { gitea: '1.20.0', forgejo: everyForgejo },
  /** A token with the scopes that we ask for lists the organizations of its user; in 1.19 that takes the scope `repo`. */
  organizationsByScope: { gitea: '1.20.0', forgejo: everyForgejo },
  /** The registry too refuses a token without the scope. */
  registryScopes: { gitea: '1.22.2', forgejo: everyForgejo },
  /** The scope public-only counts there. */
  publicOnly: { gitea: '1.22.2', forgejo: '9.0.0' },
  /** The answer to a new token says its scopes. */
  scopesOfNewToken: { gitea: '1.22.0', forgejo: '9.0.0' },
  /** A token for another user is refused; before, it is made for whoever asks. */
  ownTokensAlone: { gitea: '1.21.0', forgejo: everyForgejo },
  /** Of versions that were pushed within the same second, the last comes first. */
  lastOfSecondFirst: { gitea: '1.23.0', forgejo: '12.0.0' },
  /** A team has rights for each unit alone, unless it is one of administrators; before, for all units together as well. */
  rightsByUnit: { gitea: '1.24.0' },
  /** POST `/orgs/{org}/rename`. */
  renameApi: { gitea: '1.24.0', forgejo: '11.0.0' },
  /** The member `size` of a file; before, it is `Size`. */
  sizeOfFile: { gitea: '1.24.0' },
  /** GET and POST below `/packages/{owner}/container/{name}/-/`: link and unlink. */
  linkApi: { gitea: '1.24.0', forgejo: '11.0.0' },
  /** GET `/packages/{owner}/container/{name}` and `…/-/latest`. */
  packageApi: { gitea: '1.24.0' },
  /** The status of an upload is not off by one, and has no Range before the first byte. */
  exactRange: { gitea: '1.24.2' },
  /** A config blob that is no JSON. */
  anyConfig: { gitea: '1.25.0' },
  /** Realms and links have the host of the request (PUBLIC_URL_DETECTION=auto). */
  hostFromRequest: { gitea: '1.26.0' },
  /** With PUBLIC_URL_DETECTION=legacy, which older ones have alone: if a proxy names the scheme. */
  hostIfForwarded: { gitea: '1.22.0' },
  deletePackageApi: { gitea: '1.26.0' },
  /** A missing one-time code gets the same refusal as a wrong password (seen in 1.20 and 1.26; not tried in between). */
  sameRefusalWithoutCode: { gitea: '1.26.0' },
  oneTimePasswordsOnce: { gitea: '1.26.3' },
} as const satisfies Readonly<Record<string, Since>>;

export type Feature = keyof typeof since;
