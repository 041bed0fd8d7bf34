/** The users and organizations at the start. Names keep their case; look-ups ignore it. */
export interface Seed {
  readonly users: readonly SeedUser[];
  readonly organizations: readonly SeedOrganization[];
}

export type Visibility = 'public' | 'limited' | 'private';
export type Permission = 'none' | 'read' | 'write' | 'admin' | 'owner';

export interface SeedUser {
  readonly name: string;
  readonly password: string;
  readonly admin?: boolean;
  readonly visibility?: Visibility;
  /** Disabled by an admin: may not sign in. */
  readonly prohibitLogin?: boolean;
  /** Sees only public owners and those of its own teams. */
  readonly restricted?: boolean;
  /** Must choose a new password before the REST API does anything; the registry ignores this. */
  readonly mustChangePassword?: boolean;
  /** Base32 secret of a second factor; sign-in by password then needs X-Gitea-OTP. */
  readonly totpSecret?: string;
}

export interface SeedOrganization {
  readonly name: string;
  readonly visibility?: Visibility;
  readonly teams: readonly SeedTeam[];
}

export interface SeedTeam {
  readonly name: string;
  readonly permission: Permission;
  /** Right on the packages unit where it differs from `permission`. */
  readonly packages?: Permission;
  readonly members: readonly string[];
}

/** An admin, a developer, an organisation that the developer may push to and one that they may only read. */
export const defaultSeed: Seed = {
  users: [
    { name: 'giteaAdmin', password: 'adm:n@100% sure', admin: true },
    { name: 'dev', password: 'dev pässword: with everything' },
  ],
  organizations: [
    {
      name: 'team',
      teams: [
        { name: 'Owners', permission: 'owner', members: ['giteaAdmin'] },
        { name: 'developers', permission: 'write', members: ['dev'] },
      ],
    },
    {
      name: 'readers',
      teams: [
        { name: 'Owners', permission: 'owner', members: ['giteaAdmin'] },
        { name: 'readers', permission: 'read', members: ['dev'] },
      ],
    },
  ],
};
