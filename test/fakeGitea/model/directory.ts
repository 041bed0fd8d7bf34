import { randomBytes } from 'node:crypto';
import type { Permission, Seed, SeedOrganization, SeedUser, Visibility } from './seed.ts';
import { normalizeScopes } from './scopes.ts';

export interface User {
  readonly kind: 'user';
  readonly id: number;
  name: string;
  readonly createdAt: number;
  password: string;
  admin: boolean;
  visibility: Visibility;
  prohibitLogin: boolean;
  restricted: boolean;
  mustChangePassword: boolean;
  totpSecret: string | undefined;
}

export interface Organization {
  readonly kind: 'organization';
  readonly id: number;
  name: string;
  readonly createdAt: number;
  visibility: Visibility;
  readonly teams: Team[];
}

/** An owner of packages. Users and organisations share one set of names and ids, as in Gitea. */
export type Owner = User | Organization;

export interface Team {
  readonly id: number;
  readonly name: string;
  readonly permission: Permission;
  readonly packages: Permission;
  /** User ids. */
  readonly members: Set<number>;
}

export interface PersonalToken {
  readonly id: number;
  readonly userId: number;
  readonly name: string;
  /** 40 hex digits: the secret itself. */
  readonly value: string;
  readonly scope: string;
  readonly createdAt: number;
}

/** Users, organisations with their teams, access tokens and repositories (of which only the name matters). */
export class Directory {
  readonly #owners = new Map<string, Owner>();
  /** Former names → the owner's id. */
  readonly #formerNames = new Map<string, number>();
  readonly #tokens = new Map<string, PersonalToken>();
  readonly #repositories = new Map<
    string,
    { readonly id: number; readonly name: string; readonly isPrivate: boolean }
  >();
  readonly #clock: () => number;
  #lastId = 0;
  #lastTeam = 0;
  #lastToken = 0;
  #lastRepository = 0;

  constructor(seed: Seed, clock: () => number) {
    this.#clock = clock;
    for (const user of seed.users) this.addUser(user);
    for (const organization of seed.organizations) this.addOrganization(organization);
  }

  addUser(seed: SeedUser): User {
    const user: User = {
      kind: 'user',
      id: ++this.#lastId,
      name: seed.name,
      createdAt: this.#clock(),
      password: seed.password,
      admin: seed.admin ?? false,
      visibility: seed.visibility ?? 'public',
      prohibitLogin: seed.prohibitLogin ?? false,
      restricted: seed.restricted ?? false,
      mustChangePassword: seed.mustChangePassword ?? false,
      totpSecret: seed.totpSecret,
    };
    this.#owners.set(user.name.toLowerCase(), user);
    return user;
  }

  addOrganization(seed: SeedOrganization): Organization {
    const organization: Organization = {
      kind: 'organization',
      id: ++this.#lastId,
      name: seed.name,
      createdAt: this.#clock(),
      visibility: seed.visibility ?? 'public',
      teams: [],
    };
    this.#owners.set(organization.name.toLowerCase(), organization);
    for (const { name, permission, packages, members } of seed.teams) {
      const team = this.addTeam(organization, name, permission, packages ?? permission);
      for (const member of members) team.members.add(this.user(member).id);
    }
    return organization;
  }

