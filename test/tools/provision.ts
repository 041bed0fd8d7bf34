import { existsSync } from 'node:fs';

import { canInstallDebianPackages, installDebianPackages } from './debian.ts';
import { findBrowser } from './findBrowser.ts';
import { findCommand } from './findCommand.ts';
import { step } from './step.ts';
import { installVscodeServer, isVscodeServerInstalled } from './vscodeServer.ts';

/** A program that tests or `npm start` need on the machine. */
export type Need =
  | 'engine'
  | 'podman'
  | 'rootless'
  | 'debootstrap'
  | 'skopeo'
  | 'registry'
  | 'nginx'
  | 'ssh'
  | 'openssl'
  | 'netns'
  | 'browser'
  | 'vscodeServer';

interface Recipe {
  readonly packages: readonly string[];
  readonly why: string;
  readonly byHand: string;
  isMissing(): boolean;
}

const lacks = (...commands: string[]): boolean => commands.some((command) => findCommand(command) === undefined);

const recipes: Record<Need, Recipe> = {
  engine: {
    packages: ['docker.io'],
    why: 'a real container engine, run privately beside whatever the machine has',
    byHand: 'Docker Engine (dockerd and docker)',
    isMissing: () => lacks('dockerd', 'docker'),
  },
  podman: {
    packages: ['podman'],
    why: 'the other container engine, run privately as well',
    byHand: 'podman',
    isMissing: () => lacks('podman'),
  },
  rootless: {
    packages: ['uidmap', 'rootlesskit', 'slirp4netns'],
    why: 'engines that a plain user runs',
    byHand: 'newuidmap, rootlesskit and slirp4netns',
    isMissing: () => lacks('newuidmap', 'rootlesskit', 'slirp4netns'),
  },
  debootstrap: {
    packages: ['debootstrap'],
    why: 'to fetch a newer container engine into a folder of its own',
    byHand: 'debootstrap',
    isMissing: () => lacks('debootstrap'),
  },
  skopeo: {
    packages: ['skopeo'],
    why: 'to copy pushed images back with a tool that is not ours',
    byHand: 'skopeo',
    isMissing: () => lacks('skopeo'),
  },
  registry: {
    packages: ['docker-registry'],
    why: 'a second real registry to push to',
    byHand: 'the CNCF distribution registry, as the program docker-registry',
    isMissing: () => lacks('docker-registry'),
  },
  nginx: {
    packages: ['nginx-light'],
    why: 'a real reverse proxy with body limits in front of a registry',
    byHand: 'nginx',
    isMissing: () => lacks('nginx'),
  },
  ssh: {
    packages: ['openssh-server', 'openssh-client'],
    why: 'an engine that is reached by ssh; its server is run by the test alone',
    byHand: 'OpenSSH (sshd, ssh and ssh-keygen)',
    isMissing: () => lacks('sshd', 'ssh', 'ssh-keygen'),
  },
  openssl: {
    packages: ['openssl'],
    why: 'certificates of a private authority, for engines that are reached by TLS',
    byHand: 'openssl',
    isMissing: () => lacks('openssl'),
  },
  netns: {
    packages: ['iproute2'],
    why: 'hosts with addresses of their own, in network namespaces',
    byHand: 'iproute2 (ip)',
    isMissing: () => lacks('ip'),
  },
  browser: {
    packages: ['chromium', 'fonts-dejavu-core'],
    why: 'a browser to show VS Code in',
    byHand: 'Chrome, Chromium or Edge',
    isMissing: () => findBrowser() === undefined,
  },
  vscodeServer: {
    packages: ['libkrb5-dev', 'pkg-config', 'g++', 'make', 'python3'],
    why: 'to build the native modules of the VS Code server',
    byHand: 'a C++ compiler, make, python3, pkg-config and the headers of Kerberos (gssapi)',
    isMissing: () =>
      !isVscodeServerInstalled() &&
      (lacks('pkg-config', 'g++', 'make', 'python3') || !existsSync('/usr/include/gssapi/gssapi.h')),
  },
};

/**
 * Installs what is missing of `needs` and says what and why; does nothing, at once, when all is there. Rejects with what
 * to install by hand where it cannot.
 */
export async function provision(needs: readonly Need[]): Promise<void> {
  const missing = [...new Set(needs)].map((need) => recipes[need]).filter((recipe) => recipe.isMissing());
  if (missing.length > 0) await installMissing(missing);
  if (needs.includes('vscodeServer') && !isVscodeServerInstalled()) {
    await step(
      'Installing the VS Code server (some 800 MB, kept in .cache; one to three minutes)',
      installVscodeServer,
    );
  }
}

async function installMissing(missing: readonly Recipe[]): Promise<void> {
  if (!canInstallDebianPackages()) {
    const list = missing.map((recipe) => `  - ${recipe.byHand}: ${recipe.why}`).join('\n');
    throw new Error(
      'This machine lacks what follows, and only on Debian as root can it be installed from here. ' +
        `Please install it and try again:\n${list}`,
    );
  }
  for (const recipe of missing) console.log(`  ${recipe.packages.join(' ')}: ${recipe.why}`);
  const packages = missing.flatMap((recipe) => recipe.packages);
  await step(`Installing from Debian: ${packages.join(' ')}`, (progress) => installDebianPackages(packages, progress));
  const still = missing.filter((recipe) => recipe.isMissing());
  if (still.length > 0) {
    throw new Error(`Installed, but still not found: ${still.map((recipe) => recipe.byHand).join('; ')}.`);
  }
}