  addTeam(organization: Organization, name: string, permission: Permission, packages: Permission): Team {
    const team = { id: ++this.#lastTeam, name, permission, packages, members: new Set<number>() };
    organization.teams.push(team);
    return team;
  }

  owner(name: string): Owner | undefined {
    return this.#owners.get(name.toLowerCase());
  }

  /** A user may sign in with an e-mail address: that of `dev` is `dev@example.org`. */
  userByEmail(address: string): User | undefined {
    const [, name = ''] = /^(.+)@example\.org$/i.exec(address) ?? [];
    const owner = this.owner(name);
    return owner?.kind === 'user' ? owner : undefined;
  }

  /** From then on the former name redirects to the owner, until another owner has that name. */
  rename(owner: Owner, name: string): void {
    this.#owners.delete(owner.name.toLowerCase());
    this.#formerNames.set(owner.name.toLowerCase(), owner.id);
    owner.name = name;
    this.#owners.set(name.toLowerCase(), owner);
  }

  /** The owner that once had this name; undefined if an owner has it now, or none ever had it. */
  formerOwner(name: string): Owner | undefined {
    const id = this.owner(name) === undefined ? this.#formerNames.get(name.toLowerCase()) : undefined;
    return id === undefined ? undefined : this.ownerById(id);
  }

  ownerById(id: number): Owner | undefined {
    return [...this.#owners.values()].find((owner) => owner.id === id);
  }

  removeOwner(owner: Owner): void {
    this.#owners.delete(owner.name.toLowerCase());
    for (const token of this.tokensOf(owner.id)) this.#tokens.delete(token.value);
  }

  /** A user that must exist. */
  user(name: string): User {
    const owner = this.owner(name);
    if (owner?.kind !== 'user') throw new Error(`the fake Gitea has no user ${name}`);
    return owner;
  }

  userById(id: number): User | undefined {
    const owner = this.ownerById(id);
    return owner?.kind === 'user' ? owner : undefined;
  }

  organizations(): Organization[] {
    return [...this.#owners.values()].filter((owner) => owner.kind === 'organization');
  }

  teamsOf(user: User): { organization: Organization; team: Team }[] {
    return this.organizations().flatMap((organization) =>
      organization.teams.filter(({ members }) => members.has(user.id)).map((team) => ({ organization, team })),
    );
  }

  /** `value`: a token that a test has given out before. */
  addToken(user: User, name: string, scopes: readonly string[], value?: string): PersonalToken {
    const token = {
      id: ++this.#lastToken,
      userId: user.id,
      name,
      value: value ?? randomBytes(20).toString('hex'),
      scope: normalizeScopes(scopes),
      createdAt: this.#clock(),
    };
    this.#tokens.set(token.value, token);
    return token;
  }

  token(value: string): PersonalToken | undefined {
    return this.#tokens.get(value);
  }

  tokensOf(userId: number): PersonalToken[] {
    return [...this.#tokens.values()].filter((token) => token.userId === userId);
  }

  removeToken(token: PersonalToken): void {
    this.#tokens.delete(token.value);
  }

  addRepository(owner: Owner, name: string, isPrivate = false): number {
    const id = ++this.#lastRepository;
    this.#repositories.set(`${owner.name}/${name}`.toLowerCase(), { id, name, isPrivate });
    return id;
  }

  repositoryId(owner: Owner, name: string): number | undefined {
    return this.#repositories.get(`${owner.name}/${name}`.toLowerCase())?.id;
  }

  /** As it is written there; look-ups ignore the case. */
  repositoryNamed(owner: Owner, name: string): string | undefined {
    return this.#repositories.get(`${owner.name}/${name}`.toLowerCase())?.name;
  }

  /** A private one is shown to its owner, to site admins and to the members of the organization's teams. */
  maySeeRepository(owner: Owner, name: string, user: User | undefined): boolean {
    if (this.#repositories.get(`${owner.name}/${name}`.toLowerCase())?.isPrivate !== true) return true;
    if (user === undefined) return false;
    return user === owner || user.admin || this.teamsOf(user).some(({ organization }) => organization === owner);
  }

  /** Their names, sorted. */
  repositoriesOf(owner: Owner): string[] {
    const prefix = `${owner.name}/`.toLowerCase();
    return [...this.#repositories]
      .filter(([key]) => key.startsWith(prefix))
      .map(([, { name }]) => name)
      .sort();
  }

  removeRepository(owner: Owner, name: string): boolean {
    return this.#repositories.delete(`${owner.name}/${name}`.toLowerCase());
  }
}
